/* The operator's configuration: one YAML file, checked whole, with typed values.
 *
 *   bytes ─► tree (libyaml events, each node with its line and column)
 *         ─► expand ${VAR}, file:/path
 *         ─► schema (tables of keys and types) ─► struct config
 *
 * A config is either complete and valid or it is a list of all errors; there is nothing in between.
 * Every error names the file, line and column, the offender, and what to write instead.
 * docs/config.md describes the keys.
 *
 * Scalars: `${VAR}` is replaced by the environment variable (an error when it is not set),
 * `${VAR:default}` by the default when VAR is unset or empty; `$$` is a dollar sign; a `$` before
 * anything else stands for itself.  What comes out is text, it is never parsed as YAML again.
 * A secret may also be `file:/path` (relative to the directory of the config): the file's content
 * without the line end at its end. */
#ifndef LLMUX_CONFIG_CONFIG_H
#define LLMUX_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "runtime/base/str.h"
#include "runtime/route/strategy.h"
#include "server/log/log.h"

#define CONFIG_BYTES_MAX  (1u << 20) /* bytes of a config file */
#define CONFIG_ERRORS_MAX 50         /* errors reported; more are counted only */

/* Where to listen: `127.0.0.1:8080`, `[::1]:8080`, `:8080` (every address) or `unix:/path`. */
struct config_listen {
    struct str text; /* as written, for messages */
    struct str host; /* without brackets; absent for every address, and for unix */
    struct str path; /* of a unix socket; absent otherwise */
    unsigned port;   /* 0 asks the kernel for a free one */
};

/* Can nobody but this machine reach it? */
bool config_listen_is_local(const struct config_listen *l);

/* Times are in milliseconds, sizes in bytes. */
struct config_server {
    struct config_listen *listen; /* n_listen >= 1 */
    unsigned n_listen;
    struct config_listen admin; /* admin.text absent: no admin port */
    struct str admin_key;       /* secret that the admin port wants; absent: none */
    unsigned workers;           /* 0: auto, one for each core */
    unsigned max_connections;   /* of clients, over all workers */
    uint64_t max_body;          /* of a request */
    uint64_t drain_timeout;     /* on shutdown: for running requests to end */
    uint64_t head_timeout;      /* from the first byte of a head to its last */
    uint64_t body_timeout;      /* between two reads of a request's body */
    uint64_t idle_timeout;      /* of a kept-alive connection without a request */
    uint64_t keepalive_comment; /* between two SSE comments to a waiting client; 0: off */
    uint64_t overload_lag;      /* of a worker's loop, for which requests are refused; 0: off */
    struct str tls_cert;        /* PEM file, chain included; absent: plain HTTP */
    struct str tls_key;         /* PEM file; present exactly when tls_cert is */
    enum log_level log_level;
    enum log_format log_format;
    struct str log_file; /* absent: standard output */
};

/* Words such as tags. */
struct config_words {
    struct str *v;
    unsigned n;
};

/* Of a million tokens, in any currency that is the same in the whole file. */
struct config_price {
    bool set;
    double input, output;
};

struct config_timeouts { /* ms */
    uint64_t connect;
    uint64_t first_byte;
    uint64_t idle;
    uint64_t total;
};

/* How much is let through at a time and in a minute: docs/resilience.md. */
struct config_limits {
    unsigned requests, request_burst; /* a minute; 0: no limit.  Burst 0: as many */
    unsigned tokens, token_burst;
    unsigned parallel;                      /* 0: no limit */
    unsigned queue;                         /* who may wait when that is reached */
    uint64_t wait;                          /* ms, the longest */
    unsigned lasting;                       /* thousandths of the permits; 0: as many as queue */
    unsigned adaptive_least, adaptive_most; /* most 0: parallel is fixed */
    unsigned adaptive_tolerance;            /* thousandths of the usual latency */
};

/* A time that a model's timeouts do not say, while its provider is read. */
#define CONFIG_UNSAID UINT64_MAX
#define CONFIG_TIMEOUTS_UNSAID \
    (struct config_timeouts) \
    { \
        CONFIG_UNSAID, CONFIG_UNSAID, CONFIG_UNSAID, CONFIG_UNSAID \
    }

/* Probes of a deployment: docs/resilience.md. */
enum config_probe { CONFIG_PROBE_LIST, CONFIG_PROBE_REQUEST };
struct config_health {
    uint64_t interval, timeout;  /* ms; interval 0: none */
    int by;                      /* enum config_probe */
    struct str path;             /* of what is asked for instead of the list; absent: the type's */
    unsigned healthy, unhealthy; /* in a row */
    unsigned jitter;             /* thousandths of the interval */
    int idle_only;               /* 1: only who has not answered anybody within the interval */
};

