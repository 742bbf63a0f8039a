/* Patch streams: each frame is a patch to the reply, and the boundaries of blocks are ours to find. */
#ifndef SPECC_EMIT_PATCH_H
#define SPECC_EMIT_PATCH_H

#include "codegen/emit.h"

struct patch {
    const char *name; /* "chunks" */
    const struct ast_row *each, *choices, *fail;
    struct ast_rows usage; /* the rows beside them, onto the reply */
    struct body *head;     /* each + usage, over Reply */
    struct body *tail;     /* usage alone */
    struct body *repeat;   /* each alone */
    struct body *choice;
    int choices_slot, fail_slot, index_slot;
    bool alone; /* frames have no candidates: each is a patch to the only one */
    bool last;  /* usage stands in the frame with the reason to stop */
};

/* Arguments that are no text in a string cannot come in fragments: each element is a call. */
bool patch_says_whole_calls(const struct ast_decl *decl);
/* The functions that write the events of such a stream. */
void emit_patch_writers(struct emit *e, const struct patch *p, const struct ast_decl *decl);

#endif
