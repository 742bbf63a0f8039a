/* What a generated file consists of: the tables of a dialect, its operations and its settings. */
#ifndef LLMUX_XD_DIALECT_H
#define LLMUX_XD_DIALECT_H

#include "generated/ir.h"
#include "runtime/base/str.h"
#include "runtime/frame/framing.h"
#include "runtime/json/doc.h"
#include "runtime/xd/moment.h"

/* Of the structs below and of those in context.h, together with the model's types. */
#define XD_ABI (8u + IR_ABI)

struct xd;
struct xd_flow;

enum xd_rest { XD_REST_IGNORE, XD_REST_KEEP };

#define XD_SLOT_EMPTY (-2) /* written empty: what comes there all the same is lost */
#define XD_SLOT_NONE  (-1) /* only a container, or known and not looked at */

struct xd_keys;
struct xd_key {
    struct str name;           /* as on the wire, no escapes needed */
    int slot;                  /* where the value's node goes, or one of those above */
    const struct xd_keys *sub; /* members of the nested object, NULL: none */
};
struct xd_keys {
    const struct xd_key *v;
    unsigned n;
    const char *path; /* "function" or "a.b"; "" at the object itself */
};
/* An unknown member without which the object would mean something else. */
struct xd_refusal {
    struct str name;  /* "key", "container.key" */
    const char *code; /* of the error that says so; NULL: none of its own */
};
struct xd_shape {
    const char *family; /* base dialect; with `object` the identity for rest members */
    const char *object; /* the declaration's name */
    const struct xd_keys *keys;
    unsigned slots;
    enum xd_rest rest;
    bool camel; /* names are read in snake_case, too */
    const struct xd_refusal *refused;
    unsigned n_refused;
};
#define XD_SLOTS_MAX   64
#define XD_CHOICES_MAX 128u /* candidates of one reply */

/* One row of a table between wire words and an enum.  Rows keep the spec's order. */
struct xd_word {
    struct str wire;           /* absent for `*` */
    int value;                 /* enum value */
    short status;              /* HTTP status or 0 */
    unsigned char read, write; /* directions */
    short row;                 /* number of the spec's row, for the coverage count; -1: none */
    unsigned char bare;        /* a number, true or false: no string on the wire */
};
struct xd_table {
    const char *name;
    const struct xd_word *v;
    unsigned n;
    int other; /* value of `*`, or -1 */
    short other_row;
    /* whose rows follow, as far as these do not say the same; or NULL */
    const struct xd_table *base;
};
/* One row of a table between two strings. */
struct xd_pair {
    struct str wire, model;
    unsigned char read, write;
    short row;
    unsigned char bare;
};
struct xd_pairs {
    const char *name;
    const struct xd_pair *v;
    unsigned n;
};
/* The values of a tag member and the case each selects. */
struct xd_tag {
    struct str wire; /* absent: the tag is missing or null */
    int tag;
};
struct xd_tags {
    struct str member; /* "type" */
    const struct xd_tag *v;
    unsigned n;
    int other; /* `*`, or -1: an unknown tag is an error */
};

/* The members that select a case of a union by member: the first that is there and not null, if its condition holds. */
enum xd_if { XD_IF_THERE, XD_IF_TEXT, XD_IF_BEGINS, XD_IF_JSON };
struct xd_member {
    struct str path; /* "text", "a.b" */
    struct str when; /* path of what the condition is about; absent with XD_IF_THERE */
    enum xd_if how;  /* its text is `is`, begins with it; its JSON is `is` */
    struct str is;
    int tag;
};
struct xd_members {
    const struct xd_member *v;
    unsigned n;
    int other;  /* `*`, or -1 */
    bool camel; /* as xd_shape.camel */
};

/* Order of a typed stream: next[state * events + event] is a state, XD_ORDER_BAD or XD_ORDER_SKIP. */
enum { XD_ORDER_BAD = 255, XD_ORDER_SKIP = 254 };
struct xd_order {
    unsigned char states, events, start;
    const unsigned char *next;
    const unsigned char *accept; /* by state: may the stream end here? */
    const char *const *event_names;
};

