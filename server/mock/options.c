/* The emulator's file: the tables of its keys, for the reader of the gateway's config. */
#include "server/mock/options.h"

#include "server/config/reader.h"

/* The file as it is written. */
struct tls_part {
    struct str cert, key;
};

struct reply_part {
    struct mock_manner manner;
    unsigned token_bytes;
    int calls;
};

struct file {
    struct config_listen listen;
    unsigned workers;
    struct tls_part tls;
    struct str api_key;
    struct reply_part reply;
    struct mock_fixed_options fixed;
    struct str replay;
    const struct node *faults;
};

static bool
read_manner(struct config_reader *r, const struct config_field *f, const struct node *n, void *out)
{
    struct str text, bad;
    if (!config_text(r, f->key, n, &text))
        return false;
    if (mock_manner_words(out, text, &bad))
        return true;
    config_fail(r, n, "\"%s\": \"%.*s\" is not a word such as 429, delay=300ms or reset-after=3",
                f->key, STR_ARG(bad));
    return false;
}

static const struct config_field tls_fields[] = {
    { .key = "cert",
      .read = config_read_text,
      .need = CONFIG_REQUIRED,
      .offset = offsetof(struct tls_part, cert) },
    { .key = "key",
      .read = config_read_text,
      .need = CONFIG_REQUIRED,
      .offset = offsetof(struct tls_part, key) },
};
static const struct config_record tls = { "tls", tls_fields, 2 };

static const struct str calls_words[] = { STR_INIT("asked"), STR_INIT("always"), { NULL, 0 } };
static const struct config_field reply_fields[] = {
    { .key = "manner", .read = read_manner, .offset = offsetof(struct reply_part, manner) },
    { .key = "token_bytes",
      .read = config_read_int,
      .min = 1,
      .max = 4096,
      .offset = offsetof(struct reply_part, token_bytes) },
    { .key = "calls",
      .read = config_read_choice,
      .choices = calls_words,
      .offset = offsetof(struct reply_part, calls) },
};
static const struct config_record reply = { "reply", reply_fields, 3 };

static const struct config_field fixed_fields[] = {
    { .key = "bytes",
      .read = config_read_size,
      .max = 64u << 20,
      .offset = offsetof(struct mock_fixed_options, bytes) },
    { .key = "events",
      .read = config_read_int,
      .max = 1000000,
      .offset = offsetof(struct mock_fixed_options, events) },
    { .key = "event_bytes",
      .read = config_read_size,
      .min = 1,
      .max = 1u << 20,
      .offset = offsetof(struct mock_fixed_options, event_bytes) },
};
static const struct config_record fixed = { "fixed", fixed_fields, 3 };

static bool
read_fixed(struct config_reader *r, const struct config_field *f, const struct node *n, void *out)
{
    struct mock_fixed_options *o = out;
    (void)f;
    *o = (struct mock_fixed_options){ .set = true, .bytes = 256, .events = 64, .event_bytes = 16 };
    return config_record(r, &fixed, n, o);
}

static const struct config_field chance_fields[] = {
    { .key = "manner",
      .read = read_manner,
      .need = CONFIG_REQUIRED,
      .offset = offsetof(struct mock_chance, manner) },
    { .key = "one_in",
      .read = config_read_int,
      .min = 1,
      .max = 1000000,
      .need = CONFIG_REQUIRED,
      .offset = offsetof(struct mock_chance, one_in) },
};
static const struct config_record chance = { "faults[]", chance_fields, 2 };

static const struct config_field root_fields[] = {
    { .key = "listen", .read = config_read_listen, .offset = offsetof(struct file, listen) },
    { .key = "workers",
      .read = config_read_int,
      .min = 1,
      .max = MOCK_WORKERS_MAX,
      .offset = offsetof(struct file, workers) },
    { .key = "tls",
      .read = config_read_record,
      .record = &tls,
      .offset = offsetof(struct file, tls) },
    { .key = "api_key", .read = config_read_secret, .offset = offsetof(struct file, api_key) },
    { .key = "reply",
      .read = config_read_record,
      .record = &reply,
      .offset = offsetof(struct file, reply) },
    { .key = "fixed", .read = read_fixed, .offset = offsetof(struct file, fixed) },
    { .key = "replay", .read = config_read_text, .offset = offsetof(struct file, replay) },
    { .key = "faults", .read = config_read_node, .offset = offsetof(struct file, faults) },
};
static const struct config_record root = { "the file", root_fields,
                                           sizeof root_fields / sizeof *root_fields };

static void
read_chances(struct config_reader *r, const struct node *n, struct mock_options *o)
{
    unsigned room = 0;
    if (!n || config_node_is_null(n))
        return;
    if (n->kind != NODE_LIST) {
        config_fail(r, n, "\"faults\" must be a list, not %s", config_node_kind(n));
        return;
    }
    for (unsigned i = 0; i < n->n; i++) {
        struct mock_chance *c = CONFIG_PUSH(r, o->chances, o->n_chances, room);
        if (c)
            config_record(r, &chance, n->v[i].value, c);
    }
}

static void
read_root(struct config_reader *r, const struct node *n, struct mock_options *o)
{
    struct file f = { 0 };
    config_record(r, &root, n, &f);
    read_chances(r, f.faults, o);
    if (f.listen.path.p)
        config_fail(r, n, "\"listen\" must be an address with a port");
    o->listen = f.listen.text;
    o->workers = f.workers;
    o->tls_cert = f.tls.cert;
    o->tls_key = f.tls.key;
    o->api_key = f.api_key;
    o->manner = f.reply.manner;
    o->token_bytes = f.reply.token_bytes;
    o->calls = (enum mock_calls)f.reply.calls;
    o->fixed = f.fixed;
    o->replay = f.replay;
}

bool
mock_options_parse(struct str bytes, const char *name, struct arena *a, struct mock_options *o,
                   struct config_errors *errors)
{
    static const struct config_world world = { .env = config_world_env, .file = config_world_file };
    *o = (struct mock_options){ 0 };
    *errors = (struct config_errors){ .file = arena_str(a, str_from(name)) };
    struct config_reader r = { .world = &world, .arena = a, .errors = errors };
    struct node *n = config_tree(&r, bytes);
    if (n)
        read_root(&r, n, o);
    if (a->full)
        config_fail(&r, NULL, "the file needs more than %zu bytes of memory", a->cap);
    return errors->n == 0;
}

bool
mock_options_load(const char *path, struct arena *a, struct mock_options *o,
                  struct config_errors *errors)
{
    struct buf content, why;
    buf_init(&content, CONFIG_BYTES_MAX);
    buf_init(&why, FAULT_TEXT);
    bool ok = config_world_file(NULL, path, &content, &why);
    if (ok) {
        ok = mock_options_parse(buf_str(&content), path, a, o, errors);
    } else {
        *errors = (struct config_errors){ .file = arena_str(a, str_from(path)), .n = 1 };
        errors->v[0].text = arena_printf(a, "cannot read it: %.*s", STR_ARG(buf_str(&why)));
    }
    buf_fini(&content);
    buf_fini(&why);
    return ok;
}
