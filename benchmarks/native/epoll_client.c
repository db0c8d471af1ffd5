/* The least that a WebSocket feed can be: one thread, epoll, recv, our scanner, our ring; no library between.
 *
 *   epoll_client PORT COMMAND FRAMES
 *
 * Sends COMMAND to the bench's stream and takes FRAMES frames after it. Prints, for each, the time from the
 * moment in its `ts` (µs of CLOCK_MONOTONIC) to its publish, and the processor time of all:
 * {"frames": …, "cpu_ns": …, "samples_ns": […]}
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "ring.h"
#include "scanner.h"

enum { BUFFER_BYTES = 1 << 20, RING_SLOTS = 4096 };

static int64_t now_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int connect_to(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) exit(1);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

/* The upgrade, with the key of RFC 6455's example; the answer is trusted. */
static void upgrade(int fd) {
    static const char request[] =
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    char last[4] = {0}, byte;
    if (send(fd, request, sizeof request - 1, 0) < 0) exit(1);
    while (memcmp(last, "\r\n\r\n", 4) != 0) {
        if (recv(fd, &byte, 1, 0) != 1) exit(1);
        memmove(last, last + 1, 3);
        last[3] = byte;
    }
}

/* A text frame below 126 bytes, masked with zeros. */
static void say(int fd, const char *text) {
    size_t size = strlen(text);
    unsigned char frame[6 + 125] = {0x81, (unsigned char)(0x80 | size), 0, 0, 0, 0};
    memcpy(frame + 6, text, size);
    if (send(fd, frame, 6 + size, 0) < 0) exit(1);
}

typedef struct {
    RingBlock *ring;
    int64_t *samples_ns;
    int taken, wanted;
    double bid_px, bid_qty, ask_px, ask_qty; /* as merged so far */
} Feed;

static void store_double(word_t *word, double value) { store_relaxed_double((double *)word, value); }

static void on_text(Feed *feed, const char *text, size_t size) {
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

/* Take the whole frames at the start of the buffer; returns the bytes they were. */
static size_t on_bytes(Feed *feed, const unsigned char *buffer, size_t size) {
    size_t done = 0;
    while (size - done >= 4) {
        const unsigned char *frame = buffer + done;
        size_t head = 2, payload = frame[1] & 0x7f;
        if (payload == 126) {
            head = 4;
            payload = (size_t)frame[2] << 8 | frame[3];
        }
        if (size - done < head + payload) break;
        on_text(feed, (const char *)frame + head, payload);
        done += head + payload;
    }
    return done;
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
        size_t done = on_bytes(&feed, buffer, have);
        memmove(buffer, buffer + done, have - done);
        have -= done;
    }
    printf("{\"frames\": %d, \"cpu_ns\": %lld, \"samples_ns\": [", feed.taken,
           (long long)(now_ns(CLOCK_THREAD_CPUTIME_ID) - begun_ns));
    for (int i = 0; i < feed.taken; i++) printf("%s%lld", i ? ", " : "", (long long)feed.samples_ns[i]);
    printf("]}\n");
    return 0;
}
