/* The least that a WebSocket feed can be: one thread, epoll, recv, our scanner, our ring; no library between.
 *
 *   epoll_client PORT COMMAND FRAMES
 *
 * Sends COMMAND to the bench's stream and takes FRAMES frames after it. Prints, for each, the time from the
 * moment in its `ts` (µs of CLOCK_MONOTONIC) to its publish, and the processor time of all:
 * {"frames": …, "cpu_ns": …, "samples_ns": […]}
 */
#include "ws_client.h"

#include <sys/epoll.h>

#include "ring.h"
#include "scanner.h"

enum { BUFFER_BYTES = 1 << 20, RING_SLOTS = 4096 };

typedef struct {
    RingBlock *ring;
    int64_t *samples_ns;
    int taken, wanted;
    double bid_px, bid_qty, ask_px, ask_qty; /* as merged so far */
} Feed;

static void store_double(word_t *word, double value) { store_relaxed_double((double *)word, value); }

static void on_text(void *with, const char *text, size_t size) {
    Feed *feed = with;
    scan_topic_t topic;
    scan_fields_t message;
    if (scan_topic(text, size, &topic) != SCAN_OK || scan_rest(text, size, &topic, &message) != SCAN_OK) return;
    if (message.has & HAS_BID_PX) feed->bid_px = message.bid_px;
    if (message.has & HAS_BID_QTY) feed->bid_qty = message.bid_qty;
    if (message.has & HAS_ASK_PX) feed->ask_px = message.ask_px;
    if (message.has & HAS_ASK_QTY) feed->ask_qty = message.ask_qty;
    RingSlot *slot = ring_claim(feed->ring);
    int64_t published_ns = now_ns(CLOCK_MONOTONIC);
    store_relaxed(&slot->word[1], (uint64_t)published_ns);
    store_relaxed(&slot->word[2], (uint64_t)message.ts_ms);
    store_double(&slot->word[3], feed->bid_px);
    store_double(&slot->word[4], feed->ask_px);
    store_double(&slot->word[5], feed->bid_qty);
    store_double(&slot->word[6], feed->ask_qty);
    ring_publish(feed->ring);
    if (feed->taken < feed->wanted) feed->samples_ns[feed->taken++] = published_ns - message.ts_ms * 1000;
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    static unsigned char buffer[BUFFER_BYTES];
    Feed feed = {.wanted = atoi(argv[3])};
    feed.samples_ns = calloc((size_t)feed.wanted, sizeof *feed.samples_ns);
    feed.ring = aligned_alloc(64, ring_block_size(RING_SLOTS));
    memset(feed.ring, 0, ring_block_size(RING_SLOTS));
    ring_build(feed.ring, RING_SLOTS);

    int fd = connect_to(atoi(argv[1])), poll_fd = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    upgrade(fd);
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event);
    say(fd, argv[2]);
    size_t have = 0;
    int64_t begun_ns = now_ns(CLOCK_THREAD_CPUTIME_ID);
    while (feed.taken < feed.wanted) {
        epoll_wait(poll_fd, &event, 1, -1);
        ssize_t got = recv(fd, buffer + have, sizeof buffer - have, 0);
        if (got <= 0) return 1;
        have += (size_t)got;
        size_t done = each_frame(buffer, have, on_text, &feed);
        memmove(buffer, buffer + done, have - done);
        have -= done;
    }
    printf("{\"frames\": %d, \"cpu_ns\": %lld, \"samples_ns\": [", feed.taken,
           (long long)(now_ns(CLOCK_THREAD_CPUTIME_ID) - begun_ns));
    for (int i = 0; i < feed.taken; i++) printf("%s%lld", i ? ", " : "", (long long)feed.samples_ns[i]);
    printf("]}\n");
    return 0;
}
