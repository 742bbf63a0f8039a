/* Extra headers of requests: names and values, which may be secret. */
#include <string.h>

#include "server/config/reader.h"

static bool
check_header_name(struct config_reader *r, const struct node *key)
{
    static const struct str reserved[] = {
        STR_INIT("host"),       STR_INIT("content-length"), STR_INIT("transfer-encoding"),
        STR_INIT("connection"), STR_INIT("expect"),
    };
    struct str name = key->text;
    bool token = name.n > 0;
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        token &= c > 0x20 && c < 0x7f && !strchr("\"(),/:;<=>?@[\\]{}", c);
    }
    if (!token) {
        config_fail(r, key, "\"%.*s\" is not the name of a header", STR_ARG(name));
        return false;
    }
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (str_eq_nocase(name, reserved[i])) {
            config_fail(r, key, "header \"%.*s\" is set by llmux itself: remove it", STR_ARG(name));
            return false;
        }
    return true;
}

bool
config_read_headers(struct config_reader *r, const struct config_field *f, const struct node *n,
                    void *out)
{
    struct config_pairs *pairs = out;
    if (!config_check_kind(r, f, n, NODE_MAP, "a map of names and values"))
        return false;
    unsigned room = 0;
    bool ok = true;
    for (unsigned i = 0; i < n->n; i++) {
        const struct node *key = n->v[i].key;
        struct str value;
        if (config_fail_twice(r, n, i) || !check_header_name(r, key)
            || !config_secret_text(r, key->text.p, n->v[i].value, &value)) {
            ok = false;
            continue;
        }
        struct config_pair *pair = CONFIG_PUSH(r, pairs->v, pairs->n, room);
        if (!pair)
            return false;
        *pair = (struct config_pair){ key->text, value };
    }
    return ok;
}
