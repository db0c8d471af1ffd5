"""How one consumer sleeps until its producer has something; waiter.h says how, docs/ring.md why it is safe."""

from libc.stdint cimport uint32_t


cdef extern from "waiter.h" nogil:
    ctypedef struct Waiter:
        uint32_t word              # changes with every wake-up: the futex
        uint32_t sleeping          # 1 from just before the consumer's last look until it is woken

    # Consumer: ticket = announce; look once more; then stay or sleep. Sleeping may end for no reason.
    uint32_t waiter_announce(Waiter *waiter) noexcept
    void waiter_stay(Waiter *waiter) noexcept
    void waiter_sleep(Waiter *waiter, uint32_t ticket) noexcept

    # Producer, after publishing. True if the consumer slept, which takes a system call.
    bint waiter_wake(Waiter *waiter) noexcept
    void waiter_wake_always(Waiter *waiter) noexcept
