#define PCRE2_CODE_UNIT_WIDTH 8
#include "runtime/redact/custom.h"

#include <pcre2.h>
#include <stdlib.h>

struct pattern {
    char *name; /* owned */
    pcre2_code *code;
};

struct redact_custom {
    struct pattern *v; /* owned */
    size_t n;
};

static bool
is_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= 'A' && s.p[i] <= 'Z')
              || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '_'))
            return false;
    return s.n > 0;
}

static enum err
bad(struct fault *f, const struct redact_pattern *from, size_t offset, const char *why)
{
    enum err err = fault_set(f, ERR_SYNTAX, offset, "%s", why);
    if (f) {
        size_t n = from->name.n < FAULT_PATH - 1 ? from->name.n : FAULT_PATH - 1;
        memcpy(f->path, from->name.p, n);
        f->path[n] = '\0';
    }
    return err;
}

static enum err
compile(struct pattern *p, const struct redact_pattern *from, struct fault *f)
{
    char why[FAULT_TEXT];
    int code = 0;
    PCRE2_SIZE offset = 0;
    uint32_t least = 0;
    if (!is_name(from->name))
        return bad(f, from, 0, "a name has letters, digits and '_' only");
    p->name = strndup(from->name.p, from->name.n);
    /* Text may hold any bytes, so it is not taken for UTF-8 unless it is. */
    p->code = pcre2_compile((PCRE2_SPTR)from->pattern.p, from->pattern.n,
                            PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_USE_OFFSET_LIMIT, &code,
                            &offset, NULL);
    if (!p->name)
        return fault_set(f, ERR_MEMORY, 0, "out of memory");
    if (!p->code) {
        pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof why);
        return bad(f, from, offset, why);
    }
    pcre2_pattern_info(p->code, PCRE2_INFO_MINLENGTH, &least);
    if (least == 0)
        return bad(f, from, 0, "it matches where nothing is");
    /* Without a JIT for this machine the interpreter does it. */
    (void)pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE | PCRE2_JIT_PARTIAL_HARD);
    return ERR_OK;
}

struct redact_custom *
redact_custom_create(const struct redact_pattern *v, size_t n, struct fault *f)
{
    struct redact_custom *c = calloc(1, sizeof *c);
    if (c)
        c->v = calloc(n ? n : 1, sizeof *c->v);
    if (!c || !c->v) {
        redact_custom_destroy(c);
        fault_set(f, ERR_MEMORY, 0, "out of memory");
        return NULL;
    }
    for (; c->n < n; c->n++)
        if (compile(&c->v[c->n], &v[c->n], f)) {
            c->n++;
            redact_custom_destroy(c);
            return NULL;
        }
    return c;
}

void
redact_custom_destroy(struct redact_custom *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->n; i++) {
        free(c->v[i].name);
        pcre2_code_free(c->v[i].code);
    }
    free(c->v);
    free(c);
}

size_t
redact_custom_count(const struct redact_custom *c)
{
    return c->n;
}

struct str
redact_custom_name(const struct redact_custom *c, unsigned i)
{
    return str_from(c->v[i].name);
}

const void *
redact_custom_code(const struct redact_custom *c, unsigned i)
{
    return c->v[i].code;
}
