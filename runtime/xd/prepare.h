/* The policies that change the conversation itself.  Private to runtime/xd.
 *
 * Each works on a request whose lists may be shared with the original: a list is copied before
 * it is changed. */
#ifndef LLMUX_XD_PREPARE_H
#define LLMUX_XD_PREPARE_H

#include "runtime/xd/xd.h"

/* unsupported_parts: what has to be left of what the client said, or else the request is refused. */
enum xd_parts_rule {
    PARTS_ANY,  /* anything */
    PARTS_SOME, /* something of each turn of the user, and one of the tools */
    PARTS_ALL,
};

/* Blocks of other dialects go, and turns that had no others. */
void prepare_foreign(struct xd *x, struct ir_request *m, enum xd_parts_rule rule);
/* Tools of other dialects are left to the writer, which names them. */
void prepare_foreign_tools(struct xd *x, const struct ir_request *m, enum xd_parts_rule rule);
/* Images, audio and documents that the target cannot take go, and turns that had nothing else. */
void prepare_parts(struct xd *x, struct ir_request *m, enum xd_parts_rule rule);
/* behind_results: what the user says behind results is a turn of its own, with one of the assistant between. */
void prepare_bridges(struct xd *x, struct ir_request *m);
/* orphan_results; rule: any but keep */
void prepare_orphans(struct xd *x, struct ir_request *m, struct str rule);
/* system_turns: the turns of role system go into the next user turn, or to the instructions. */
void prepare_fold(struct xd *x, struct ir_request *m);
void prepare_hoist(struct xd *x, struct ir_request *m);
/* unsigned_thinking */
void prepare_signed_thinking(struct xd *x, struct ir_request *m);
/* result_media */
void prepare_result_media(struct xd *x, struct ir_request *m);
/* empty_text, and turns left empty by any policy */
void prepare_empty_text(struct xd *x, struct ir_request *m);
/* last_assistant */
void prepare_last_assistant(struct xd *x, struct ir_request *m);
void prepare_prefix(struct xd *x, struct ir_request *m);
/* roles */
void prepare_first_turn(struct xd *x, struct ir_request *m);
/* Adjacent turns of one role become one, results of calls first. */
void prepare_merge(struct xd *x, struct ir_request *m);
/* call_ids: ids with characters outside of the class are mapped. */
void prepare_call_ids(struct xd *x, struct ir_request *m, struct str class);
/* document_names */
void prepare_document_names(struct xd *x, struct ir_request *m, struct str class);
/* call_places */
void prepare_call_places(struct xd *x, struct ir_request *m);
/* empty_text: descriptions of functions that say nothing */
void prepare_descriptions(struct xd *x, struct ir_request *m);
/* tools */
void prepare_called_tools(struct xd *x, struct ir_request *m);
/* thoughts */
void prepare_thoughts(struct xd *x, struct ir_request *m);
/* unsigned_calls; value: the signature */
void prepare_unsigned_calls(struct xd *x, struct ir_request *m, struct str value);
/* include: clients of other families want this, too */
void prepare_include(struct xd *x, struct ir_request *m, struct str value);
/* schema_refs */
void prepare_refs(struct xd *x, struct ir_request *m);
/* thinking; value: any but keep */
void prepare_reasoning(struct xd *x, struct ir_request *m, struct str value);

#endif
