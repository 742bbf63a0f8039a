/* What an operation asks and answers: records of the model, by its kind.  Whoever serves operations of all kinds uses
 * these; for chat they do what translate.h does. */
#ifndef LLMUX_XD_ASK_H
#define LLMUX_XD_ASK_H

#include "runtime/xd/policy.h"
#include "runtime/xd/xd.h"

struct xd_ask {
    enum xd_op_kind kind;
    union {
        struct ir_request chat; /* of XD_OP_CHAT and XD_OP_COUNT_TOKENS */
        struct ir_embed_request embed;
        struct ir_rerank_request rerank;
    };
};

struct xd_answer {
    enum xd_op_kind kind;
    union {
        struct ir_reply chat;
        struct ir_embed_reply embed;
        struct ir_rerank_reply rerank;
        struct ir_count_reply count;
    };
};

/* The name of an operation's kind, as in the specs: "chat", "embeddings". */
const char *xd_op_name(enum xd_op_kind kind);

/* As xd_request_read and its neighbours; the kind is that of x->op, which must not be one that passes. */
MUST_CHECK enum err xd_ask_read(struct xd *x, struct str body, struct xd_ask *ask);
MUST_CHECK enum err xd_ask_write(struct xd *x, const struct xd_ask *ask);
MUST_CHECK enum err
xd_answer_read(struct xd *x, struct str body, struct xd_answer *answer, struct ir_error *e);
MUST_CHECK enum err xd_answer_write(struct xd *x, const struct xd_answer *answer);

/* As xd_prepare. */
MUST_CHECK enum err xd_ask_prepare(struct xd *x, const struct xd_ask *in,
                                   const struct xd_policy_choices *over, struct xd_ask *out);

/* Where the name of the model stands. */
struct str *xd_ask_model(struct xd_ask *ask);
/* The model as the peer calls it, absent when it does not say; and what it counted. */
struct str xd_answer_model(const struct xd_answer *answer);
struct ir_usage xd_answer_usage(const struct xd_answer *answer);

/* Give the answer the form that was asked for, where the model leaves a choice: the encoding of vectors.  True when it
 * had to be changed.  What is made lies in the arena; ERR_LIMIT in *err when that is full. */
bool
xd_answer_fit(struct arena *a, const struct xd_ask *asked, struct xd_answer *answer, enum err *err);

#endif
