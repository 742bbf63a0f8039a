/* What can go wrong, and where.
 *
 * Faults of peers are data: a function returns an enum err and, where it takes a struct fault,
 * fills it in.  Bugs are asserts.  Streaming objects are sticky: after the first error every call
 * returns it again. */
#ifndef LLMUX_BASE_ERR_H
#define LLMUX_BASE_ERR_H

#include <stddef.h>

#include "runtime/base/str.h"

#define MUST_CHECK        __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

enum err {
    ERR_OK = 0,
    ERR_SYNTAX,      /* the bytes are not of the format */
    ERR_TYPE,        /* well formed, but not what is wanted in this place */
    ERR_PROTOCOL,    /* a stream's event where its grammar does not allow it */
    ERR_TRUNCATED,   /* the input ended too early */
    ERR_LIMIT,       /* a cap was reached */
    ERR_REMOTE,      /* the peer reported an error of its own */
    ERR_UNSUPPORTED, /* the target cannot express it and leaving it out would change the meaning */
    ERR_MEMORY,
};

/* A short lower-case name: "syntax", "limit", ... */
const char *err_name(enum err e);

#define FAULT_TEXT 240
#define FAULT_PATH 160

struct fault {
    enum err err;
    size_t offset;         /* byte offset in the input, counted over the whole stream */
    char path[FAULT_PATH]; /* JSON path such as "messages[3].content", or "" */
    char text[FAULT_TEXT]; /* lower case, no full stop, names offender and place */
    const char *code;      /* the word that a peer's clients know it by; static, or NULL */
};

/* Nothing is wrong. */
static inline void
fault_clear(struct fault *f)
{
    f->err = ERR_OK;
    f->offset = 0;
    f->path[0] = f->text[0] = '\0';
    f->code = NULL;
}

/* Fill f (which may be NULL) and return err, so that a caller can write `return fault_set(...)`.
 * The text is cut to fit; the cut never splits a UTF-8 sequence.  path is reset to "", code to NULL. */
enum err
fault_set(struct fault *f, enum err err, size_t offset, const char *fmt, ...) PRINTF_LIKE(4, 5);

#endif