/* What a dialect can be asked: the names of `post NAME` in the specs, in codegen/operation.c too. */
enum xd_op_kind {
    XD_OP_CHAT,
    XD_OP_EMBEDDINGS,
    XD_OP_RERANK,
    XD_OP_COUNT_TOKENS,
    XD_OP_MODERATIONS,
    XD_OP_IMAGES,
    XD_OP_IMAGE_EDITS,
    XD_OP_IMAGE_VARIATIONS,
    XD_OP_SPEECH,
    XD_OP_TRANSCRIPTIONS,
    XD_OP_TRANSLATIONS,
    XD_OP_STORED, /* what a provider keeps by an id, and what can be done with it */
    XD_OP_STORED_ITEMS,
    XD_OP_STORED_CANCEL,
    XD_OP_STORED_DELETE,
};
#define XD_OP_KINDS 15
/* How a request shows who pays.  The key of the first three is the operator's secret as it is; that of the last three
 * a token that is fetched, and sent as `Authorization: Bearer`. */
enum xd_auth_scheme {
    XD_AUTH_NONE,
    XD_AUTH_BEARER,             /* Authorization: Bearer KEY */
    XD_AUTH_HEADER,             /* NAME: KEY */
    XD_AUTH_QUERY,              /* ?NAME=KEY */
    XD_AUTH_SIGV4,              /* AWS Signature Version 4 for the service NAME */
    XD_AUTH_JWT_BEARER,         /* RFC 7523: a signed assertion for the scope NAME */
    XD_AUTH_CLIENT_CREDENTIALS, /* RFC 6749 4.4: id and secret for the scope NAME, at `url` */
    XD_AUTH_METADATA,           /* GET `url`: the machine's own account */
};
struct xd_auth {
    enum xd_auth_scheme scheme;
    struct str name;
    struct str url;
    struct str header; /* "Name: value", to be sent to the url; or absent */
    struct str env;    /* variable with the key, or with the path of the key's file; or absent */
};

struct xd_header {
    struct str name, value;
};

/* One declared model path, and where it goes; for names in messages. */
struct xd_name {
    const char *model;
    const char *wire;
};

/* Where streams are asked for when that is not where whole replies are. */
struct xd_path {
    struct str path;      /* "/models/{model}:stream" */
    struct str query;     /* "alt=sse", absent when there is none */
    enum framing framing; /* of the streams that come from there */
};

struct xd_op {
    enum xd_op_kind kind;
    struct str path;                 /* behind the base URL: "/chat/completions", see path.h */
    struct str method;               /* POST, GET, DELETE */
    const struct xd_path *streamed;  /* the first is asked, all are answered */
    unsigned nstreamed;              /* 0: streams are asked for at `path`, by a member */
    const struct xd_header *headers; /* constant request headers */
    unsigned nheaders;
    bool passes; /* bodies go through as they are: what follows the next three is absent */
    struct str cost_member; /* of a reply: what it has cost; absent: it does not say */
    void (*read_cost)(struct xd *x, uint32_t at, struct ir_usage *m);
    struct str usual_model; /* that a request means which names none; absent: it must name one */
    const struct xd_name *names; /* of requests: model path -> wire path; a NULL model ends them */
    void (*read_request)(struct xd *x, uint32_t at,
                         void *model); /* the record of a question (ask.h) */
    void (*write_request)(struct xd *x, const void *model);
    void (*read_reply)(struct xd *x, uint32_t at, void *model);
    void (*write_reply)(struct xd *x, const void *model);
    /* One frame's document; name is the frame's event name (absent when it has none).  Calls xd_flow_*. */
    void (*read_event)(struct xd *x, struct str name, uint32_t at);
    void (*write_event)(struct xd *x, const struct ir_event *e);
    /* Frames of this name hold the event's document, in base64, in this member of their own; absent: a frame is the
     * document. */
    struct str wrap_frame, wrap_member;
    struct str until; /* the data that ends a stream ("[DONE]"), absent when none does */
    const struct xd_order *order; /* NULL for streams of patches and of items */
    bool items; /* a stream of items: closes and the end say all again, so that it is collected */
    struct str error_member; /* a reply with this member is an error whatever its status */
    uint32_t slot_bytes;     /* what a stream keeps until its end; computed by specc */
};