/* A model that a deployment serves.  A name with an asterisk is a wildcard (`claude-*`).  An
 * upstream name may have one asterisk if the name has one: it stands for what that one matched. */
struct config_model {
    struct str name;     /* what clients ask for */
    struct str upstream; /* what the provider is asked for; absent: what the client asked for */
    unsigned weight;     /* 1..1000, share among deployments of the same name; 0: not said */
    uint64_t rpm, tpm;   /* requests and tokens that it takes in a minute; 0: not said */
    unsigned tier;       /* 1..100, the first is tried first */
    struct config_words tags; /* requests with one of them come here, others do not */
    struct config_price price;
    bool wildcard;
    struct config_timeouts timeouts; /* where it says nothing, its provider's */
    struct config_health health;     /* the same */
};

/* An extra request header, or a policy: key and value. */
struct config_pair {
    struct str key;
    struct str value;
};

/* Credentials of the schemes that need more than a key; whatever is not said is absent. */
struct config_auth {
    struct str scheme; /* which one, when there could be several */
    struct str access_key_id, secret_access_key, session_token, profile, region;
    struct str credentials_file;
    struct str tenant_id, client_id, client_secret;
    struct str scope, token_url;
};

enum config_http_version { CONFIG_HTTP_1_1, CONFIG_HTTP_2 };

/* A deployment: one entry of `providers`. */
struct config_provider {
    struct str name;     /* unique; letters, digits, '.', '_', '-' */
    struct str type;     /* a compiled provider or a dialect */
    struct str base_url; /* no slash at its end; absent: the provider's own */
    struct str api_key;  /* secret; absent: none */
    struct config_auth auth;
    struct config_pair *headers; /* values may hold secrets: they count as such */
    unsigned n_headers;
    struct config_model *models; /* n_models >= 1 */
    unsigned n_models;
    struct config_timeouts timeouts;
    struct config_limits limits;
    struct config_health health; /* where it says nothing, that of resilience */
    struct config_pair *policies;
    unsigned n_policies;
    struct config_pair *settings; /* values of the places in the type's address */
    unsigned n_settings;
    struct str ca_file; /* PEM; absent: the system's */
    struct str proxy;   /* URL; absent: none */
    int http_version;   /* enum config_http_version: what is offered over TLS */
    unsigned line;      /* of the entry in the file, for messages */
};

/* When `model` cannot serve, try these models in order. */
struct config_fallback {
    struct str model;
    struct str *to;
    unsigned n_to;
};
struct config_fallbacks {
    struct config_fallback *v;
    unsigned n;
};

struct config_pairs {
    struct config_pair *v;
    unsigned n;
};

enum config_otlp_protocol { CONFIG_OTLP_HTTP, CONFIG_OTLP_GRPC };

/* What is told to those who watch.  Flags are 1 for yes. */
struct config_telemetry {
    int data_port;                /* metrics are served on the port for clients too */
    struct str service;           /* the name of this gateway */
    struct config_pairs resource; /* what else is told of it */
    /* otlp: where traces, metrics and logs are sent */
    struct str endpoint; /* absent: nowhere */
    enum config_otlp_protocol protocol;
    struct config_pairs headers;
    int compression;                /* 1: gzip */
    struct str ca_file;             /* PEM; absent: the system's */
    struct str cert_file, key_file; /* PEM; both or none */
    int send_traces, send_metrics, send_logs;
    uint64_t timeout, retry, delay, interval; /* ms */
    unsigned queue, batch;
    /* traces: which of them */
    unsigned sample; /* thousandths of those that begin here */
    int follow;      /* what a client has begun is recorded as it says */
    int keep_errors;
    uint64_t keep_slow;   /* ms; 0: slow ones are no exception */
    int propagate;        /* providers are told the trace */
    int content;          /* what is said is told, too, */
    uint64_t content_max; /* with so many bytes an attribute */
};

/* What went wrong with a model. */
enum config_trouble {
    CONFIG_TROUBLE_ANY,     /* every deployment failed */
    CONFIG_TROUBLE_CONTEXT, /* the request is longer than the model's context */
    CONFIG_TROUBLE_POLICY,  /* the provider's content policy refuses it */
    CONFIG_TROUBLES
};

/* How the deployments of one name are chosen from. */
/* Whether a stream that breaks when the client has a part of it goes on at another deployment. */
enum config_recovery {
    CONFIG_RECOVERY_OFF,
    CONFIG_RECOVERY_CONTINUE, /* where a provider goes on from what the assistant has begun to say */
    CONFIG_RECOVERY_ASK,      /* where it must be asked for that in words, too */
};
extern const struct str config_recovery_names[];

