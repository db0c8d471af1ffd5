/* From a frame's bytes to the fields of a top-of-book message: Bybit V5 `tickers.S` and `orderbook.1.S`.
 *
 * The scanner accepts compact, escape-free, printable ASCII JSON of the known shape and reads every byte of
 * it; anything else is ODD and left to the reference decoder. It never reads outside [frame, frame + size),
 * allocates nothing and keeps nothing: `symbol` in the result points into the frame.
 *
 * A decimal is exact: digits that fit 2^53 and at most 22 decimals make one division of two exact doubles,
 * which IEEE rounds correctly. Longer ones are ODD.
 */
#ifndef SYNTH_SCANNER_H
#define SYNTH_SCANNER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { SCAN_OK = 0, SCAN_ODD = 1, SCAN_OTHER = 2 };       /* OTHER: not a topic of ours */
enum { SCAN_TICKER = 0, SCAN_BOOK1 = 1 };                 /* = MarketUpdate.source */

enum {                                                    /* which fields a message carried */
    HAS_BID_PX = 1, HAS_BID_QTY = 2, HAS_ASK_PX = 4, HAS_ASK_QTY = 8,
    HAS_BID_GONE = 16, HAS_ASK_GONE = 32,                 /* a level was deleted (size zero) */
    HAS_TS = 64, HAS_UPDATE_ID = 128, HAS_TYPE = 256, HAS_DATA = 512,
    HAS_SYMBOL = 1024, HAS_BIDS = 2048, HAS_ASKS = 4096, HAS_CTS = 8192,
    HAS_BID = HAS_BID_PX | HAS_BID_QTY, HAS_ASK = HAS_ASK_PX | HAS_ASK_QTY
};

typedef struct {
    const char *symbol;            /* of the topic; borrowed from the frame */
    size_t symbol_size;
    const char *rest;              /* the byte after the topic's closing quote */
    int source;                    /* SCAN_TICKER or SCAN_BOOK1 */
} scan_topic_t;

typedef struct {
    uint32_t has;                  /* HAS_* */
    int is_snapshot;
    int64_t ts_ms;                 /* `ts`; the system's time of the message */
    int64_t cts_ms;                /* `cts`; the matching engine's */
    int64_t update_id;             /* `u` */
    double bid_px, bid_qty, ask_px, ask_qty;
    double bid_gone_px, ask_gone_px;
} scan_fields_t;

/* ── tokens: each takes the place to read and gives the place after it, or NULL when it is odd ───────────── */

#define SCAN_EACH(byte) (0x0101010101010101ull * (byte))

static inline uint64_t scan_load8(const char *p)
{
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
}

/* The high bit of each byte that ends a plain string: quote, backslash, control, not ASCII.
 * Bytes above the first hit may be marked wrongly by a borrow; only the first is used. */
static inline uint64_t scan_ends(uint64_t word)
{
    const uint64_t low = SCAN_EACH(0x01), high = SCAN_EACH(0x80);
    uint64_t quote = word ^ SCAN_EACH('"'), backslash = word ^ SCAN_EACH('\\');
    return ((((quote - low) & ~quote) | ((backslash - low) & ~backslash) | ((word - SCAN_EACH(0x20)) & ~word)
             | word) & high);
}

/* The closing quote of a plain string whose first character is at `p`. */
static inline const char *scan_string(const char *p, const char *end)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    while (end - p >= 8) {
        uint64_t ends = scan_ends(scan_load8(p));
        if (ends) {
            p += __builtin_ctzll(ends) >> 3;
            return *p == '"' ? p : NULL;
        }
        p += 8;
    }
#endif
    for (; p < end; p++) {
        unsigned char byte = (unsigned char)*p;
        if (byte == '"') return p;
        if (byte == '\\' || byte < 0x20 || byte >= 0x80) return NULL;
    }
    return NULL;
}

static inline const char *scan_literal(const char *p, const char *end, const char *text, size_t size)
{
    return (size_t)(end - p) >= size && memcmp(p, text, size) == 0 ? p + size : NULL;
}
#define SCAN_LITERAL(p, end, text) scan_literal(p, end, text, sizeof(text) - 1)

/* Whether all eight bytes are digits; and the number they write. */
static inline int scan_is_digits8(uint64_t word)
{
    return ((word & SCAN_EACH(0xf0)) | (((word + SCAN_EACH(0x06)) & SCAN_EACH(0xf0)) >> 4)) == SCAN_EACH(0x33);
}

static inline uint64_t scan_digits8(uint64_t word)
{
    word -= SCAN_EACH('0');
    word = word * 10 + (word >> 8);                                  /* pairs, in every other byte */
    return ((word & 0x000000ff000000ffull) * 0x000f424000000064ull
            + ((word >> 16) & 0x000000ff000000ffull) * 0x0000271000000001ull) >> 32;
}

