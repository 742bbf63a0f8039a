/* The scalar types of the canonical model; generated/ir.h builds its records from them.
 *
 *   bool    enum ir_bool         IR_UNSET is "not said"
 *   int     struct ir_int
 *   real    struct str           the number's source text, never a double
 *   string, text, opaque         struct str, decoded UTF-8; p == NULL is "absent"
 *   json    struct str           the raw JSON bytes
 * Everything points into the request's body or an arena; nothing is owned. */
#ifndef LLMUX_IR_TYPES_H
#define LLMUX_IR_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/str.h"

enum ir_bool { IR_UNSET, IR_FALSE, IR_TRUE };
/* As tables call them. */
enum { IR_BOOL_FALSE = IR_FALSE, IR_BOOL_TRUE = IR_TRUE };

struct ir_int {
    int64_t v;
    bool set;
};

struct ir_strs {
    struct str *v;
    unsigned n, cap;
};

struct xd_shape;

/* A wire member that no row of its dialect names, kept so that the same dialect can write it
 * back. */
struct ir_rest_item {
    const struct xd_shape *shape; /* the object it stood in */
    /* dotted path of the nested object within it, "" for the object itself */
    const char *container;
    struct str key;   /* as in the source: JSON-escaped */
    struct str value; /* raw JSON */
};

struct ir_rest {
    struct ir_rest_item *v;
    unsigned n, cap;
};

#endif
