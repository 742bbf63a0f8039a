/* Lines as records. */
#include "server/gateway/records.h"

#include <stdlib.h>

#include "runtime/json/doc.h"
#include "server/gateway/clock.h"
#include "server/log/log.h"
#include "server/trace/exporter.h"

#define ARENA_MAX  ((size_t)64 << 10)
#define RECORD_MAX ((size_t)64 << 10)
#define KEY_MAX    64u
#define NUMBER_MAX 40u

/* A line of JSON that was read. */
struct line {
    struct json_doc doc;
    struct arena arena;
};

static struct str
text_of(struct line *l, const char *key)
{
    uint32_t at = json_member(&l->doc, JSON_ROOT, str_from(key));
    return at && json_kind(&l->doc, at) == JSON_STRING ? json_text(&l->doc, at, &l->arena)
                                                       : (struct str){ NULL, 0 };
}

static uint64_t
hex_of(struct str s, size_t from)
{
    char digits[17] = "";
    if (s.n >= from + 16)
        memcpy(digits, s.p + from, 16);
    return strtoull(digits, NULL, 16);
}

static unsigned
severity_of(struct str name)
{
    enum log_level level = LOG_LEVEL_INFO;
    (void)log_level_read(name, &level);
    return 5 + 4 * (unsigned)level;
}

static void
put_number(struct buf *out, const char *key, struct str s, int64_t whole, bool is_whole)
{
    char copy[NUMBER_MAX] = "";
    memcpy(copy, s.p, s.n < sizeof copy ? s.n : sizeof copy - 1);
    if (is_whole && !memchr(s.p, '.', s.n))
        otlp_int(out, OTLP_LOG_ATTRIBUTE, key, whole);
    else
        otlp_double(out, OTLP_LOG_ATTRIBUTE, key, strtod(copy, NULL));
}

static void
put_field(struct line *l, struct buf *out, struct str name, uint32_t at)
{
    char key[KEY_MAX] = "";
    int64_t whole = 0;
    memcpy(key, name.p, name.n < sizeof key ? name.n : sizeof key - 1);
    switch (json_kind(&l->doc, at)) {
    case JSON_STRING:
        otlp_str(out, OTLP_LOG_ATTRIBUTE, key, json_text(&l->doc, at, &l->arena));
        break;
    case JSON_NUMBER: {
        bool is_whole = json_int(&l->doc, at, &whole);
        put_number(out, key, json_raw(&l->doc, at), whole, is_whole);
        break;
    }
    case JSON_TRUE:
    case JSON_FALSE:
        otlp_bool(out, OTLP_LOG_ATTRIBUTE, key, json_kind(&l->doc, at) == JSON_TRUE);
        break;
    case JSON_NONE:
    case JSON_NULL:
    case JSON_OBJECT:
    case JSON_ARRAY:
        break;
    }
}

/* What the record says by itself. */
static bool
is_lifted(struct str key)
{
    return str_is(key, "ts") || str_is(key, "level") || str_is(key, "event")
           || str_is(key, "trace_id") || str_is(key, "span_id");
}

static void
put_line(struct line *l, struct buf *out, uint64_t wall_ns)
{
    struct str trace = text_of(l, "trace_id"), level = text_of(l, "level");
    const struct otlp_record r = { .time_ns = wall_ns,
                                   .severity = severity_of(level),
                                   .level = level,
                                   .body = text_of(l, "event"),
                                   .trace = { hex_of(trace, 0), hex_of(trace, 16) },
                                   .span = hex_of(text_of(l, "span_id"), 0) };
    size_t at = otlp_record_begin(out, &r);
    uint32_t end = l->doc.nodes[JSON_ROOT].next;
    for (uint32_t key = JSON_ROOT + 1; key < end; key = l->doc.nodes[key + 1].next) {
        struct str name = json_text(&l->doc, key, &l->arena);
        if (name.p && !is_lifted(name))
            put_field(l, out, name, key + 1);
    }
    otlp_record_end(out, at);
}

void
records_write(struct buf *out, struct str line, uint64_t wall_ns)
{
    struct line l;
    struct fault f;
    struct str s = str_trim(line);
    json_doc_init(&l.doc);
    arena_init(&l.arena, ARENA_MAX);
    if (json_doc_parse(&l.doc, s, &f) == ERR_OK && json_kind(&l.doc, JSON_ROOT) == JSON_OBJECT) {
        put_line(&l, out, wall_ns);
    } else {
        const struct otlp_record r = { .time_ns = wall_ns,
                                       .severity = severity_of(STR("info")),
                                       .level = STR("info"),
                                       .body = s };
        otlp_record_end(out, otlp_record_begin(out, &r));
    }
    json_doc_fini(&l.doc);
    arena_fini(&l.arena);
}

void
records_tee(void *exporter, struct str line)
{
    struct buf out;
    buf_init(&out, RECORD_MAX);
    records_write(&out, line, clock_wall_us() * 1000);
    exporter_put(exporter, OTLP_LOGS, out.err ? (struct str){ NULL, 0 } : buf_str(&out));
    buf_fini(&out);
}