/* A JSON integer, not negative, at most 15 digits. */
static inline const char *scan_integer(const char *p, const char *end, int64_t *out)
{
    const char *start = p;
    uint64_t value = 0;
    unsigned digit;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (end - p >= 8 && scan_is_digits8(scan_load8(p))) {
        value = scan_digits8(scan_load8(p));
        p += 8;
    }
#endif
    while (p < end && (digit = (unsigned)(*p - '0')) < 10) {
        value = value * 10 + digit;
        p++;
        if (p - start > 15) return NULL;
    }
    if (p == start || (p - start > 1 && *start == '0')) return NULL;
    if (p == end || (*p != ',' && *p != '}')) return NULL;           /* a fraction, an exponent, rubbish */
    *out = (int64_t)value;
    return p;
}

/* A quoted decimal, from its opening quote to after its closing one. */
static inline const char *scan_decimal(const char *p, const char *end, double *out)
{
    static const double POWER_OF_10[] = {
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    };
    uint64_t value = 0;
    unsigned digit;
    ptrdiff_t digits, decimals = 0;
    const char *start;

    if (p == end || *p != '"') return NULL;
    start = ++p;
    while (p < end && (digit = (unsigned)(*p - '0')) < 10) {
        value = value * 10 + digit;                                  /* may wrap: refused below by `digits` */
        p++;
    }
    digits = p - start;
    if (digits == 0) return NULL;
    if (p < end && *p == '.') {
        const char *point = p++;
        while (p < end && (digit = (unsigned)(*p - '0')) < 10) {
            value = value * 10 + digit;
            p++;
        }
        decimals = p - point - 1;
        if (decimals == 0) return NULL;
        digits += decimals;
    }
    if (p == end || *p != '"') return NULL;
    if (digits > 19 || value > (1ull << 53)) return NULL;            /* 19 digits never wrap; decimals <= 18 */
    *out = (double)value / POWER_OF_10[decimals];
    return p + 1;
}

/* A value that doesn't concern us: a plain string or an integer, null, true or false. */
static inline const char *scan_skip(const char *p, const char *end)
{
    int64_t ignored;
    if (p == end) return NULL;
    switch (*p) {
    case '"':
        p = scan_string(p + 1, end);
        return p ? p + 1 : NULL;
    case 'n': return SCAN_LITERAL(p, end, "null");
    case 't': return SCAN_LITERAL(p, end, "true");
    case 'f': return SCAN_LITERAL(p, end, "false");
    default: return scan_integer(p, end, &ignored);
    }
}

/* A member that doesn't concern us, from its key's opening quote to after its value. */
static inline const char *scan_other_member(const char *p, const char *end)
{
    if (p == end || *p != '"') return NULL;
    p = scan_string(p + 1, end);
    if (!p || p + 1 == end || p[1] != ':') return NULL;
    return scan_skip(p + 2, end);
}

/* Mark a field as seen; a second one is odd. */
static inline int scan_first(scan_fields_t *out, uint32_t field)
{
    int first = !(out->has & field);
    out->has |= field;
    return first;
}

/* ── data objects: `p` is after the opening brace, the result is after the closing one ───────────────────── */

static inline const char *scan_symbol(
    const char *p, const char *end, const scan_topic_t *topic, scan_fields_t *out)
{
    size_t size = topic->symbol_size;
    if (!scan_first(out, HAS_SYMBOL) || (size_t)(end - p) < size + 2) return NULL;
    if (p[0] != '"' || memcmp(p + 1, topic->symbol, size) != 0 || p[size + 1] != '"') return NULL;
    return p + size + 2;
}

/* A member, from its key's opening quote to after its value. The keys that count are compared with what is there
 * before the end of any key is looked for: three fifths of the time that reading each key first takes. */
static inline const char *scan_ticker_member(
    const char *p, const char *end, const scan_topic_t *topic, scan_fields_t *out)
{
    const char *value;
    if ((value = SCAN_LITERAL(p, end, "\"bid1Price\":")))
        return scan_first(out, HAS_BID_PX) ? scan_decimal(value, end, &out->bid_px) : NULL;
    if ((value = SCAN_LITERAL(p, end, "\"bid1Size\":")))
        return scan_first(out, HAS_BID_QTY) ? scan_decimal(value, end, &out->bid_qty) : NULL;
    if ((value = SCAN_LITERAL(p, end, "\"ask1Price\":")))
        return scan_first(out, HAS_ASK_PX) ? scan_decimal(value, end, &out->ask_px) : NULL;
    if ((value = SCAN_LITERAL(p, end, "\"ask1Size\":")))
        return scan_first(out, HAS_ASK_QTY) ? scan_decimal(value, end, &out->ask_qty) : NULL;
    if ((value = SCAN_LITERAL(p, end, "\"symbol\":")))
        return scan_symbol(value, end, topic, out);
    return scan_other_member(p, end);
}

/* One side at depth 1: [], or levels [price, size]: at most one that is there and one that is gone. */
static inline const char *scan_side(
    const char *p, const char *end, uint32_t there, uint32_t gone, double *px, double *qty, double *gone_px,
    scan_fields_t *out)
{
    if (p == end || *p++ != '[') return NULL;
    if (p < end && *p == ']') return p + 1;
    for (;;) {
        double level_px, level_qty;
        if (p == end || *p != '[') return NULL;
        p = scan_decimal(p + 1, end, &level_px);
        if (!p || p == end || *p != ',') return NULL;
        p = scan_decimal(p + 1, end, &level_qty);
        if (!p || p == end || *p != ']') return NULL;
        p++;
        if (level_qty > 0.0) {
            if (!scan_first(out, there)) return NULL;
            *px = level_px;
            *qty = level_qty;
        } else {
            if (!scan_first(out, gone)) return NULL;
            *gone_px = level_px;
        }
        if (p == end) return NULL;
        if (*p == ']') return p + 1;
        if (*p++ != ',') return NULL;
    }
}

