/* How one consumer sleeps until its producer has something: a futex word and a "sleeping" flag.
 *
 * A producer whose consumer is awake pays one full barrier and one load, no system call.
 * The consumer never sleeps by time. docs/ring.md has the argument why no wake-up is lost.
 */
#ifndef SYNTHCORE_WAITER_H
#define SYNTHCORE_WAITER_H

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "atomics.h"

typedef struct {
    uint32_t word;     /* changes with every wake-up: the futex */
    uint32_t sleeping; /* 1 from just before the consumer's last look until it is woken */
} Waiter;

/* Consumer, step 1: say that we are about to sleep. Look once more at what you wait for, then `waiter_sleep`
 * with the ticket, or `waiter_stay` if there is something after all. */
static inline uint32_t waiter_announce(Waiter *waiter) {
    uint32_t ticket = load_half_relaxed(&waiter->word);
    store_half_relaxed(&waiter->sleeping, 1);
    fence_full(); /* pairs with the full fence in waiter_wake: one of the two sees the other's store */
    return ticket;
}

static inline void waiter_stay(Waiter *waiter) { store_half_relaxed(&waiter->sleeping, 0); }

/* Consumer, step 2: sleep, unless a wake-up came since the ticket was drawn. May return for no reason. */
static inline void waiter_sleep(Waiter *waiter, uint32_t ticket) {
    syscall(SYS_futex, &waiter->word, FUTEX_WAIT, ticket, NULL, NULL, 0);
    waiter_stay(waiter);
}

/* Wake the consumer whether it says that it sleeps or not. */
static inline void waiter_wake_always(Waiter *waiter) {
    atomic_fetch_add_explicit((atomic_half_t *)&waiter->word, 1, memory_order_release);
    syscall(SYS_futex, &waiter->word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Producer, after it published: wake the consumer if it sleeps. Returns whether that took a system call. */
static inline int waiter_wake(Waiter *waiter) {
    fence_full(); /* pairs with the full fence in waiter_announce */
    if (load_half_relaxed(&waiter->sleeping) == 0) return 0;
    store_half_relaxed(&waiter->sleeping, 0); /* one wake-up is enough */
    waiter_wake_always(waiter);
    return 1;
}

#endif
