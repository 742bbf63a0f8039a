/* The policies that change the conversation itself.  Private to runtime/xd.
 *
 * Each works on a request whose lists may be shared with the original: a list is copied before
 * it is changed. */
#ifndef LLMUX_XD_PREPARE_H
#define LLMUX_XD_PREPARE_H

#include "runtime/xd/xd.h"

/* Blocks of other dialects go, and turns that had no others; needs no policy. */
void prepare_foreign(struct xd *x, struct ir_request *m);
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
/* tools */
void prepare_called_tools(struct xd *x, struct ir_request *m);
/* thoughts */
void prepare_thoughts(struct xd *x, struct ir_request *m);
/* unsigned_calls; value: the signature */
void prepare_unsigned_calls(struct xd *x, struct ir_request *m, struct str value);
/* schema_refs */
void prepare_refs(struct xd *x, struct ir_request *m);
/* thinking; value: any but keep */
void prepare_reasoning(struct xd *x, struct ir_request *m, struct str value);

#endif