/* What a deployment is told beside its key: `{region}` in the base. */
struct xd_setting {
    struct str name;
    struct str usual; /* its value when it is not told; absent: it must be */
};

struct xd_policy {
    enum ir_policy_name name;
    struct str value;
    const struct str *globs; /* upstream models it is for; none: all */
    unsigned nglobs;
};

/* What headers of replies say about the provider's limits. */
struct xd_limit {
    enum xd_limit_of { XD_LIMIT_REQUESTS, XD_LIMIT_TOKENS, XD_LIMIT_WAIT } of;
    struct str left; /* header: how many may still come; absent for XD_LIMIT_WAIT */
    /* header: when there are more, or when to come back; absent: it does not say */
    struct str back;
    enum xd_moment form; /* of back */
};

struct xd_row {
    const char *where;
    const char *text;
}; /* "openai/chat.spec:31", the row's source */

struct xd_dialect {
    uint32_t abi;        /* XD_ABI */
    const char *name;    /* "openai.chat", or the provider's name */
    const char *family;  /* the base dialect's name */
    const char *version; /* or NULL */
    bool provider;
    enum framing framing;        /* how its streams are written */
    unsigned framings;           /* ... and how they may come: a set */
    const struct xd_auth *auths; /* alternatives: that counts for which there are credentials */
    unsigned nauths;
    struct str base_url; /* absent: the config must give it; may have places, see path.h */
    const struct xd_setting *settings;
    unsigned nsettings;
    /* what stands before the paths of a dialect that clients speak: "/v1" */
    const struct str *fronts;
    unsigned nfronts; /* 0: the usual, see path.h */
    struct str lists; /* where clients ask for the names of models: "/models"; or absent */
    void (*write_list)(struct xd *x, const struct ir_model_list *m);
    /* ... and for one, at "/models/NAME" */
    void (*write_entry)(struct xd *x, const struct ir_model_entry *m);
    const struct str *models; /* globs of models it serves by default */
    unsigned nmodels;
    /* its name in OpenTelemetry; absent: its own, of a dialect the first word */
    struct str telemetry;
    /* the provider's other languages; ends with NULL, or NULL */
    const struct xd_dialect *const *also;
    const struct xd_policy *policies;
    unsigned npolicies;
    const struct xd_limit *limits;
    unsigned nlimits;
    /* behind the base URL: what shows by GET that it works, and costs nothing; or absent */
    struct str probe;
    const struct xd_op *ops;
    unsigned nops;
    void (*read_error)(struct xd *x, uint32_t at, struct ir_error *e);
    void (*write_error)(struct xd *x, const struct ir_error *e);
    const struct xd_table *faults; /* kind <-> word and status */
    /* Names of the reply headers that carry them, absent when none; the value of error_word is a word of faults. */
    struct str retry_after, request_id, error_word;
    const void *own;           /* what its generated file looks up in it; NULL: nothing */
    const struct xd_row *rows; /* every row of the spec, for the coverage count */
    unsigned nrows;
    unsigned char *seen_read, *seen_written; /* by row; NULL unless built with XD_COUNT_ROWS */
    const unsigned char *directions;         /* by row: 1 can be read, 2 can be written */
};

/* What a dialect that was compiled on its own exports (`specc --plugin`).  Its abi must be looked at first. */
const struct xd_dialect *xd_plugin(void);

#ifdef XD_COUNT_ROWS
#define XD_SEEN(array, row) ((array)[row] = 1)
#else
#define XD_SEEN(array, row) ((void)0)
#endif

#endif
