/* `server`: where to listen and what to put up with from clients. */
#include <stddef.h>

#include "server/config/sections.h"

#define SECOND ((uint64_t)1000)
#define HOUR   (3600 * SECOND)
#define KIB    ((uint64_t)1024)
#define MIB    (1024 * KIB)
#define GIB    (1024 * MIB)

const struct config_server config_server_defaults = {
    .max_connections = 16384,
    .max_body = 32 * MIB,
    .drain_timeout = 30 * SECOND,
    .head_timeout = 10 * SECOND,
    .body_timeout = 30 * SECOND,
    .idle_timeout = 75 * SECOND,
    .keepalive_comment = 15 * SECOND,
    .overload_lag = 250,
    .log_level = LOG_LEVEL_INFO,
    .log_format = LOG_FORMAT_JSON,
};

/* One address or a list of them, into the struct config_server at out. */
static bool
read_listen(struct config_reader *r, const struct config_field *f, const struct node *n, void *out)
{
    struct config_server *s = out;
    unsigned count = n->kind == NODE_LIST ? n->n : 1;
    bool ok = true;
    if (count == 0) {
        config_fail(r, n, "\"%s\" is an empty list", f->key);
        return false;
    }
    s->listen = arena_alloc(r->arena, count * sizeof *s->listen);
    if (!s->listen)
        return false;
    s->n_listen = count;
    for (unsigned i = 0; i < count; i++)
        ok &= config_read_listen(r, f, n->kind == NODE_LIST ? n->v[i].value : n, &s->listen[i]);
    return ok;
}

static const struct str levels[] = {
    STR_INIT("debug"), STR_INIT("info"), STR_INIT("warn"), STR_INIT("error"), { 0 },
};
static const struct str formats[] = { STR_INIT("json"), STR_INIT("text"), { 0 } };

/* clang-format off */
#define AT(member) offsetof(struct config_server, member)

static const struct config_field tls_fields[] = {
    { "cert", config_read_file, AT(tls_cert), .need = CONFIG_REQUIRED },
    { "key",  config_read_file, AT(tls_key),  .need = CONFIG_REQUIRED },
};
const struct config_record config_tls_record = CONFIG_RECORD("server.tls", tls_fields);

static const struct config_field log_fields[] = {
    { "level",  config_read_choice, AT(log_level),  .choices = levels },
    { "format", config_read_choice, AT(log_format), .choices = formats },
    { "file",   config_read_text,   AT(log_file),   .need = CONFIG_OPTIONAL },
};
const struct config_record config_log_record = CONFIG_RECORD("server.log", log_fields);

static const struct config_field overload_fields[] = {
    { "lag", config_read_duration, AT(overload_lag), .min = 0, .max = HOUR },
};
const struct config_record config_overload_record =
    CONFIG_RECORD("server.overload", overload_fields);

static const struct config_field server_fields[] = {
    { "listen",            read_listen,          0,             .need = CONFIG_REQUIRED },
    { "admin_listen",      config_read_listen,   AT(admin),             .need = CONFIG_OPTIONAL },
    { "admin_key",         config_read_secret,   AT(admin_key),         .need = CONFIG_OPTIONAL },
    { "workers",           config_read_workers,  AT(workers),           .min = 1, .max = 1024 },
    { "max_connections",   config_read_int,      AT(max_connections),   .min = 1, .max = 10000000 },
    { "max_body",          config_read_size,     AT(max_body),          .min = KIB, .max = GIB },
    { "drain_timeout",     config_read_duration, AT(drain_timeout),     .min = 0, .max = HOUR },
    { "head_timeout",      config_read_duration, AT(head_timeout),      .min = 1, .max = HOUR },
    { "body_timeout",      config_read_duration, AT(body_timeout),      .min = 1, .max = HOUR },
    { "idle_timeout",      config_read_duration, AT(idle_timeout),      .min = 1, .max = HOUR },
    { "keepalive_comment", config_read_duration, AT(keepalive_comment), .min = 0, .max = HOUR },
    { "tls",               config_read_record,   0, .record = &config_tls_record },
    { "log",               config_read_record,   0, .record = &config_log_record },
    { "overload",          config_read_record,   0, .record = &config_overload_record },
};
/* clang-format on */

const struct config_record config_server_record = CONFIG_RECORD("server", server_fields);

bool
config_listen_is_local(const struct config_listen *l)
{
    return l->path.p || str_is(l->host, "localhost") || str_is(l->host, "::1")
           || str_starts(l->host, STR("127."));
}

void
config_check_server(struct config_reader *r, const struct node *root, const struct config_server *s)
{
    const struct node *at = config_node_value(root, STR("server"));
    at = at ? config_node_value(at, STR("admin_listen")) : NULL;
    if (at && s->admin.text.p && !s->admin_key.p && !config_listen_is_local(&s->admin))
        config_fail(r, at,
                    "\"admin_listen\": others than this machine can reach \"%.*s\": say an "
                    "\"admin_key\" too",
                    STR_ARG(s->admin.text));
}
