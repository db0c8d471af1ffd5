/* One thread spends what another one allows and takes back, flat out: is anything spent twice, or after it was
 * taken back, or seen half written?
 *
 *   lane_stress ROUNDS
 *
 * Each allowance has a number, in its begun text and its terms; the deciding thread notes which it spent.
 * Exit 0: every allowance was either spent or taken back, and never both. Exit 1: says which claim did not hold.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "lane.h"

#ifdef LANE_REVOKE_BLINDLY /* what a plain store would do */
#define REVOKE(slot) (lane_state(slot) == LANE_READY ? (lane_enters(slot, LANE_EMPTY), 1) : 0)
#else
#define REVOKE(slot) lane_revoke(slot)
#endif

enum { PATIENCE = 100 }; /* times the rounds */

static LaneSlot slot;
static uint64_t rounds;
static word_t is_over, spent;

static void fail(const char *claim, uint64_t number) {
    fprintf(stderr, "%s at %llu\n", claim, (unsigned long long)number);
    exit(1);
}

static void *decide(void *unused) {
    while (!load_acquire(&is_over)) {
        LaneIntent quote = {.bid_px = 100, .ask_px = 101};
        if (!lane_take(&slot, &quote, 0)) continue;
        uint64_t number;
        memcpy(&number, slot.begun, sizeof number);
        if (slot.terms.expires_ns != (int64_t)number) fail("an allowance was torn", number);
        count_one(&spent);
        lane_enters(&slot, LANE_SENT);
    }
    return unused;
}

int main(int count, char **texts) {
    rounds = count > 1 ? strtoull(texts[1], NULL, 10) : 1000000;
    pthread_t thread;
    pthread_create(&thread, NULL, decide, NULL);
    uint64_t revoked = 0, handed = 0, number = 1;
    /* On a busy machine the other thread may not have had a core yet: on until each has won once. */
    for (; number <= rounds || ((!revoked || !handed) && number <= PATIENCE * rounds); number++) {
        slot.terms = (LaneTerms){.expires_ns = (int64_t)number, .most_ask_px = 1e9, .tick = 1, .reach_unit = 10000};
        memcpy(slot.begun, &number, sizeof number);
        lane_enters(&slot, LANE_READY);
        for (volatile int pause = (int)(number & 0x3f); pause > 0; pause--) {}
        if (number % 64 == 0) sched_yield();
        if (REVOKE(&slot)) {
            revoked++;
            continue;
        }
        while (!lane_moves(&slot, LANE_SENT, LANE_HANDED)) {}
        if (slot.intent.ticks[0] != 101) fail("an intent was not whole", number);
        handed++;
        lane_moves(&slot, LANE_HANDED, LANE_EMPTY);
    }
    store_release(&is_over, 1);
    pthread_join(thread, NULL);
    if (revoked + handed != number - 1) fail("an allowance was lost", revoked + handed);
    if (load_relaxed(&spent) != handed) fail("spent and handed over differ", load_relaxed(&spent));
    if (!revoked || !handed) fail("one side always won", revoked);
    return 0;
}
