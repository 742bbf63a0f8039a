/* Faults and losses while reading and writing: private to runtime/xd. */
#ifndef LLMUX_XD_FAULT_H
#define LLMUX_XD_FAULT_H

#include "runtime/xd/xd.h"

/* The first fault of x stays; at is the node it is about, 0 when there is none. */
void xd_fault(struct xd *x, enum err err, uint32_t at, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* The target cannot say it: ERR_UNSUPPORTED at this place of the model ("turns[3]"), because of what the culprit is a
 * part of. */
void xd_refuse(struct xd *x, struct str culprit, const char *place, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* An arena refused an allocation. */
void xd_full(struct xd *x);
/* Take over the sticky error of the output. */
void xd_check_out(struct xd *x);

/* Note a name of a loss that is not a literal. */
void xd_lose_name(struct xd *x, struct str name);
/* The path of node `at` without list indices: "messages.content". */
void xd_lose_path(struct xd *x, uint32_t at);
/* A member that stood in a container of an object of this shape; key as in the source. */
void
xd_lose_member(struct xd *x, const struct xd_shape *shape, const char *container, struct str key);
/* The value of a word outside of the document, 0 when t does not have it. */
int xd_word_value(const struct xd *x, struct str word, const struct xd_table *t);
/* The word for a value, outside of the document; absent when t has none to write. */
struct str xd_word_said(const struct xd_dialect *d, const struct xd_table *t, int value);
/* Two shapes are of the same object of the same base dialect. */
bool xd_same_object(const struct xd_shape *a, const struct xd_shape *b);

#endif
