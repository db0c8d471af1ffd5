/* One thing of the hot path, so many times, for counting instructions: `instructions WHAT TIMES`.
 *
 * Only what is called from `work` counts; the counter is told to look at that function alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "histogram.h"
#include "ring.h"
#include "scanner.h"

static const char TICKER[] =
    "{\"topic\":\"tickers.BTCUSDT\",\"type\":\"delta\",\"data\":{\"symbol\":\"BTCUSDT\",\"bid1Price\":\"63040.80\","
    "\"bid1Size\":\"3.323\",\"ask1Price\":\"63040.90\",\"ask1Size\":\"4.686\"},\"cs\":763537012912,\"ts\":1786639170499}";
static const char BOOK[] =
    "{\"topic\":\"orderbook.1.BTCUSDT\",\"ts\":1786639170499,\"type\":\"delta\",\"data\":{\"s\":\"BTCUSDT\","
    "\"b\":[[\"63040.8\",\"3.323\"]],\"a\":[[\"63040.9\",\"4.686\"]],\"u\":31071061,\"seq\":763537012912},"
    "\"cts\":1786639170498}";

static RingBlock *ring;
static Histogram histogram;

static void parse(const char *frame, size_t size)
{
    scan_topic_t topic;
    scan_fields_t fields;
    if (scan_topic(frame, size, &topic) != SCAN_OK || scan_rest(frame, size, &topic, &fields) != SCAN_OK) exit(1);
}

__attribute__((noinline)) void work(const char *what, long times)
{
    RingSlot item = {{0}};
    if (strcmp(what, "parse_ticker") == 0)
        while (times-- > 0) parse(TICKER, sizeof TICKER - 1);
    else if (strcmp(what, "parse_book") == 0)
        while (times-- > 0) parse(BOOK, sizeof BOOK - 1);
    else if (strcmp(what, "ring") == 0)
        while (times-- > 0) {
            ring_push(ring, &item);
            if (!ring_pop(ring, &item)) exit(1);
        }
    else if (strcmp(what, "histogram") == 0)
        while (times-- > 0) histogram_record(&histogram, times * 37 & 0xfffff);
    else
        exit(2);
}

int main(int argc, char **argv)
{
    if (argc != 3) return 2;
    ring = aligned_alloc(128, ring_block_size(1024));
    memset(ring, 0, ring_block_size(1024));
    ring_build(ring, 1024);
    work(argv[1], atol(argv[2]));
    return 0;
}
