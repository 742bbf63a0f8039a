/* Vectors and their encodings. */
#include "runtime/xd/vector.h"

#include <math.h>
#include <stdlib.h>

#include "runtime/base/base64.h"
#include "runtime/xd/fault.h"

#define DIGITS_MAX 9 /* enough to tell any two 32-bit floats apart */

/* --- numbers to text ----------------------------------------------------------------------- */

static double
power_of_ten(int e)
{
    static const double powers[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
    return powers[e];
}

/* v = digits * 10^-scale, with scale in 0..22, where the result is exact enough. */
static bool
shorten(double v, int scale, uint64_t *digits)
{
    double scaled = v * power_of_ten(scale);
    if (scaled > 1e9)
        return false;
    *digits = (uint64_t)llround(scaled);
    return (float)((double)*digits / power_of_ten(scale)) == (float)v;
}

/* 123 and 5: "0.00123" */
static void
put_decimal(struct buf *out, uint64_t digits, int scale)
{
    char text[40];
    size_t at = sizeof text;
    for (int i = 0; digits || i <= scale; i++) {
        if (i == scale && scale > 0)
            text[--at] = '.';
        text[--at] = (char)('0' + digits % 10);
        digits /= 10;
    }
    buf_put(out, text + at, sizeof text - at);
}

void
vector_put_float(struct buf *out, float v)
{
    double size = fabs((double)v);
    uint64_t digits;
    if (!isfinite(v)) {
        buf_puts(out, STR("null"));
        return;
    }
    if (size > 0 && (size < 1e-12 || size >= 1e9)) {
        buf_printf(out, "%.*g", DIGITS_MAX, (double)v);
        return;
    }
    if (signbit(v))
        buf_putc(out, '-');
    int lead = size > 0 ? (int)floor(log10(size)) : 0; /* of the first digit */
    for (int n = 1; n <= DIGITS_MAX; n++) {
        int scale = n - 1 - lead;
        if ((scale >= 0 || n == DIGITS_MAX)
            && shorten(size,
                       scale < 0    ? 0
                       : scale > 22 ? 22
                                    : scale,
                       &digits)) {
            put_decimal(out, digits, scale < 0 ? 0 : scale > 22 ? 22 : scale);
            return;
        }
    }
    buf_printf(out, "%.*g", DIGITS_MAX, size);
}

/* --- from one encoding to the other -------------------------------------------------------- */

static void
put_packed(struct buf *out, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    for (int i = 0; i < 4; i++)
        buf_putc(out, (char)(bits >> 8 * i));
}

/* "[1, 2.5]", which is valid JSON, to bytes; false when something in it is no number. */
static bool
pack(struct str values, struct buf *bytes)
{
    const char *p = values.p, *end = values.p + values.n;
    for (p++; p < end; p++) {
        if (strchr(" \t\r\n,]", *p))
            continue;
        if (*p != '-' && (*p < '0' || *p > '9'))
            return false;
        char *behind;
        put_packed(bytes, strtof(p, &behind)); /* the array's end stops it */
        p = behind - 1;
    }
    return !bytes->err;
}

static void
unpack(struct str bytes, struct buf *out)
{
    buf_putc(out, '[');
    for (size_t i = 0; i + 4 <= bytes.n; i += 4) {
        uint32_t bits = 0;
        float v;
        for (size_t k = 0; k < 4; k++)
            bits |= (uint32_t)(unsigned char)bytes.p[i + k] << 8 * k;
        memcpy(&v, &bits, sizeof v);
        if (i)
            buf_putc(out, ',');
        vector_put_float(out, v);
    }
    buf_putc(out, ']');
}

/* What `make` appends from `from`, in the arena; absent when that failed. */
static struct str
made(struct arena *a, const struct buf *b)
{
    return b->err ? (struct str){ NULL, 0 } : arena_str(a, buf_str(b));
}

static bool
to_packed(struct arena *a, struct ir_numbers *n)
{
    struct str values = n->kind == IR_NUMBERS_INTS ? n->ints.values : n->floats.values;
    struct buf bytes, text;
    struct str data = { NULL, 0 };
    buf_init(&bytes, 4 * values.n + 4);
    buf_init(&text, 8 * values.n + 8);
    if (values.n && values.p[0] == '[' && pack(values, &bytes)) {
        base64_encode(&text, buf_str(&bytes));
        data = made(a, &text);
    }
    buf_fini(&bytes);
    buf_fini(&text);
    if (data.p)
        *n = (struct ir_numbers){ .kind = IR_NUMBERS_PACKED, .packed.data = data };
    return data.p;
}

static bool
to_floats(struct arena *a, struct ir_numbers *n)
{
    struct buf bytes, text;
    struct str values = { NULL, 0 };
    buf_init(&bytes, n->packed.data.n + 4);
    buf_init(&text, 16 * n->packed.data.n + 8);
    if (base64_decode(&bytes, n->packed.data) && bytes.n % 4 == 0) {
        unpack(buf_str(&bytes), &text);
        values = made(a, &text);
    }
    buf_fini(&bytes);
    buf_fini(&text);
    if (values.p)
        *n = (struct ir_numbers){ .kind = IR_NUMBERS_FLOATS, .floats.values = values };
    return values.p;
}

bool
vector_encode(struct arena *a, struct ir_numbers *n, struct str encoding)
{
    if (str_is(encoding, "base64") && n->kind != IR_NUMBERS_PACKED)
        return to_packed(a, n);
    if (str_is(encoding, "float") && n->kind == IR_NUMBERS_PACKED)
        return to_floats(a, n);
    if (str_is(encoding, "float") && n->kind == IR_NUMBERS_INTS) {
        struct str values = n->ints.values;
        *n = (struct ir_numbers){ .kind = IR_NUMBERS_FLOATS, .floats.values = values };
    }
    return true;
}

/* --- on the wire --------------------------------------------------------------------------- */

void
xd_read_vector(struct xd *x, uint32_t at, struct ir_numbers *v)
{
    if (!at || x->err)
        return;
    if (json_kind(&x->doc, at) == JSON_STRING) {
        v->kind = IR_NUMBERS_PACKED;
        xd_read_str(x, at, &v->packed.data);
    } else if (xd_want(x, at, JSON_ARRAY)) {
        v->kind = IR_NUMBERS_FLOATS;
        v->floats.values = json_raw(&x->doc, at);
    }
}

bool
xd_put_vector(struct xd *x, struct str key, const struct ir_numbers *v)
{
    if (v->kind == IR_NUMBERS_PACKED)
        xd_put_str(x, key, v->packed.data);
    else
        xd_put_json(x, key, v->kind == IR_NUMBERS_INTS ? v->ints.values : v->floats.values);
    return v->kind != IR_NUMBERS_UNSET;
}

/* "int8" and its bytes in base64. */
void
xd_read_packed_ints(struct xd *x, uint32_t at, struct ir_numbers *v)
{
    struct str data = { NULL, 0 };
    struct buf bytes, text;
    xd_read_str(x, at, &data);
    buf_init(&bytes, data.n + 4);
    buf_init(&text, 8 * data.n + 8);
    if (data.p && base64_decode(&bytes, data)) {
        for (size_t i = 0; i < bytes.n; i++)
            buf_printf(&text, "%c%d", i ? ',' : '[', (signed char)bytes.p[i]);
        buf_puts(&text, bytes.n ? STR("]") : STR("[]"));
        v->kind = IR_NUMBERS_INTS;
        v->ints.type = STR("int8");
        v->ints.values = made(x->arena, &text);
        if (!v->ints.values.p)
            xd_full(x);
    } else if (data.p) {
        xd_mismatch(x, at, "base64");
    }
    buf_fini(&bytes);
    buf_fini(&text);
}

bool
xd_put_packed_ints(struct xd *x, struct str key, const struct ir_numbers *v)
{
    struct str values = v->kind == IR_NUMBERS_INTS     ? v->ints.values
                        : v->kind == IR_NUMBERS_FLOATS ? v->floats.values
                                                       : (struct str){ NULL, 0 };
    struct buf bytes, text;
    buf_init(&bytes, values.n + 4);
    buf_init(&text, 2 * values.n + 8);
    for (size_t i = 1; i < values.n; i++) {
        char *behind;
        if (strchr(" \t\r\n,]", values.p[i]))
            continue;
        double n = strtod(values.p + i, &behind);
        if (behind == values.p + i)
            break;
        buf_putc(&bytes, (char)(signed char)(n < -128 ? -128 : n > 127 ? 127 : lround(n)));
        i = (size_t)(behind - values.p) - 1;
    }
    base64_encode(&text, buf_str(&bytes));
    xd_put_str(x, key, values.p ? buf_str(&text) : values);
    buf_fini(&bytes);
    buf_fini(&text);
    return values.p;
}

void
xd_read_one_vector(struct xd *x, uint32_t at, struct ir_vectors *l)
{
    struct ir_vector *v = at && !x->err ? XD_PUSH(x, l) : NULL;
    if (!v)
        return;
    *v = (struct ir_vector){ .set = true };
    xd_read_vector(x, at, &v->numbers);
}

void
xd_put_one_vector(struct xd *x, struct str key, const struct ir_vectors *l)
{
    if (l->n == 1)
        (void)xd_put_vector(x, key, &l->v[0].numbers);
    else
        xd_no_element(x, key);
}

/* --- lists of bare vectors ----------------------------------------------------------------- */

/* One encoding's part of the vectors: those of a kind, and of a type if they are integers. */
struct column {
    enum ir_numbers_kind kind;
    const char *type;
};

static bool
is_in(const struct column *c, const struct ir_numbers *n)
{
    return n->kind == c->kind && (c->kind != IR_NUMBERS_INTS || str_is(n->ints.type, c->type));
}

static void
read_column(struct xd *x, uint32_t at, struct ir_vectors *l, const struct column *c)
{
    unsigned index = 0;
    /* An object has a member for each encoding, which have rows of their own. */
    if (!at || x->err || json_kind(&x->doc, at) == JSON_OBJECT || !xd_want(x, at, JSON_ARRAY))
        return;
    XD_EACH(x, i, at) {
        struct ir_vector *v = XD_PUSH(x, l);
        if (!v)
            return;
        *v = (struct ir_vector){ .set = true, .index = index++ };
        xd_read_vector(x, i, &v->numbers);
        if (c->kind == IR_NUMBERS_INTS && v->numbers.kind == IR_NUMBERS_FLOATS) {
            struct str values = v->numbers.floats.values;
            v->numbers = (struct ir_numbers){ .kind = IR_NUMBERS_INTS };
            v->numbers.ints.type = str_from(c->type);
            v->numbers.ints.values = values;
        }
    }
}

static void
put_column(struct xd *x, struct str key, const struct ir_vectors *l, const struct column *c)
{
    static const struct str none;
    bool some = false;
    for (unsigned i = 0; i < l->n; i++) {
        if (!is_in(c, &l->v[i].numbers))
            continue;
        if (!some) {
            jw_key(&x->w, key);
            jw_array(&x->w);
        }
        some = true;
        (void)xd_put_vector(x, none, &l->v[i].numbers);
    }
    if (some)
        jw_close(&x->w);
    else
        xd_no_key(x);
}

#define COLUMN(name, numbers, word) \
    static const struct column name##_column = { numbers, word }; \
    void xd_read_##name##_vectors(struct xd *x, uint32_t at, struct ir_vectors *l) \
    { \
        read_column(x, at, l, &name##_column); \
    } \
    void xd_put_##name##_vectors(struct xd *x, struct str key, const struct ir_vectors *l) \
    { \
        put_column(x, key, l, &name##_column); \
    }

COLUMN(float, IR_NUMBERS_FLOATS, NULL)
COLUMN(packed, IR_NUMBERS_PACKED, NULL)
COLUMN(int8, IR_NUMBERS_INTS, "int8")
COLUMN(uint8, IR_NUMBERS_INTS, "uint8")
COLUMN(binary, IR_NUMBERS_INTS, "binary")
COLUMN(ubinary, IR_NUMBERS_INTS, "ubinary")
