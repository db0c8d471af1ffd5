/* Is a parked consumer always woken, and is a cell always read whole?
 *
 *   handoff_stress park ROUND_TRIPS   two threads that sleep on each other; a lost wake-up never ends (SIGALRM)
 *   handoff_stress cell WRITES        one writer flat out, one reader
 *
 * Exit 0: all claims held. Exit 1: says which one did not.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "cell.h"
#include "ring.h"

#ifndef PATIENCE_S
#define PATIENCE_S 20
#endif

enum { WORDS = 8 };

static uint64_t rounds;

static void fail(const char *claim, uint64_t detail) {
    fprintf(stderr, "%s (%llu)\n", claim, (unsigned long long)detail);
    exit(1);
}

/* ── parking ─────────────────────────────────────────────────────────────────────────────────────────────── */

static RingBlock *there, *back;

static RingBlock *new_ring(uint64_t capacity) {
    RingBlock *ring;
    if (posix_memalign((void **)&ring, 128, ring_block_size(capacity)) != 0) exit(2);
    memset(ring, 0, ring_block_size(capacity));
    ring_build(ring, capacity);
    return ring;
}

static void send(RingBlock *ring, uint64_t value) {
    RingSlot item = {{0, value, 0, 0, 0, 0, 0, 0}};
    ring_push(ring, &item);
    waiter_wake(&ring->waiter);
}

static uint64_t receive(RingBlock *ring) {
    RingSlot item;
    while (!ring_pop(ring, &item)) {
        uint32_t ticket = waiter_announce(&ring->waiter);
        if (ring_is_empty(ring)) waiter_sleep(&ring->waiter, ticket);
        else waiter_stay(&ring->waiter);
    }
    return item.word[1];
}

static void *echo(void *unused) {
    for (uint64_t i = 0; i < rounds; i++) send(back, receive(there) + 1);
    return unused;
}

static void park(void) {
    pthread_t echoing;
    there = new_ring(4), back = new_ring(4);
    alarm(PATIENCE_S);
    pthread_create(&echoing, NULL, echo, NULL);
    for (uint64_t i = 0; i < rounds; i++) {
        for (volatile int pause = (int)(i & 0xff); pause > 0; pause--) {} /* meet the other awake, dozing, asleep */
        send(there, i);
        if (receive(back) != i + 1) fail("an echo was of another item", i);
    }
    pthread_join(echoing, NULL);
}

/* ── a cell ──────────────────────────────────────────────────────────────────────────────────────────────── */

static word_t version, halves[2 * WORDS], writer_is_done;

static void *write_values(void *unused) {
    word_t value[WORDS];
    for (uint64_t i = 1; i <= rounds; i++) {
        for (int k = 0; k < WORDS; k++) value[k] = i * (2 * k + 1);
        cell_write(&version, halves, WORDS, value);
    }
    store_release(&writer_is_done, 1);
    return unused;
}

static void cell(void) {
    pthread_t writer;
    word_t value[WORDS];
    uint64_t seen = 0, reads = 0, is_last = 0;
    pthread_create(&writer, NULL, write_values, NULL);
    while (!is_last) {
        is_last = load_acquire(&writer_is_done);
        uint64_t got = cell_read(&version, halves, WORDS, value);
        if (got == 0) continue;
        if (got < seen) fail("an older value came after a newer one", got);
        for (int k = 0; k < WORDS; k++)
            if (value[k] != got * (2 * k + 1)) fail("a value was torn", got);
        seen = got;
        reads++;
    }
    pthread_join(writer, NULL);
    if (seen != rounds) fail("the last value was not seen", seen);
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    rounds = strtoull(argv[2], NULL, 10);
    if (strcmp(argv[1], "park") == 0) park();
    else cell();
    return 0;
}
