/* The operator's own patterns: PCRE2, compiled by its JIT.  custom_search.h looks for them.
 *
 * A set never changes once it is made, so many threads may use it. */
#ifndef LLMUX_REDACT_CUSTOM_H
#define LLMUX_REDACT_CUSTOM_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/err.h"
#include "runtime/base/str.h"
#include "runtime/redact/find.h"

struct redact_custom;

struct redact_pattern {
    struct str name;    /* letters, digits, '_': the word in masks */
    struct str pattern; /* UTF-8, syntax of PCRE2; must not match nothing */
};

/* Compile n patterns, which are copied.  NULL when one is bad: then *f says why, f->path is its name
 * and f->offset the byte of the pattern; also when memory is short. */
struct redact_custom *
redact_custom_create(const struct redact_pattern *v, size_t n, struct fault *f);
void redact_custom_destroy(struct redact_custom *c);
size_t redact_custom_count(const struct redact_custom *c);
struct str redact_custom_name(const struct redact_custom *c, unsigned i);

/* What PCRE2 has made of a pattern: a pcre2_code, for custom_search.c. */
const void *redact_custom_code(const struct redact_custom *c, unsigned i);

#endif
