/* Two threads on one ring, flat out: is any item torn or out of order, and is every one accounted for?
 *
 *   ring_stress PUSHES CAPACITY
 *
 * Every word of an item is derived from its index, so a mix of two items can't pass for one.
 * A third thread watches the counts, which must add up whenever they are looked at.
 * Exit 0: all claims held. Exit 1: says which one did not.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

/* Every 64th copy is interrupted, so that the consumer is overtaken in the middle of an item on any machine. */
static void rest_mid_copy(void) {
    static _Thread_local unsigned copies;
    if (++copies % 64 == 0) sched_yield();
}
#define RING_MID_COPY() rest_mid_copy()

#include "ring.h"

static RingBlock *ring;
static uint64_t pushes;
static word_t producer_is_done, consumer_is_done;

static uint64_t mixed(uint64_t index, uint64_t word) {
    uint64_t x = (index + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ word * UINT64_C(0xbf58476d1ce4e5b9);
    return x ^ x >> 29;
}

static void fail(const char *claim, uint64_t index, uint64_t detail) {
    fprintf(stderr, "%s at item %llu (%llu)\n", claim, (unsigned long long)index, (unsigned long long)detail);
    exit(1);
}

static void *produce(void *unused) {
    for (uint64_t index = 0; index < pushes; index++) {
        RingSlot *slot = ring_claim(ring);
        for (int i = 1; i < RING_SLOT_WORDS; i++) store_relaxed(&slot->word[i], mixed(index, i));
        ring_publish(ring);
        /* Bursts and pauses of every length, so that the consumer is lapped, keeps up, and waits in turn. */
        if ((index & 0xfff) < 0x400) for (volatile int pause = (int)(index & 0x3f); pause > 0; pause--) {}
    }
    store_release(&producer_is_done, 1);
    return unused;
}

static void check_item(const RingSlot *item, uint64_t *next) {
    uint64_t index = item->word[0] / 2 - 1;
    if (item->word[0] & 1) fail("an unpublished item was popped", index, item->word[0]);
    if (index < *next) fail("an item came twice or late", index, *next);
    for (int i = 1; i < RING_SLOT_WORDS; i++)
        if (item->word[i] != mixed(index, i)) fail("an item was torn", index, i);
    *next = index + 1;
}

static void *consume(void *popped) {
    RingSlot item;
    uint64_t next = 0;
    for (;;) {
        uint64_t is_last_round = load_acquire(&producer_is_done);
        while (ring_pop(ring, &item)) {
            check_item(&item, &next);
            ++*(uint64_t *)popped;
        }
        if (is_last_round) break;
    }
    if (next != pushes) fail("the newest item was lost", next, pushes);
    store_release(&consumer_is_done, 1);
    return NULL;
}

static void *watch(void *unused) {
    RingCounts before = {0, 0, 0, 0};
    while (!load_acquire(&consumer_is_done)) {
        RingCounts now = ring_counts(ring);
        if (now.dropped + now.popped + now.length != now.pushed) fail("the counts don't add up", now.pushed, 0);
        if (now.length > ring->capacity) fail("the ring holds more than it can", now.pushed, now.length);
        if (now.popped < before.popped || now.pushed < before.pushed)
            fail("a count went back", now.pushed, now.popped);
        before = now;
    }
    return unused;
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    pushes = strtoull(argv[1], NULL, 10);
    uint64_t capacity = strtoull(argv[2], NULL, 10);
    if (posix_memalign((void **)&ring, 128, ring_block_size(capacity)) != 0) return 2;
    memset(ring, 0, ring_block_size(capacity));
    ring_build(ring, capacity);

    uint64_t popped = 0;
    pthread_t producer, consumer, watcher;
    pthread_create(&watcher, NULL, watch, NULL);
    pthread_create(&consumer, NULL, consume, &popped);
    pthread_create(&producer, NULL, produce, NULL);
    pthread_join(producer, NULL);
    pthread_join(consumer, NULL);
    pthread_join(watcher, NULL);

    RingCounts counts = ring_counts(ring);
    if (counts.pushed != pushes) fail("a push was not counted", counts.pushed, pushes);
    if (counts.popped != popped) fail("a pop was not counted", counts.popped, popped);
    if (counts.dropped != pushes - popped) fail("the dropped are not exact", counts.dropped, pushes - popped);
    if (counts.length != 0) fail("an item was left", counts.length, 0);
    printf("pushed %llu popped %llu dropped %llu\n", (unsigned long long)pushes, (unsigned long long)popped,
           (unsigned long long)counts.dropped);
    free(ring);
    return 0;
}
