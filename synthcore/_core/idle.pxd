"""Waiting and waking: a pause for spinning threads, an eventfd for event loops, idle states held off.

How a strategy thread sleeps and is woken is in waiter.pxd.
"""

from libc.stdint cimport uint64_t


cdef extern from *:
    """
    static inline void cpu_pause(void) {
    #if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
    #elif defined(__aarch64__)
        __asm__ volatile("yield" ::: "memory");
    #endif
    }
    """
    void cpu_pause() noexcept nogil                 # tell the core that this is a spin-wait


cdef void signal_event(int event_fd) noexcept nogil    # wake whoever polls the eventfd; never blocks
cdef bint clear_event(int event_fd) noexcept nogil     # True if it was signalled since the last time
