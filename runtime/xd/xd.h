/* The border between generated dialects and the written runtime ("xd": transducer).
 *
 * A generated file describes one dialect and the providers derived from it: for each of them one const struct
 * xd_dialect with functions that read and write requests, replies, stream events and errors.  They use nothing
 * but this header, the model (generated/ir.h) and the JSON writer.
 *
 *   bytes ─ framer ─► json_doc ─ read_* ─► struct ir_*  |  xd_flow_* ─► struct ir_event ─► sink
 *   struct ir_* | struct ir_event ─ write_* ─► struct jw ─► bytes
 *
 * One struct xd serves one direction of one exchange.  Reading an object has two passes: xd_scan walks the members
 * once and files the node of each known member in a slot (a nested path has a slot too), then the generated code
 * goes through the slots in the order of the spec's rows.  So the order of members on the wire never matters, the
 * last of repeated members wins, and unknown members are caught in one place. */
#ifndef LLMUX_XD_XD_H
#define LLMUX_XD_XD_H

#include "generated/ir.h"
#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "runtime/base/err.h"
#include "runtime/frame/framing.h"
#include "runtime/frame/messages.h"
#include "runtime/json/doc.h"
#include "runtime/json/text.h"
#include "runtime/json/writer.h"
#include "runtime/xd/moment.h"

/* Of the structs below, together with the model's types. */
#define XD_ABI (8u + IR_ABI)

struct xd;
struct xd_flow;

/* --- what a generated file consists of --------------------------------------------------------------- */

enum xd_rest { XD_REST_IGNORE, XD_REST_KEEP };

#define XD_SLOT_EMPTY (-2) /* written empty: what comes there all the same is lost */
#define XD_SLOT_NONE  (-1) /* only a container, or known and not looked at */

struct xd_keys;
struct xd_key {
    struct str name;           /* as on the wire, no escapes needed */
    int slot;                  /* where the value's node goes, or one of those below */
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
    const struct xd_table
        *base; /* whose rows follow, as far as these do not say the same; or NULL */
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
    struct str
        back; /* header: when there are more, or when to come back; absent: it does not say */
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
    const struct str
        *fronts;      /* what stands before the paths of a dialect that clients speak: "/v1" */
    unsigned nfronts; /* 0: the usual, see path.h */
    struct str lists; /* where clients ask for the names of models: "/models"; or absent */
    void (*write_list)(struct xd *x, const struct ir_model_list *m);
    /* ... and for one, at "/models/NAME" */
    void (*write_entry)(struct xd *x, const struct ir_model_entry *m);
    const struct str *models; /* globs of models it serves by default */
    unsigned nmodels;
    struct str
        telemetry; /* its name in OpenTelemetry; absent: its own, of a dialect the first word */
    const struct xd_dialect *const
        *also; /* the provider's other languages; ends with NULL, or NULL */
    const struct xd_policy *policies;
    unsigned npolicies;
    const struct xd_limit *limits;
    unsigned nlimits;
    struct str
        probe; /* behind the base URL: what shows by GET that it works, and costs nothing; or absent */
    const struct xd_op *ops;
    unsigned nops;
    void (*read_error)(struct xd *x, uint32_t at, struct ir_error *e);
    void (*write_error)(struct xd *x, const struct ir_error *e);
    /* Header rows of the error object: a NULL-name-terminated list with codec. */
    const struct xd_table *faults; /* kind <-> word and status */
    struct str retry_after, request_id,
        error_word;  /* names of the reply headers that carry them, absent when none; the value of
                     * error_word is a word of faults */
    const void *own; /* what its generated file looks up in it; NULL: nothing */
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

/* --- the context --------------------------------------------------------------------------------------- */

enum xd_mode {
    XD_STRICT, /* requests and conformance: a wrong type or an unknown word is an error with its JSON path */
    XD_LENIENT, /* replies: it is noted as lost, and the rest goes on */
};

#define XD_LOSSES_MAX 64
struct xd_losses {
    struct str *v; /* distinct names, in the arena; at most XD_LOSSES_MAX */
    unsigned n, cap;
    unsigned more; /* how many did not fit */
};

#define XD_NOISE_MAX 6
/* The usual length from which texts stay in the document: shorter ones are sooner decoded than found again. */
#define XD_VERBATIM 64u

struct xd {
    const struct xd_dialect *dialect;
    const struct xd_op *op;
    enum xd_mode mode;
    struct arena
        *arena; /* borrowed: where what is read lives; in a stream reset after each frame */
    struct arena
        *keep; /* borrowed: what outlives a frame (names of losses); arena itself for documents */
    struct json_doc doc;
    struct buf *out; /* borrowed: where what is written goes; NULL for a reader */
    enum err err;    /* sticky */
    int64_t now;     /* seconds since 1970, for `now` */
    bool
        stream; /* writing a stream: values may be fragments, line ends in raw JSON would cut a frame */
    enum framing
        framing;      /* of the stream being written; the dialect's, unless set to another one */
    bool framed;      /* ... a frame was begun */
    size_t frame_at;  /* ... where in out, ... */
    bool frame_first; /* ... and it was the first */
    uint64_t frame_count; /* ... and how many were written before */
    bool mute;            /* ... what it is about has no form in this dialect */
    bool optional;        /* ... it is left out then; `left_out` says that this was done */
    bool left_out;
    bool skeleton;      /* writing a block as it opens: growing fields are written empty */
    struct str made_of; /* id of the reply being written, from which ids are made up */
    unsigned made;      /* its item being written */
    unsigned items;     /* how many were begun */
    unsigned piece;     /* how many of what its events bring were written: citations */
    uint64_t count;     /* frames written */
    struct eventstream_writer message; /* the frame being written in that framing */
    size_t wrapped;  /* where the document begins in out, when it is to be wrapped */
    bool failed;     /* the framing says that the frame being read is an error */
    struct str word; /* what an error is called outside of its body: by a header, by its frame */
    unsigned opened[16]; /* writing a stream: blocks opened so far, by kind ... */
    int open_kind;       /* ... and the kind of the last */