struct config_group {
    struct str name;
    enum route_strategy strategy;
    int recovery;               /* enum config_recovery */
    struct config_words models; /* whose deployments; none: those of the name itself */
};

/* Another name for a model. */
struct config_alias {
    struct str name; /* may be a wildcard */
    struct str model;
};

struct config_routing {
    enum route_strategy strategy; /* of what is in no group */
    unsigned retries;             /* further tries after the first, 0..10 */
    struct config_group *groups;
    unsigned n_groups;
    struct config_alias *aliases;
    unsigned n_aliases;
    struct config_fallbacks fallbacks[CONFIG_TROUBLES];
    unsigned fallback_depth; /* 1..10: steps from the asked model */
    int recovery;            /* enum config_recovery; of what is in no group */
    unsigned recovery_depth; /* 1..10: how often for one stream */
};

struct config_model_limits {
    struct str model;
    struct config_limits limits;
};

/* `media`: what is fetched for providers that want bytes. */
#define CONFIG_NETWORKS 16u
struct config_media {
    uint64_t max_bytes;       /* of all that one request wants */
    uint64_t timeout;         /* ms, of each call */
    unsigned redirects;       /* that are followed */
    struct network *networks; /* that may be called beside what is public */
    unsigned n_networks;
};

/* `redaction`: what is done about secrets and personal data in requests: docs/redaction.md. */
enum config_redact_mode {
    CONFIG_REDACT_OFF,
    CONFIG_REDACT_MASK,
    CONFIG_REDACT_HASH,
    CONFIG_REDACT_BLOCK,
    CONFIG_REDACT_VAULT,
};
#define CONFIG_ALL_KINDS    UINT64_MAX /* a set of enum redact_kind, by bit */
#define CONFIG_UNSAID_KINDS 0          /* of a rule: those of the section */

/* A pattern of the operator's. */
struct config_pattern {
    struct str name;
    struct str regex;
};

/* The first rule that fits decides.  What it does not name fits always. */
struct config_redaction_rule {
    struct config_words models;    /* as clients ask for them; globs */
    struct config_words providers; /* names of deployments; globs */
    struct config_words keys;      /* of clients; secrets */
    int mode;                      /* enum config_redact_mode */
    uint64_t kinds;
};

struct config_redaction {
    int mode; /* where no rule fits */
    uint64_t kinds;
    int allow_uncovered;    /* what cannot be redacted passes as it is; else it is refused */
    struct str key;         /* of hashes and placeholders; absent: one for this process */
    unsigned vault_entries; /* values of one request ... */
    uint64_t vault_bytes;   /* ... and their bytes */
    struct config_pattern *patterns;
    unsigned n_patterns;
    struct config_redaction_rule *rules;
    unsigned n_rules;
};

struct config_all_limits {
    struct config_limits gateway, client; /* each client */
    struct config_model_limits *models;
    unsigned n_models;
};

/* Who is told of breakers. */
#define CONFIG_WEBHOOK_QUEUE 1000u
struct config_webhook {
    struct str url;    /* a secret; absent: nobody */
    struct str secret; /* to sign with; absent: nothing is signed */
    struct config_pairs headers;
    struct str ca_file; /* PEM; absent: the system's */
    uint64_t timeout;   /* ms */
    unsigned tries;
    uint64_t backoff; /* ms, the first limit of the pause between two tries */
    unsigned queue;
};

/* What is done about deployments that fail: docs/resilience.md.  Shares are in thousandths. */
struct config_resilience {
    uint64_t backoff_first, backoff_most;
    uint64_t retry_after_most;
    unsigned budget_share, budget_floor; /* retries to requests; what is always allowed */
    uint64_t budget_window;
    unsigned breaker_failures; /* 0: no breakers */
    uint64_t breaker_open, breaker_open_most;
    unsigned breaker_probes, breaker_successes;
    uint64_t cooldown_time; /* 0: no cooldowns */
    uint64_t cooldown_most;
    unsigned cooldown_share, cooldown_requests;
    uint64_t cooldown_window;
    unsigned silence_calls; /* 0: nobody is taken for silent */
    uint64_t silence_least;
    unsigned hedge_share; /* 0: no hedges */
    unsigned hedge_quantile;
    uint64_t hedge_least;
    struct config_health health;
    struct config_webhook webhook;
};

/* "off", "mask", ... */
struct str config_redact_mode_name(enum config_redact_mode m);

