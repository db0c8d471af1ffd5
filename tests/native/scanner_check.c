/* The scanner alone, under sanitizers: each frame, and mutants of it, in memory of exactly its size.
 *
 * usage: scanner_check MUTANTS SEED < frames   (each frame: 4 bytes of size, little-endian, then its bytes)
 * Prints frames, accepted ones, mutants, accepted ones, and bytes scanned in all.
 * A sanitizer ends the program on the first bad access.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "scanner.h"

static uint64_t state;
static unsigned long long scanned;    /* bytes */

static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void require(int holds, const char *claim)
{
    if (holds) return;
    fprintf(stderr, "broken: %s\n", claim);
    exit(1);
}

static int is_decimal(double value) { return isfinite(value) && value >= 0.0; }

/* Scan a copy that ends where its memory ends. 1 if it was accepted. */
static int scan(const char *frame, size_t size)
{
    char *exact = malloc(size ? size : 1);
    const char *start = size ? exact : exact + 1;
    scan_topic_t topic;
    scan_fields_t fields;
    int accepted;
    memcpy(exact, frame, size);
    scanned += size;
    accepted = scan_topic(start, size, &topic) == SCAN_OK;
    if (accepted) {
        require(topic.symbol >= start && topic.symbol + topic.symbol_size < start + size, "symbol inside");
        accepted = scan_rest(start, size, &topic, &fields) == SCAN_OK;
    }
    if (accepted) {
        require(fields.ts_ms >= 0 && fields.ts_ms < 1000000000000000, "time in range");
        require(!(fields.has & HAS_BID_PX) || is_decimal(fields.bid_px), "bid price is a decimal");
        require(!(fields.has & HAS_BID_QTY) || is_decimal(fields.bid_qty), "bid size is a decimal");
        require(!(fields.has & HAS_ASK_PX) || is_decimal(fields.ask_px), "ask price is a decimal");
        require(!(fields.has & HAS_ASK_QTY) || is_decimal(fields.ask_qty), "ask size is a decimal");
    }
    free(exact);
    return accepted;
}

static size_t mutate(char *frame, size_t size, size_t room)
{
    static const char BYTES[] = "0123456789\"{}[],:.\\-e \0\x1f\x7f\x80\xff";
    size_t at = next_random() % size, count = 1 + next_random() % 12;
    switch (next_random() % 5) {
    case 0: frame[at] ^= (char)(1 << next_random() % 8); return size;
    case 1: frame[at] = BYTES[next_random() % (sizeof BYTES - 1)]; return size;
    case 2: return at;
    case 3:
        if (count > size - at) count = size - at;
        memmove(frame + at, frame + at + count, size - at - count);
        return size - count;
    default:
        if (size + count > room) return size;
        memmove(frame + at + count, frame + at, size - at);
        for (size_t i = 0; i < count; i++) frame[at + i] = BYTES[next_random() % (sizeof BYTES - 1)];
        return size + count;
    }
}

int main(int argc, char **argv)
{
    static char frame[1 << 16], mutant[1 << 17];
    unsigned char head[4];
    long frames = 0, accepted = 0, mutants = 0, accepted_mutants = 0;
    if (argc != 3) return 2;
    state = strtoull(argv[2], NULL, 10) | 1;
    while (fread(head, 1, 4, stdin) == 4) {
        size_t size = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
        require(size <= sizeof frame && fread(frame, 1, size, stdin) == size, "input is whole");
        int whole = scan(frame, size);
        frames++;
        accepted += whole;
        for (long i = atol(argv[1]); i > 0 && size > 0; i--) {
            size_t mutant_size = size;
            memcpy(mutant, frame, size);
            for (int again = 1 + (int)(next_random() % 2); again > 0 && mutant_size > 0; again--)
                mutant_size = mutate(mutant, mutant_size, sizeof mutant);
            mutants++;
            accepted_mutants += scan(mutant, mutant_size);
        }
        for (size_t cut = 0; cut < size && cut < 2000; cut++)
            require(!(scan(frame, cut) && whole), "a frame cut short is odd");
    }
    printf("%ld %ld %ld %ld %llu\n", frames, accepted, mutants, accepted_mutants, scanned);
    return 0;
}
