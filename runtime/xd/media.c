/* Sources of images and files as URLs: data:<type>;base64,<bytes>, or an address. */
#include "runtime/base/base64.h"
#include "runtime/base/digits.h"
#include "runtime/json/text.h"
#include "runtime/xd/fault.h"

struct data_url {
    struct str media; /* type/subtype, without parameters */
    struct str data;
    bool base64;
};

static bool
is_data_url(struct str s)
{
    return s.n >= 5 && str_eq_nocase(str_make(s.p, 5), STR("data:"));
}

static bool
split_data_url(struct str s, struct data_url *u)
{
    const char *comma = is_data_url(s) ? memchr(s.p, ',', s.n) : NULL;
    if (!comma)
        return false;
    struct str head = str_make(s.p + 5, (size_t)(comma - s.p) - 5);
    struct str mark = STR(";base64");
    u->base64 = head.n >= mark.n && str_eq_nocase(str_skip(head, head.n - mark.n), mark);
    u->data = str_skip(s, (size_t)(comma - s.p) + 1);
    const char *semi = head.n ? memchr(head.p, ';', head.n) : NULL;
    u->media = str_trim(semi ? str_make(head.p, (size_t)(semi - head.p)) : head);
    if (u->media.n == 0)
        u->media = STR("text/plain"); /* RFC 2397 */
    return true;
}

/* Percent-encoded bytes as base64, in x->arena. */
static struct str
encode_percent(struct xd *x, struct str s)
{
    struct str out = { NULL, 0 };
    char *plain = arena_bytes(x->arena, s.n + 1);
    struct buf b;
    buf_init(&b, s.n * 2 + 8);
    size_t n = 0;
    for (size_t i = 0; plain && i < s.n; i++) {
        int high = i + 2 < s.n && s.p[i] == '%' ? digits_hex_value(s.p[i + 1]) : -1;
        int low = high >= 0 ? digits_hex_value(s.p[i + 2]) : -1;
        plain[n++] = low >= 0 ? (char)(high << 4 | low) : s.p[i];
        i += low >= 0 ? 2 : 0;
    }
    if (plain) {
        base64_encode(&b, str_make(plain, n));
        out = b.err ? out : arena_str(x->arena, buf_str(&b));
    }
    buf_fini(&b);
    if (!out.p)
        xd_full(x);
    return out;
}

static void
take_data_url(struct xd *x, const struct data_url *u, struct ir_source *v)
{
    v->kind = IR_SOURCE_BYTES;
    v->bytes.media = u->media;
    v->bytes.data = u->base64 ? u->data : encode_percent(x, u->data);
}

void
xd_read_media_url(struct xd *x, uint32_t at, struct ir_source *v)
{
    struct str s = { NULL, 0 };
    struct data_url u;
    xd_read_str(x, at, &s);
    if (!s.p)
        return;
    if (split_data_url(s, &u)) {
        take_data_url(x, &u, v);
        return;
    }
    v->kind = IR_SOURCE_URL;
    v->url.url = s;
}

/* The media type of bytes in bare base64, by how they begin. */
static struct str
sniff(struct str base64)
{
    static const struct {
        struct str start, media;
    } known[] = {
        { STR_INIT("JVBERi"), STR_INIT("application/pdf") },
        { STR_INIT("iVBORw0KGgo"), STR_INIT("image/png") },
        { STR_INIT("/9j/"), STR_INIT("image/jpeg") },
        { STR_INIT("R0lGOD"), STR_INIT("image/gif") },
        { STR_INIT("UklGR"), STR_INIT("image/webp") },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_starts(base64, known[i].start))
            return known[i].media;
    return STR("application/octet-stream");
}

void
xd_read_data_url(struct xd *x, uint32_t at, struct ir_source *v)
{
    struct str s = { NULL, 0 };
    struct data_url u;
    xd_read_str(x, at, &s);
    if (!s.p)
        return;
    if (split_data_url(s, &u)) {
        take_data_url(x, &u, v);
    } else if (str_starts(s, STR("https://")) || str_starts(s, STR("http://"))) {
        v->kind = IR_SOURCE_URL;
        v->url.url = s;
    } else {
        v->kind = IR_SOURCE_BYTES;
        v->bytes.media = sniff(s);
        v->bytes.data = s;
    }
}

static void
put_bytes_url(struct xd *x, struct str key, struct str media, struct str data)
{
    if (key.p)
        jw_key(&x->w, key);
    jw_begin_string(&x->w);
    buf_puts(x->out, STR("data:"));
    json_escape(x->out, media);
    buf_puts(x->out, STR(";base64,"));
    json_escape(x->out, data);
    jw_end_string(&x->w);
}

bool
xd_put_media_url(struct xd *x, struct str key, const struct ir_source *v)
{
    if (v->kind == IR_SOURCE_BYTES)
        put_bytes_url(x, key, v->bytes.media, v->bytes.data);
    else if (v->kind == IR_SOURCE_URL)
        xd_put_str(x, key, v->url.url);
    else
        return false;
    return true;
}

bool
xd_put_data_url(struct xd *x, struct str key, const struct ir_source *v)
{
    if (v->kind == IR_SOURCE_BYTES) {
        put_bytes_url(x, key, v->bytes.media, v->bytes.data);
        return true;
    }
    if (v->kind != IR_SOURCE_PLAIN)
        return false;
    if (key.p)
        jw_key(&x->w, key);
    jw_begin_string(&x->w);
    buf_puts(x->out, STR("data:text/plain;base64,"));
    base64_encode(x->out, xd_text(x, v->plain.text));
    jw_end_string(&x->w);
    return true;
}

void
xd_read_bytes(struct xd *x, uint32_t at, struct ir_blocks *l, enum ir_block_kind kind)
{
    if (!xd_want(x, at, JSON_ARRAY))
        return;
    XD_EACH(x, i, at) {
        struct ir_block *b = XD_PUSH(x, l);
        if (!b)
            return;
        b->kind = kind;
        xd_read_data_url(x, i, &b->image.source);
    }
}

void
xd_put_bytes(struct xd *x, struct str key, const struct ir_blocks *l, enum ir_block_kind kind)
{
    jw_key(&x->w, key);
    jw_enter_array(&x->w);
    for (unsigned i = 0; i < l->n; i++) {
        const struct ir_source *s = &l->v[i].image.source;
        if (l->v[i].kind != kind)
            continue;
        if (s->kind == IR_SOURCE_BYTES)
            jw_string(&x->w, s->bytes.data);
        else
            xd_lose_block(x, kind);
        if (l->v[i].cache.set)
            xd_lose(x, "image.cache");
    }
    jw_close(&x->w);
}
