/* The least of a WebSocket client: connect, upgrade, say something, find the frames. */
#ifndef WS_CLIENT_H
#define WS_CLIENT_H

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

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

/* Give the whole frames at the start of the buffer to `on_text`; returns the bytes they were. */
static size_t each_frame(
    const unsigned char *buffer, size_t size, void (*on_text)(void *, const char *, size_t), void *with) {
    size_t done = 0;
    while (size - done >= 4) {
        const unsigned char *frame = buffer + done;
        size_t head = 2, payload = frame[1] & 0x7f;
        if (payload == 126) {
            head = 4;
            payload = (size_t)frame[2] << 8 | frame[3];
        }
        if (size - done < head + payload) break;
        on_text(with, (const char *)frame + head, payload);
        done += head + payload;
    }
    return done;
}

#endif
