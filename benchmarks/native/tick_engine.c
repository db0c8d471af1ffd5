/* The least that a trading engine can be: one thread, epoll, recv, our scanner, two frames, two sends.
 *
 *   tick_engine PORT TICKS
 *
 * Subscribes tickers.BTCUSDT of the bench's ticks, and sends two orders of the trade socket's size to a process
 * of its own on each tick after the snapshot. No gate, no record, no histogram, no library. Prints, for each
 * tick, the time from the end of its recv to the end of the second send: {"samples_ns": […]}
 */
#include "ws_client.h"

#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lane.h"
#include "scanner.h"

enum { BUFFER_BYTES = 1 << 16, MASK_BYTES = 4, HEADER_BYTES = 8 };

typedef struct {
    int order_fd, taken, wanted;
    int64_t recv_ns, *samples_ns;
    double bid_px, ask_px;
    LaneSlot slot;
} Engine;

/* A peer that reads everything; returns the connection to it. */
static int reader(pid_t *child) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listening, (struct sockaddr *)&address, size) != 0 || listen(listening, 1) != 0) exit(1);
    getsockname(listening, (struct sockaddr *)&address, &size);
    if ((*child = fork()) == 0) {
        static char buffer[BUFFER_BYTES];
        sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){0}); /* as an exchange is scheduled */
        int fd = accept(listening, NULL, NULL);
        while (recv(fd, buffer, sizeof buffer, 0) > 0) {}
        _exit(0);
    }
    return connect_to(ntohs(address.sin_port));
}

static void template(LaneSlot *slot, int leg) {
    LaneFrame *frame = &slot->frames[leg];
    int until_time = 0, until_price = 0;
    frame->size = (uint32_t)snprintf(
        frame->text, LANE_TEXT,
        "{\"reqId\":\"stm0000000-1-%c-e0\",\"header\":{\"X-BAPI-TIMESTAMP\":\"%n\",\"X-BAPI-RECV-WINDOW\":\"1000\"},"
        "\"op\":\"order.create\",\"args\":[{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"side\":\"%s\","
        "\"orderType\":\"Limit\",\"qty\":\"0.016\",\"price\":\"%n\",\"timeInForce\":\"IOC\",\"positionIdx\":%d,"
        "\"orderLinkId\":\"stm0000000-1-%c-e0\"}]}",
        "LS"[leg], &until_time, leg ? "Sell" : "Buy", &until_price, leg + 1, "LS"[leg]);
    frame->until_time = (uint32_t)until_time;
    frame->until_price = (uint32_t)until_price;
}

static void send_leg(Engine *engine, int leg) {
    static unsigned char frame[HEADER_BYTES + LANE_FRAME] = {0x81};
    static const unsigned char mask[MASK_BYTES] = {0x12, 0x34, 0x56, 0x78};
    char *text = (char *)frame + HEADER_BYTES;
    size_t size = lane_write(&engine->slot, leg, text);
    frame[1] = 0x80 | 126;
    frame[2] = (unsigned char)(size >> 8);
    frame[3] = (unsigned char)size;
    memcpy(frame + 4, mask, sizeof mask);
    for (size_t i = 0; i < size; i++) text[i] ^= (char)mask[i % MASK_BYTES];
    if (send(engine->order_fd, frame, HEADER_BYTES + size, 0) < 0) exit(1);
}

static void on_text(void *with, const char *text, size_t size) {
    Engine *engine = with;
    scan_topic_t topic;
    scan_fields_t message;
    if (scan_topic(text, size, &topic) != SCAN_OK || scan_rest(text, size, &topic, &message) != SCAN_OK) return;
    int is_first = engine->bid_px == 0;
    if (message.has & HAS_BID_PX) engine->bid_px = message.bid_px;
    if (message.has & HAS_ASK_PX) engine->ask_px = message.ask_px;
    if (is_first || engine->taken == engine->wanted) return;
    LaneIntent quote = {.bid_px = engine->bid_px, .ask_px = engine->ask_px};
    lane_enters(&engine->slot, LANE_READY);
    if (!lane_take(&engine->slot, &quote, engine->recv_ns)) exit(1);
    send_leg(engine, 0);
    send_leg(engine, 1);
    engine->samples_ns[engine->taken++] = now_ns(CLOCK_MONOTONIC) - engine->recv_ns;
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    static unsigned char buffer[BUFFER_BYTES];
    static Engine engine;
    pid_t child;
    engine.wanted = atoi(argv[2]);
    engine.samples_ns = calloc((size_t)engine.wanted, sizeof *engine.samples_ns);
    engine.slot.terms = (LaneTerms){
        .expires_ns = INT64_MAX, .most_ask_px = 1e9, .tick = 1, .decimals = 1, .reach = 5, .reach_unit = 10000};
    template(&engine.slot, 0);
    template(&engine.slot, 1);
    engine.order_fd = reader(&child);

    int fd = connect_to(atoi(argv[1])), poll_fd = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    upgrade(fd);
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event);
    say(fd, "{\"op\":\"subscribe\",\"args\":[\"tickers.BTCUSDT\"]}");
    size_t have = 0;
    while (engine.taken < engine.wanted) {
        epoll_wait(poll_fd, &event, 1, -1);
        ssize_t got = recv(fd, buffer + have, sizeof buffer - have, 0);
        engine.recv_ns = now_ns(CLOCK_MONOTONIC);
        if (got <= 0) return 1;
        have += (size_t)got;
        size_t done = each_frame(buffer, have, on_text, &engine);
        memmove(buffer, buffer + done, have - done);
        have -= done;
    }
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
    printf("{\"samples_ns\": [");
    for (int i = 0; i < engine.taken; i++) printf("%s%lld", i ? ", " : "", (long long)engine.samples_ns[i]);
    printf("]}\n");
    return 0;
}