static inline const char *scan_book_member(
    const char *p, const char *end, const scan_topic_t *topic, scan_fields_t *out)
{
    const char *value;
    if ((value = SCAN_LITERAL(p, end, "\"b\":")))
        return scan_first(out, HAS_BIDS)
            ? scan_side(value, end, HAS_BID, HAS_BID_GONE, &out->bid_px, &out->bid_qty, &out->bid_gone_px, out)
            : NULL;
    if ((value = SCAN_LITERAL(p, end, "\"a\":")))
        return scan_first(out, HAS_ASKS)
            ? scan_side(value, end, HAS_ASK, HAS_ASK_GONE, &out->ask_px, &out->ask_qty, &out->ask_gone_px, out)
            : NULL;
    if ((value = SCAN_LITERAL(p, end, "\"u\":")))
        return scan_first(out, HAS_UPDATE_ID) ? scan_integer(value, end, &out->update_id) : NULL;
    if ((value = SCAN_LITERAL(p, end, "\"s\":")))
        return scan_symbol(value, end, topic, out);
    return scan_other_member(p, end);
}

static inline const char *scan_data(
    const char *p, const char *end, const scan_topic_t *topic, scan_fields_t *out)
{
    if (p == end || *p++ != '{') return NULL;
    for (;;) {
        p = topic->source == SCAN_TICKER ? scan_ticker_member(p, end, topic, out)
                                         : scan_book_member(p, end, topic, out);
        if (!p || p == end) return NULL;
        if (*p == '}') return p + 1;
        if (*p++ != ',') return NULL;
    }
}

/* ── frames ──────────────────────────────────────────────────────────────────────────────────────────────── */

static inline const char *scan_type(const char *p, const char *end, scan_fields_t *out)
{
    const char *after = SCAN_LITERAL(p, end, "\"delta\"");
    if (!scan_first(out, HAS_TYPE)) return NULL;
    if (after) return after;
    out->is_snapshot = 1;
    return SCAN_LITERAL(p, end, "\"snapshot\"");
}

static inline const char *scan_member(
    const char *p, const char *end, const scan_topic_t *topic, scan_fields_t *out)
{
    const char *value;
    if ((value = SCAN_LITERAL(p, end, "\"type\":"))) return scan_type(value, end, out);
    if ((value = SCAN_LITERAL(p, end, "\"data\":")))
        return scan_first(out, HAS_DATA) ? scan_data(value, end, topic, out) : NULL;
    if ((value = SCAN_LITERAL(p, end, "\"ts\":")))
        return scan_first(out, HAS_TS) ? scan_integer(value, end, &out->ts_ms) : NULL;
    if ((value = SCAN_LITERAL(p, end, "\"cts\":")))
        return scan_first(out, HAS_CTS) ? scan_integer(value, end, &out->cts_ms) : NULL;
    if (SCAN_LITERAL(p, end, "\"topic\":")) return NULL;             /* a second one */
    return scan_other_member(p, end);
}

/* Read the topic alone. It must be the first member; its symbol isn't looked up here. */
static inline int scan_topic(const char *frame, size_t size, scan_topic_t *out)
{
    const char *end = frame + size, *close;
    const char *p = SCAN_LITERAL(frame, end, "{\"topic\":\"");
    if (!p) return SCAN_ODD;
    close = scan_string(p, end);
    if (!close) return SCAN_ODD;
    if ((out->symbol = SCAN_LITERAL(p, close, "tickers."))) out->source = SCAN_TICKER;
    else if ((out->symbol = SCAN_LITERAL(p, close, "orderbook.1."))) out->source = SCAN_BOOK1;
    else return SCAN_OTHER;
    out->symbol_size = (size_t)(close - out->symbol);
    out->rest = close + 1;
    return SCAN_OK;
}

/* Read the rest of a frame whose topic is ours, to its last byte. */
static inline int scan_rest(const char *frame, size_t size, const scan_topic_t *topic, scan_fields_t *out)
{
    const char *p = topic->rest, *end = frame + size;
    uint32_t needed = HAS_TYPE | HAS_TS | HAS_DATA;
    if (topic->source == SCAN_BOOK1) needed |= HAS_UPDATE_ID | HAS_BIDS | HAS_ASKS;
    out->has = 0;
    out->is_snapshot = 0;
    while (p < end && *p == ',') {
        p = scan_member(p + 1, end, topic, out);
        if (!p) return SCAN_ODD;
    }
    if (end - p != 1 || *p != '}') return SCAN_ODD;
    return (out->has & needed) == needed ? SCAN_OK : SCAN_ODD;
}

#endif