    /* What marks the seals of the peer (seal.h), as it reads them to others or gets them back; absent: they stay as they
     * are. */
    struct str seal;
    bool
        seal_in_place; /* ... its reader speaks the peer's language: they are marked where they stand */
    /* ... what was marked so in this frame or document, as it came; of a request: the marks that were taken off. */
    struct xd_seals {
        struct str *v;
        unsigned n, cap;
    } sealed;
    /* Texts of at least so many bytes stay as they stand in the document, if they have escapes (xd_read_text); 0: none. */
    size_t verbatim_from;
    const struct json_doc *
        source; /* writing a request: borrowed, the document it was read from, if texts stay in it */

    struct xd_flow *flow;   /* the stream being read, or NULL */
    struct xd_patch *patch; /* the patch stream being written, or NULL */
    uint32_t noise
        [XD_NOISE_MAX]; /* values in the frame being read that have no effect: no row names their members */
    unsigned n_noise;
    struct str culprit; /* of a request that is refused: what it is about, among what was read */

    /* Mostly room: xd_init leaves what is not in use as it is. */
    struct jw w;
    struct xd_losses lost;
    struct fault fault;
};

/* --- reading, called by generated code ------------------------------------------------------------------ */

/* File the members of object `at` in v (shape->slots entries, 0 = missing or null).  With XD_REST_KEEP unknown members go
 * to *rest (may be NULL: noted as lost).  False, with an error or a loss noted, when `at` is not an object. */
bool
xd_scan(struct xd *x, uint32_t at, const struct xd_shape *shape, uint32_t *v, struct ir_rest *rest);
/* The case that the tag member of object `at` selects; t->other for an unknown one, -1 when there is none (an error or
 * loss is noted). */
int xd_tag(struct xd *x, uint32_t at, const struct xd_tags *t);
/* The same for a union by member. */
int xd_member(struct xd *x, uint32_t at, const struct xd_members *t);
/* The same for elements that have the tag in one of two members: `first`, if it is there. */
int xd_tag_or(struct xd *x, uint32_t at, const struct xd_tags *first, const struct xd_tags *other);
/* The value at a path of members, "a.b"; 0 when there is none, or null. */
uint32_t xd_member_at(struct xd *x, uint32_t at, struct str path);
/* The event that the frame's name selects in a stream by frame; t->other when the framing says that the frame failed;
 * -1 for an unknown one, which is noted as lost. */
int xd_event(struct xd *x, struct str name, const struct xd_tags *t);
/* The value of a member of an object by its name, in snake_case too if camel; 0 when missing or null. */
uint32_t xd_member_node(struct xd *x, uint32_t at, struct str name, bool camel);
/* Has the object other members that are not null?  The object without this member, as JSON. */
bool xd_member_others(struct xd *x, uint32_t at, struct str name, bool camel);
struct str xd_member_without(struct xd *x, uint32_t at, struct str name, bool camel);
/* A node of another kind than wanted: error (strict) or loss (lenient).  want: "string or array". */
void xd_mismatch(struct xd *x, uint32_t at, const char *want);
/* Does object `at` have this member, which makes it no element of its own but a part of the one before?  before:
 * NULL when there is none, which is noted as a loss. */
bool xd_apart(struct xd *x, uint32_t at, struct str member, const void *before);
/* A required member is missing: error in either mode for requests, loss for replies. */
void xd_missing(struct xd *x, uint32_t at, const char *member);

void xd_read_str(struct xd *x, uint32_t at, struct str *v);
/* The same for what is written as text: a long one may stay as it stands in the document (x->verbatim_from). */
void xd_read_text(struct xd *x, uint32_t at, struct str *v);
/* What a text of the model says, decoded if it is not.  Of a request, never look into one without this. */
struct str xd_text(struct xd *x, struct str v);
/* Does a text say nothing but white space? */
bool xd_is_blank(struct xd *x, struct str v);
/* Append a text to x->out as the inside of a string. */
void xd_escape(struct xd *x, struct str v);
void xd_read_json(struct xd *x, uint32_t at, struct str *v); /* raw bytes */
void xd_read_json_in_string(struct xd *x, uint32_t at,
                            struct str *v); /* the decoded string is the raw JSON */
void xd_read_json_object(struct xd *x, uint32_t at, struct str *v); /* raw bytes of an object */
void xd_read_json_text(struct xd *x, uint32_t at,
                       struct str *v); /* a string's text, of other values the bytes */
void xd_read_int(struct xd *x, uint32_t at, struct ir_int *v);
void xd_read_real(struct xd *x, uint32_t at, struct str *v); /* number text */
void xd_read_bool(struct xd *x, uint32_t at, enum ir_bool *v);
void xd_read_not(struct xd *x, uint32_t at, enum ir_bool *v);
/* The value for the word at `at`, or `unset` (0) when it is not in the table: error (strict) or loss (lenient). */
int xd_read_word(struct xd *x, uint32_t at, const struct xd_table *t);
void xd_read_pair(struct xd *x, uint32_t at, const struct xd_pairs *t,
                  struct str *v); /* unknown: taken as it is */
/* array of words */
void xd_read_pairs(struct xd *x, uint32_t at, const struct xd_pairs *t, struct ir_strs *v);
/* The value that this word is read as, 0 when there is none. */
int xd_value_of(const struct xd_table *t, struct str word);
/* Base64 in either alphabet, as the standard one with padding. */
void xd_read_base64(struct xd *x, uint32_t at, struct str *v);
/* "34s", "1.5s": whole seconds, rounded up */
void xd_read_duration(struct xd *x, uint32_t at, struct ir_int *v);
/* The only string of an array; of several none, which is noted as lost. */
void xd_read_alone(struct xd *x, uint32_t at, struct str *v);
/* A budget of tokens for thinking: 0 is off, -1 as the model sees fit. */
void xd_read_budget(struct xd *x, uint32_t at, struct ir_reasoning *v);
/* The result of a call as an object: {"result": text}, {"error": text}, or anything else as it is. */
void xd_read_outcome(struct xd *x, uint32_t at, struct ir_block *v);
/* A string behind a fixed one, which may be missing. */
void xd_read_behind(struct xd *x, uint32_t at, struct str prefix, struct str *v);
void xd_read_strs(struct xd *x, uint32_t at, struct ir_strs *v);  /* array of strings */
void xd_read_jsons(struct xd *x, uint32_t at, struct ir_strs *v); /* array of any values, raw */
void xd_read_media_url(struct xd *x, uint32_t at,
                       struct ir_source *v); /* data: URL -> bytes, else url */
void xd_read_data_url(struct xd *x, uint32_t at,
                      struct ir_source *v); /* data: URL or bare base64 -> bytes */
/* A text to go on with: one turn of the user.  Several, or tokens, are a foreign block. */
void xd_read_prompt(struct xd *x, uint32_t at, struct ir_request *m);
void xd_read_prompt_beside(struct xd *x, uint32_t at, struct ir_request *m);
/* A list of bare base64: images of the turn of the user. */
void xd_read_prompt_images(struct xd *x, uint32_t at, struct ir_request *m);
/* A list of bare base64, or of data: URLs: a block of this kind for each. */
void xd_read_bytes(struct xd *x, uint32_t at, struct ir_blocks *l, enum ir_block_kind kind);
void xd_read_seconds(struct xd *x, uint32_t at,
                     struct ir_int *v); /* a number, or its digits in a string */
/* The same from a header's text; what is not a whole number of seconds says nothing. */
void xd_seconds(struct str text, struct ir_int *v);
/* A fragment of a growing string field: as xd_read_str, but in a stream half of a surrogate pair at either edge is kept
 * for xd_flow_*, which joins it with the other half (see wtf8.h): the value must go nowhere else. */
void xd_read_part(struct xd *x, uint32_t at, struct str *v);

/* What vectors are made of: a text, a list of texts, a list of numbers of tokens, a list of such lists. */
void xd_read_texts_or_tokens(struct xd *x, uint32_t at, struct ir_inputs *v);
/* A vector: an array of numbers, or base64 of 32-bit floats; base64 of bytes (int8). */
void xd_read_vector(struct xd *x, uint32_t at, struct ir_numbers *v);
void xd_read_packed_ints(struct xd *x, uint32_t at, struct ir_numbers *v);
/* A reply's only vector. */
void xd_read_one_vector(struct xd *x, uint32_t at, struct ir_vectors *v);
/* Arrays of such vectors, which are appended; they count from 0. */
void xd_read_float_vectors(struct xd *x, uint32_t at, struct ir_vectors *v);
void xd_read_packed_vectors(struct xd *x, uint32_t at, struct ir_vectors *v);
void xd_read_int8_vectors(struct xd *x, uint32_t at, struct ir_vectors *v);
void xd_read_uint8_vectors(struct xd *x, uint32_t at, struct ir_vectors *v);
void xd_read_binary_vectors(struct xd *x, uint32_t at, struct ir_vectors *v);
void xd_read_ubinary_vectors(struct xd *x, uint32_t at, struct ir_vectors *v);

/* Is the node of this kind?  If not, a mismatch is noted. */
static inline bool
xd_want(struct xd *x, uint32_t at, enum json_kind kind)
{
    if (json_kind(&x->doc, at) == kind)
        return true;
    xd_mismatch(x, at, json_kind_name(kind));
    return false;
}

/* Present, and not "" or []: for members of which the first that says something counts. */
static inline bool
xd_some(const struct xd *x, uint32_t at)
{
    if (at == 0)
        return false;
    if (json_kind(&x->doc, at) == JSON_STRING)
        return x->doc.nodes[at].n > 0;
    return x->doc.nodes[at].next > at + 1 || json_kind(&x->doc, at) < JSON_OBJECT;
}

/* As xd_want of an array, but an object stands for the only element of one. */
static inline bool
xd_want_items(struct xd *x, uint32_t at)
{
    return json_kind(&x->doc, at) == JSON_OBJECT || xd_want(x, at, JSON_ARRAY);
}
#define XD_ITEMS(x, i, at) \
    for (uint32_t i = (at) + (json_kind(&(x)->doc, at) == JSON_ARRAY); \
         i < (x)->doc.nodes[at].next; i = (x)->doc.nodes[i].next)

/* for each element i of the array node `at` */
#define XD_EACH(x, i, at) \
    for (uint32_t i = (at) + 1; i < (x)->doc.nodes[at].next; i = (x)->doc.nodes[i].next)

/* As xd_read_word, but an unknown word is no news: 0. */
int xd_try_word(struct xd *x, uint32_t at, const struct xd_table *t);
/* A block index of a stream event. */
void xd_read_index(struct xd *x, uint32_t at, unsigned *v);

/* The number under `member` of the object `at`, -1 when there is none. */
int64_t xd_key_of(const struct xd *x, uint32_t at, struct str member);
/* A string, or an array of parts with a `text` each: their texts joined. */
void xd_read_texts(struct xd *x, uint32_t at, struct str *v);
/* Base64 of a text; what is base64 of other bytes is kept so that it can be written back. */
void xd_read_base64_text(struct xd *x, uint32_t at, struct str *v);
void xd_read_text_parts(struct xd *x, uint32_t at, struct str *v); /* the same */

/* An array of parts with a `text` each: their texts, a blank line between them.  Without any part
 * nothing is changed. */
void xd_read_text_in(struct xd *x, uint32_t at, struct str *v);
/* A string that is a whole conversation: one turn of the user. */
void xd_read_turn(struct xd *x, uint32_t at, struct ir_request *m);

/* Append a zeroed element; NULL (and ERR_LIMIT) when the arena is full. */
#define XD_PUSH(x, list) \
    xd_push((x), (void **)&(list)->v, &(list)->n, &(list)->cap, sizeof *(list)->v)
void *xd_push(struct xd *x, void **v, unsigned *n, unsigned *cap, size_t size);
/* The turn that the next blocks of this role belong to: the last one when its role is the same, else a new one. */
struct ir_turn *xd_turn(struct xd *x, struct ir_request *m, enum ir_role role);
/* Element i of a list of choices, made when missing.  NULL (and ERR_LIMIT) beyond XD_CHOICES_MAX. */
struct ir_choice *xd_choice(struct xd *x, struct ir_choices *l, unsigned i);
struct ir_input *xd_input(struct xd *x, struct ir_inputs *l, unsigned i);

/* prompt = input + cache_read + cache_write: when the whole was read, make it what remains without the parts.  Parts are
 * cut to what is there, so that the sum is always the number that the peer said. */
void xd_rest_of(struct ir_int *whole, struct ir_int *const *parts, unsigned n);
/* Add what is set. */
void xd_add(struct ir_int *to, const struct ir_int *more);
/* The first without the others, at least 0; set when the first is. */
struct ir_int xd_difference(const struct ir_int *const *parts, unsigned n);
/* The sum, a missing part counting as 0; always set. */
struct ir_int xd_sum(const struct ir_int *const *parts, unsigned n);

/* --- writing, called by generated code ----------------------------------------------------------------------- */

/* Each writes nothing when the value is absent.  The key was set by jw_key before; a key left over is dropped. */
void xd_put_str(struct xd *x, struct str key, struct str v);
void xd_put_json(struct xd *x, struct str key, struct str v);
void xd_put_json_object(struct xd *x, struct str key,
                        struct str v); /* "", null, not an object: {} and a loss */
void xd_put_json_in_string(struct xd *x, struct str key,
                           struct str v); /* "" and null in a whole document: "{}" */
void xd_put_raw(struct xd *x, struct str key,
                struct str json); /* never absent or empty; fit for a frame */
void xd_put_int(struct xd *x, struct str key, struct ir_int v);
void xd_put_int_min(struct xd *x, struct str key, struct ir_int v,
                    int64_t min); /* clamped; what was raised is noted as lost */
void xd_put_seconds(struct xd *x, struct str key, struct ir_int v);
void xd_put_real(struct xd *x, struct str key, struct str v);
void xd_put_real_max(struct xd *x, struct str key, struct str v,
                     const char *max); /* clamped; a cut is noted as lost */
void xd_put_bool(struct xd *x, struct str key, enum ir_bool v);
void xd_put_not(struct xd *x, struct str key, enum ir_bool v);
bool xd_put_word(struct xd *x, struct str key, const struct xd_table *t,
                 int value); /* false: no such row, nothing written */
void xd_put_pair(struct xd *x, struct str key, const struct xd_pairs *t, struct str v);
void xd_put_behind(struct xd *x, struct str key, struct str prefix, struct str v);
void xd_put_strs(struct xd *x, struct str key, const struct ir_strs *v);
void xd_put_jsons(struct xd *x, struct str key, const struct ir_strs *v);
void xd_put_base64_text(struct xd *x, struct str key, struct str v);
void xd_put_text_parts(struct xd *x, struct str key, struct str v); /* [{"text":v}] */
void xd_put_texts(struct xd *x, struct str key, struct str v);      /* [{"type":"text","text":v}] */
/* A conversation as one text (prompt.c): whose each of several texts is stands before it. */
bool xd_put_prompt(struct xd *x, struct str key, const struct ir_request *m);
/* The same where the instructions and the images have members of their own; and those images. */
bool xd_put_prompt_beside(struct xd *x, struct str key, const struct ir_request *m);
bool xd_put_prompt_images(struct xd *x, struct str key, const struct ir_request *m);
/* "2026-01-31T00:00:00Z" */
void xd_put_date(struct xd *x, struct str key);
/* Blocks of a kind (images) as a list of bare base64.  What stands elsewhere is noted as lost. */
void xd_put_bytes(struct xd *x, struct str key, const struct ir_blocks *l, enum ir_block_kind kind);
bool xd_put_media_url(struct xd *x, struct str key,
                      const struct ir_source *v); /* false: not of this form */
bool xd_put_data_url(struct xd *x, struct str key, const struct ir_source *v);
/* [{"type": type, "text": v}], [] when v is absent or the block opens. */
void xd_put_text_in(struct xd *x, struct str key, struct str type, struct str v);
/* An id that is made up for item x->made of the reply: the same whenever it is said. */
void xd_put_made(struct xd *x, struct str key, struct str prefix);
/* The number of the frame in its stream, from 0. */
void xd_put_count(struct xd *x, struct str key);
void xd_put_texts_or_tokens(struct xd *x, struct str key, const struct ir_inputs *v);
bool xd_put_vector(struct xd *x, struct str key, const struct ir_numbers *v);
bool xd_put_packed_ints(struct xd *x, struct str key, const struct ir_numbers *v);
/* The first vector; another one does not fit. */
void xd_put_one_vector(struct xd *x, struct str key, const struct ir_vectors *v);
/* The vectors of one encoding. */
void xd_put_float_vectors(struct xd *x, struct str key, const struct ir_vectors *v);
void xd_put_packed_vectors(struct xd *x, struct str key, const struct ir_vectors *v);
void xd_put_int8_vectors(struct xd *x, struct str key, const struct ir_vectors *v);
void xd_put_uint8_vectors(struct xd *x, struct str key, const struct ir_vectors *v);
void xd_put_binary_vectors(struct xd *x, struct str key, const struct ir_vectors *v);
void xd_put_ubinary_vectors(struct xd *x, struct str key, const struct ir_vectors *v);
/* An element of a list whose elements are known by their place cannot be written: ERR_UNSUPPORTED. */
void xd_no_element(struct xd *x, struct str key);
/* As xd_put_str / xd_put_json_object, but while x->skeleton the value is written empty: "" or {}. */
void xd_put_growing(struct xd *x, struct str key, struct str v);
void xd_put_growing_object(struct xd *x, struct str key, struct str v);
void xd_put_pairs(struct xd *x, struct str key, const struct xd_pairs *t, const struct ir_strs *v);
void xd_put_base64(struct xd *x, struct str key, struct str v);
void xd_put_duration(struct xd *x, struct str key, struct ir_int v);
void xd_put_alone(struct xd *x, struct str key, struct str v);
bool xd_put_budget(struct xd *x, struct str key, const struct ir_reasoning *v);
bool xd_put_outcome(struct xd *x, struct str key, const struct ir_block *v);
/* The rest members that stood in this container of this object; called before the container is closed. */
void xd_put_rest(struct xd *x, const struct xd_shape *shape, const char *container,
                 const struct ir_rest *rest);
/* The word for a value, absent when the table has none to write. */
struct str xd_word_of(const struct xd_table *t, int value);
/* The value of the table's first phrase, a word that begins and ends with an asterisk, whose inside stands in the text,
 * upper or lower case; 0 when there is none.  t may be NULL. */
int xd_phrase_in(const struct xd *x, struct str text, const struct xd_table *t);
/* The row that writes the value, or NULL.  t may be NULL. */
const struct xd_word *xd_word_row(const struct xd_table *t, int value);

/* What the target cannot carry.  `name` is a model path ("sampling.seed"); distinct names are kept once. */
void xd_lose(struct xd *x, const char *name);
/* A block of this kind. */
void xd_lose_block(struct xd *x, enum ir_block_kind kind);
/* Blocks whose kind is not in the mask (bit 1u << kind). */
void xd_lose_blocks(struct xd *x, const struct ir_blocks *l, uint32_t mask);

/* The position of the open block among those of the kinds in the mask. */
unsigned xd_ordinal(const struct xd *x, uint32_t mask);

/* Gather: how many blocks of the kinds in mask; the text of all blocks of one kind as one JSON string value. */
unsigned xd_count_blocks(const struct ir_blocks *l, uint32_t mask);
/* Is it exactly one block of this kind (among those in mask), with nothing but its first text field? */
bool xd_single_text(const struct ir_blocks *l, uint32_t mask, enum ir_block_kind kind);

/* The first block whose kind is in the mask, NULL when there is none. */
const struct ir_block *xd_first_block(const struct ir_blocks *l, uint32_t mask);
/* The last block of this kind, made when there is none (reading members that belong to a block said before). */
struct ir_block *xd_last_block(struct xd *x, struct ir_blocks *l, enum ir_block_kind kind);
/* How many of the blocks from `from` on have a kind in the mask, counted until the first that has not. */
unsigned xd_run_blocks(const struct ir_blocks *l, unsigned from, uint32_t mask);
/* Rest members that have no place in the model. */
void xd_lose_rest(struct xd *x, const struct ir_rest *rest);
/* The refusal of this member, NULL when it may get lost or says nothing. */
const struct xd_refusal *xd_refusal_of(const struct ir_rest_item *item);
void xd_put_index(struct xd *x, struct str key, unsigned v);
/* After jw_key: no value comes after all. */
static inline void
xd_no_key(struct xd *x)
{
    x->w.key = (struct str){ NULL, 0 };
}

/* ... because the block, or the part of one, has no form here. */
static inline void
xd_no_value(struct xd *x)
{
    xd_no_key(x);
    x->mute = true;
}

/* Why the first candidate stopped: one that was never spoken of has come to its end. */
static inline enum ir_stop
xd_reply_stop(const struct ir_reply *m)
{
    return m->choices.n && m->choices.v[0].stop ? m->choices.v[0].stop : IR_STOP_END;
}

/* Frames of the stream being written.  name may be absent: no event line.  The JSON goes between the two. */
void xd_frame_open(struct xd *x, struct str name);
void xd_frame_close(struct xd *x);
/* The frame that is open was none. */
void xd_frame_drop(struct xd *x);
/* A frame that fails, in a framing that has such frames: named by the error's word in t. */
void xd_frame_open_failed(struct xd *x, const struct xd_table *t, const struct ir_error *e);
/* Kind and status of an error by the name of the frame that failed, if it is a word of t. */
void xd_frame_fault(struct xd *x, const struct xd_table *t, struct ir_error *e);
void xd_frame_text(struct xd *x, struct str data); /* data: [DONE]; no other framing needs it */
void xd_frame_comment(struct xd *x); /* a beat in a dialect that has no event for it */
/* Nothing comes behind this: what closes the stream in its framing. */
void xd_frame_last(struct xd *x);

/* --- the stream being read: any dialect's events become a word of the model's grammar --------------------------- */

void xd_flow_begin(struct xd *x, const struct ir_reply *r);
void xd_flow_open(struct xd *x, unsigned choice, unsigned key, const struct ir_block *b);
void xd_flow_grow(struct xd *x, unsigned choice, unsigned key, const struct ir_block *frag);
void xd_flow_close(struct xd *x, unsigned choice, unsigned key);
/* The kind of the block that is open under this key, IR_BLOCK_UNSET when none is. */
enum ir_block_kind xd_flow_open_kind(struct xd *x, unsigned choice, unsigned key);
/* A fragment of a dialect without block boundaries: it grows the open block when that is of the same kind, else it
 * closes that and opens a new one. */
void xd_flow_patch(struct xd *x, unsigned choice, const struct ir_block *frag);
/* The same where calls come whole: each is a block of its own. */
void xd_flow_whole(struct xd *x, unsigned choice, const struct ir_block *frag);
/* A fragment of one of several blocks that may interleave (tool calls).  key as on the wire, or -1 when the wire had
 * none.  The first open one flows, the others are parked (capped) until it closes. */
void xd_flow_patch_keyed(struct xd *x, unsigned choice, int64_t key, const struct ir_block *frag);
/* Streams of items: blocks are parts of items, and what came in pieces is said again as a whole.
 * open   the blocks of these kinds (1u << kind) begin; others will come whole
 * grow   a piece of a block, which begins if need be; pieces of one text have numbers
 * close  the blocks from this part on, or all of an item, are complete: *l says all, also what no
 *        piece has said
 * end    *r says all; its blocks count if nothing was said before */
void xd_flow_open_item(struct xd *x, unsigned index, unsigned part, const struct ir_blocks *l,
                       uint32_t kinds);
void xd_flow_grow_item(struct xd *x, unsigned index, unsigned part, unsigned piece,
                       const struct ir_block *frag);
void xd_flow_close_part(struct xd *x, unsigned index, unsigned part, const struct ir_blocks *l);
void xd_flow_close_item(struct xd *x, unsigned index, const struct ir_blocks *l);
void xd_flow_end_items(struct xd *x, const struct ir_reply *r);
void xd_flow_stop(struct xd *x, unsigned choice, enum ir_stop stop, struct str stop_text);
void xd_flow_usage(struct xd *x, const struct ir_usage *u); /* last value of each field wins */
void xd_flow_end(struct xd *x);
void xd_flow_beat(struct xd *x);
void xd_flow_fail(struct xd *x, const struct ir_error *e);
/* Step the order automaton.  False: the event is to be skipped, or the stream is faulty (x->err). */
bool xd_flow_order(struct xd *x, unsigned event);

/* --- the patch stream being written -------------------------------------------------------------------------------- */

/* Of one choice: calls opened so far, blocks of thinking, and the kind of the last block. */
struct xd_patch_choice {
    unsigned short calls, thoughts;
    unsigned char kind;
};
/* What every chunk repeats and what counts calls; kept by the runtime, used by generated write_event functions. */
struct xd_patch {
    struct ir_reply head; /* id, model, tier: in the stream's arena */
    struct buf each;      /* rendered members of `each`, with a trailing comma */
    bool want_usage;      /* the client asked for usage */
    struct ir_usage usage;
    uint64_t begun[XD_CHOICES_MAX / 64]; /* bit by choice: its first chunk was written */
    unsigned choice;                     /* of the event being written */
    unsigned last;                       /* the highest choice that was begun */
    struct xd_patch_choice first;        /* the first choice, */
    struct xd_patch_choice
        *others; /* and all others, in the stream's arena; NULL before they begin */
    struct xd_patch_call
        *gathered; /* calls of dialects that say them as a whole; in the stream's arena */
};
#define XD_PATCH_CALL_BYTES (8u << 20)
/* The reply begins: keep its head and render the members of `each` once. */
void xd_patch_begin(struct xd *x, const struct ir_reply *reply,
                    void (*each)(struct xd *, const struct ir_reply *));
/* Is this the choice's first chunk?  Says so once. */
bool xd_patch_first(struct xd *x, unsigned choice);
/* Is the event's choice the last of those begun?  (Choices finish in their order.) */
bool xd_patch_last(const struct xd *x);
/* Start and end a chunk: the frame, the members of `each`. */
void xd_patch_open(struct xd *x);
void xd_patch_close(struct xd *x);
/* A block opens in the event's choice; and its ordinal from 0 among its like while it is open: among calls, or among
 * blocks of thinking, be they sealed or not. */
void xd_patch_count(struct xd *x, int kind);
unsigned xd_patch_key(struct xd *x);
/* Is the event about a call, which is gathered until it closes?  Then *whole is the call; its kind is unset before. */
bool xd_patch_gather(struct xd *x, const struct ir_event *e, struct ir_block *whole);

#endif
