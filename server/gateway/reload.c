/* Reloading. */
#include "server/gateway/reload.h"

#include <pthread.h>
#include <stdlib.h>

#include "server/gateway/clock.h"
#include "server/log/log.h"

#define ARENA_MAX     ((size_t)4 << 20)
#define TEXT_MAX      (LOG_LINE_MAX - 512)
#define ERRORS_LOGGED 10u

/* What cannot change while the process runs. */
static const char *const fixed[] = { "server.listen",      "server.admin_listen",
                                     "server.workers",     "server.log.format",
                                     "server.log.file",    "telemetry.service",
                                     "telemetry.resource", "telemetry.otlp" };
#define N_FIXED (sizeof fixed / sizeof fixed[0])

struct reloader {
    struct gateway_source source;
    struct service *service;
    pthread_mutex_t one;    /* reload at a time; guards all that follows */
    struct gateway *newest; /* owned: one hold */
    void (*publish)(void *ctx, struct gateway *g);
    void *ctx;
    unsigned count; /* of snapshots so far */
    uint64_t bytes; /* a hash of the file that was read last, good or bad */
    struct arena arena;
    struct str started[N_FIXED]; /* the values of `fixed` that the process began with */
};

/* --- telling ------------------------------------------------------------------------------- */

static const char *
cause_name(enum reload_cause cause)
{
    switch (cause) {
    case RELOAD_START:
        return "start";
    case RELOAD_SIGNAL:
        return "signal";
    case RELOAD_FILE:
        return "file";
    case RELOAD_ADMIN:
        break;
    }
    return "admin";
}

static void
log_errors(const struct reloader *r, enum reload_cause cause, const struct config_errors *e)
{
    struct config_errors first = *e;
    struct log_line l;
    struct buf text;
    if (!log_begin(r->service->log, &l, LOG_LEVEL_ERROR, "reload_failed"))
        return;
    if (first.n > ERRORS_LOGGED) {
        first.more += first.n - ERRORS_LOGGED;
        first.n = ERRORS_LOGGED;
    }
    buf_init(&text, CONFIG_BYTES_MAX);
    config_errors_print(&first, &text);
    struct str s = str_trim(buf_str(&text));
    log_str(&l, "cause", str_from(cause_name(cause)));
    log_int(&l, "config", r->newest->number);
    log_own(&l, "msg", str_make(s.p, s.n < TEXT_MAX ? s.n : TEXT_MAX));
    log_end(&l);
    buf_fini(&text);
}

static void
log_changes(const struct reloader *r, enum reload_cause cause, const struct reload_report *p,
            uint64_t took_us)
{
    struct log_line l;
    struct buf text;
    if (!log_begin(r->service->log, &l, LOG_LEVEL_INFO, "reload"))
        return;
    buf_init(&text, TEXT_MAX);
    for (unsigned i = 0; i < p->changes.n; i++)
        buf_printf(&text, "%s%.*s %s", i ? ", " : "", STR_ARG(p->changes.v[i].path),
                   config_change_name(p->changes.v[i].kind));
    if (p->changes.more)
        buf_printf(&text, ", and %u more", p->changes.more);
    log_str(&l, "cause", str_from(cause_name(cause)));
    log_int(&l, "config", p->number);
    log_seconds(&l, "duration", took_us);
    log_own(&l, "changes", p->changes.n ? buf_str(&text) : STR("none"));
    log_end(&l);
    for (unsigned i = 0; i < p->n_waiting; i++)
        log_msg(r->service->log, LOG_LEVEL_WARN, "reload_waits",
                "%.*s cannot change while llmux runs: restart or upgrade it",
                STR_ARG(p->waiting[i]));
    buf_fini(&text);
}

/* --- loading ------------------------------------------------------------------------------- */

static struct str
value_of(const struct config *c, const char *path, struct arena *a)
{
    struct buf text;
    buf_init(&text, CONFIG_BYTES_MAX);
    config_print_value(c, path, &text);
    struct str value = arena_str(a, buf_str(&text));
    buf_fini(&text);
    return value;
}

