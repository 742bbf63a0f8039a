/* Names, types and first bytes. */
#include "runtime/frame/framing.h"

static const struct {
    struct str name, type, beat;
} facts[FRAMINGS] = {
    [FRAMING_SSE] = { STR_INIT("sse"), STR_INIT("text/event-stream"), STR_INIT(":\n\n") },
    /* Clients parse every line, also an empty one. */
    [FRAMING_NDJSON] = { STR_INIT("ndjson"), STR_INIT("application/x-ndjson"), STR_INIT("") },
    [FRAMING_ARRAY] = { STR_INIT("array"), STR_INIT("application/json"), STR_INIT("\n") },
    [FRAMING_EVENTSTREAM] = { STR_INIT("eventstream"),
                              STR_INIT("application/vnd.amazon.eventstream"), STR_INIT("") },
};

struct str
framing_name(enum framing f)
{
    return facts[f].name;
}

struct str
framing_type(enum framing f)
{
    return facts[f].type;
}

struct str
framing_beat(enum framing f)
{
    return facts[f].beat;
}

static bool
is_event_line(struct str s)
{
    static const struct str fields[] = {
        STR_INIT(":"),   STR_INIT("data:"),  STR_INIT("event:"),
        STR_INIT("id:"), STR_INIT("retry:"), STR_INIT("\xef\xbb\xbf"),
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (str_starts(s, fields[i]) || str_starts(fields[i], s))
            return true;
    return false;
}

bool
framing_fits(enum framing f, struct str s)
{
    switch (f) {
    case FRAMING_SSE:
        return is_event_line(s);
    case FRAMING_NDJSON:
        return *s.p == '{';
    case FRAMING_ARRAY:
        return *s.p == '[';
    case FRAMING_EVENTSTREAM:
        return *s.p == 0; /* of the length of a message, which is below 16 MiB */
    }
    return false;
}

enum framing
framing_of(unsigned set, enum framing other, struct str s)
{
    for (enum framing f = 0; f < FRAMINGS; f++)
        if (framing_is_in(set, f) && framing_fits(f, s))
            return f;
    return other;
}