struct node;

/* All of it lives in the arena given to config_load. */
struct config {
    struct config_server server;
    struct str plugins;                /* folder with providers in shared objects; absent: none */
    struct config_provider *providers; /* n_providers >= 1 */
    unsigned n_providers;
    struct config_routing routing;
    struct config_resilience resilience;
    struct config_all_limits limits;
    struct config_media media;
    struct config_redaction redaction;
    struct config_telemetry telemetry;
    struct str *secrets; /* api keys, values of extra headers, proxies with a password */
    unsigned n_secrets;
    const struct node *tree; /* as it was written, see tree.h */
};

struct config_error {
    unsigned line;   /* from 1; 0 when the file as a whole is meant */
    unsigned column; /* from 1, in characters; 0 with line 0 */
    struct str text; /* lower case, no full stop; never shows a secret */
};

/* Errors in the order of the file. */
struct config_errors {
    struct str file;
    struct config_error v[CONFIG_ERRORS_MAX];
    unsigned n;
    unsigned more; /* found but not kept */
};

enum config_type {
    CONFIG_TYPE_UNKNOWN,
    CONFIG_TYPE_COMPLETE,  /* a provider that knows its address */
    CONFIG_TYPE_NEEDS_URL, /* a dialect, or a provider without an address of its own */
};

/* What the config does not know by itself.  Each function may be NULL. */
struct config_world {
    /* Is this a provider type?  NULL: every type is, and needs a base_url. */
    enum config_type (*type)(void *ctx, struct str name);
    /* The i-th type that could be written; absent behind the last.  For messages. */
    struct str (*type_name)(void *ctx, unsigned i);
    /* Is this policy valid for this type?  If not, put into why what is wrong and what to write
     * instead, and return false.  NULL: all are. */
    bool (*policy)(void *ctx, struct str type, struct str key, struct str value, struct buf *why);
    /* The i-th thing that a deployment of this type may be told in `settings`; absent behind the
     * last.  *needed: it must be.  NULL: there is none. */
    struct str (*setting)(void *ctx, struct str type, unsigned i, bool *needed);
    /* Is there something that shows by GET, without costs, that a provider of this type works?  NULL: always. */
    bool (*probed)(void *ctx, struct str type);
    /* Load the providers of a folder: what is asked later knows them.  False, with the reason in why,
     * when it cannot be.  NULL: there are none. */
    bool (*plugins)(void *ctx, const char *folder, struct buf *why);
    /* Has this deployment, complete but for that, the credentials that its type needs?  If not, put
     * into why what is missing.  NULL: all have. */
    bool (*auth)(void *ctx, const struct config_provider *p, struct buf *why);
    /* Is it a regular expression that can be looked for?  If not, put into why what is wrong with it.
     * NULL: all are. */
    bool (*pattern)(void *ctx, struct str name, struct str regex, struct buf *why);
    /* The value of an environment variable, NULL when it is not set.  NULL: no variable is set. */
    const char *(*env)(void *ctx, const char *name);
    /* Read a whole file into content (for secrets, and to see that a certificate can be read);
     * false when it cannot be read, with the reason in why.  NULL: files are taken on trust, and
     * `file:` secrets are errors. */
    bool (*file)(void *ctx, const char *path, struct buf *content, struct buf *why);
    void *ctx;
};

/* The env and file of a real process. */
const char *config_world_env(void *ctx, const char *name);
bool config_world_file(void *ctx, const char *path, struct buf *content, struct buf *why);

/* Read and check the file at path.  Returns a config in the arena a, or NULL with at least one
 * error in errors, whose texts lie in the arena too (an arena that is full is an error itself).
 * Let the arena's cap be 16 MiB; a usual file needs a few kB. */
struct config *config_load(const char *path, const struct config_world *world, struct arena *a,
                           struct config_errors *errors);
/* The same for bytes already read; name stands for the file in messages, and its directory is
 * where relative `file:` paths begin. */
struct config *config_parse(struct str bytes, const char *name, const struct config_world *world,
                            struct arena *a, struct config_errors *errors);
/* Append one line for each error: `file:line:column: text`. */
void config_errors_print(const struct config_errors *errors, struct buf *out);

/* Append a line for each key, with what holds: `resilience.breaker.failures: 5  # default` where the
 * file does not say it.  Without secrets. */
void config_show(const struct config *c, struct buf *out);

/* The i-th key that a config may hold, and the section it stands in (`server`, `providers[]`, ...);
 * NULL behind the last.  For documents and tests. */
const char *config_key(unsigned i, const char **section);

#endif
