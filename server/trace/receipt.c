/* Reading answers; the numbers of the fields are those of opentelemetry-proto and googleapis. */
#include "server/trace/receipt.h"

#include "server/trace/protobuf.h"

enum { RESPONSE_PARTIAL = 1 };
enum { PARTIAL_REJECTED = 1, PARTIAL_WHY = 2 };
enum { STATUS_WHY = 2, STATUS_DETAILS = 3 };
enum { ANY_TYPE = 1, ANY_VALUE = 2 };
enum { RETRY_DELAY = 1 };
enum { DURATION_SECONDS = 1, DURATION_NANOS = 2 };

#define DELAY_MAX_S ((uint64_t)86400)

static void
read_partial(struct receipt *r, struct str message)
{
    struct pb_field f;
    while (pb_next(&message, &f)) {
        if (f.number == PARTIAL_REJECTED && (int64_t)f.v > 0)
            r->rejected = f.v;
        else if (f.number == PARTIAL_WHY && f.bytes.n)
            r->why = f.bytes;
    }
}

struct receipt
receipt_of_success(struct str message)
{
    struct receipt r = { .rejected = 0 };
    struct pb_field f;
    while (pb_next(&message, &f))
        if (f.number == RESPONSE_PARTIAL)
            read_partial(&r, f.bytes);
    return r;
}

static void
read_duration(struct receipt *r, struct str message)
{
    uint64_t seconds = 0, nanos = 0;
    struct pb_field f;
    while (pb_next(&message, &f)) {
        if (f.number == DURATION_SECONDS)
            seconds = f.v;
        else if (f.number == DURATION_NANOS)
            nanos = f.v;
    }
    if (seconds > DELAY_MAX_S || nanos > 999999999)
        return; /* negative, or no delay that somebody would wait for */
    r->may_retry = true;
    r->wait_ms = seconds * 1000 + nanos / 1000000;
}

static void
read_detail(struct receipt *r, struct str message)
{
    struct str type = { NULL, 0 }, value = { NULL, 0 };
    struct pb_field f;
    while (pb_next(&message, &f)) {
        if (f.number == ANY_TYPE)
            type = f.bytes;
        else if (f.number == ANY_VALUE)
            value = f.bytes;
    }
    if (!str_ends(type, STR(".rpc.RetryInfo")))
        return;
    r->may_retry = true;
    while (pb_next(&value, &f))
        if (f.number == RETRY_DELAY)
            read_duration(r, f.bytes);
}

struct receipt
receipt_of_status(struct str message)
{
    struct receipt r = { .rejected = 0 };
    struct pb_field f;
    while (pb_next(&message, &f)) {
        if (f.number == STATUS_WHY && f.bytes.n)
            r.why = f.bytes;
        else if (f.number == STATUS_DETAILS)
            read_detail(&r, f.bytes);
    }
    return r;
}