/* Which keys are not what the process runs with? */
static void
find_waiting(const struct reloader *r, const struct config *c, struct arena *a,
             struct reload_report *out)
{
    for (unsigned i = 0; i < N_FIXED; i++)
        if (!str_eq(value_of(c, fixed[i], a), r->started[i]))
            out->waiting[out->n_waiting++] = str_from(fixed[i]);
}

/* FNV-1a; of no file: 0. */
static uint64_t
hash_file(const struct reloader *r)
{
    uint64_t h = 14695981039346656037u;
    struct buf content, why;
    if (!r->source.path)
        return 0;
    buf_init(&content, CONFIG_BYTES_MAX);
    buf_init(&why, FAULT_TEXT);
    if (!config_world_file(NULL, r->source.path, &content, &why))
        h = 0;
    for (size_t i = 0; h && i < content.n; i++)
        h = (h ^ (unsigned char)content.p[i]) * 1099511628211u;
    buf_fini(&content);
    buf_fini(&why);
    return h;
}

static void
take_over(struct reloader *r, struct gateway *g, struct arena *a, struct reload_report *out)
{
    config_diff(r->newest->config, g->config, a, &out->changes);
    find_waiting(r, g->config, a, out);
    g->number = ++r->count;
    log_set_level(r->service->log, g->config->server.log_level);
    gateway_drop(r->newest);
    r->newest = g;
    if (r->publish)
        r->publish(r->ctx, g);
}

/* Under the mutex. */
static void
reload(struct reloader *r, enum reload_cause cause, struct arena *a, struct reload_report *out)
{
    uint64_t from = clock_us();
    *out = (struct reload_report){ .ok = false };
    r->bytes = hash_file(r);
    struct gateway *g = gateway_load(&r->source, r->service, r->newest, a, &out->errors);
    out->ok = g;
    if (g)
        take_over(r, g, a, out);
    out->number = r->newest->number;
    if (g)
        log_changes(r, cause, out, clock_us() - from);
    else
        log_errors(r, cause, &out->errors);
}

void
reload_now(struct reloader *r, enum reload_cause cause, struct arena *a, struct reload_report *out)
{
    struct arena own;
    struct reload_report *report = out ? out : malloc(sizeof *report);
    if (!report)
        return;
    arena_init(&own, ARENA_MAX);
    pthread_mutex_lock(&r->one);
    reload(r, cause, a ? a : &own, report);
    pthread_mutex_unlock(&r->one);
    arena_fini(&own);
    if (!out)
        free(report);
}

void
reload_if_changed(struct reloader *r, enum reload_cause cause)
{
    pthread_mutex_lock(&r->one);
    bool changed = hash_file(r) != r->bytes;
    pthread_mutex_unlock(&r->one);
    if (changed)
        reload_now(r, cause, NULL, NULL);
}

/* --- its life ------------------------------------------------------------------------------ */

struct reloader *
reloader_create(const struct gateway_source *source, struct service *service, struct arena *a,
                struct config_errors *errors)
{
    struct reloader *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    *r = (struct reloader){ .source = *source, .service = service, .count = 1 };
    pthread_mutex_init(&r->one, NULL);
    arena_init(&r->arena, ARENA_MAX);
    r->bytes = hash_file(r);
    r->newest = gateway_load(source, service, NULL, a, errors);
    if (!r->newest) {
        reloader_destroy(r);
        return NULL;
    }
    r->newest->number = 1;
    for (unsigned i = 0; i < N_FIXED; i++)
        r->started[i] = value_of(r->newest->config, fixed[i], &r->arena);
    service->reloader = r;
    return r;
}

void
reloader_destroy(struct reloader *r)
{
    if (!r)
        return;
    gateway_drop(r->newest);
    pthread_mutex_destroy(&r->one);
    arena_fini(&r->arena);
    free(r);
}

void
reloader_publish(struct reloader *r, void (*publish)(void *ctx, struct gateway *g), void *ctx)
{
    pthread_mutex_lock(&r->one);
    r->publish = publish;
    r->ctx = ctx;
    pthread_mutex_unlock(&r->one);
}

struct gateway *
reloader_newest(struct reloader *r)
{
    pthread_mutex_lock(&r->one);
    struct gateway *g = gateway_hold(r->newest);
    pthread_mutex_unlock(&r->one);
    return g;
}

const char *
reloader_path(const struct reloader *r)
{
    return r->source.path;
}
