/* Inputs that end where memory ends, so that reading one byte too far is a crash. */
#ifndef LLMUX_TESTS_GUARD_H
#define LLMUX_TESTS_GUARD_H

#include <stddef.h>

#include "runtime/base/str.h"

struct guard {
    char *map;   /* owned: an unreadable page, the room, an unreadable page */
    size_t room; /* a multiple of the page size */
    size_t page;
};

/* Room for inputs of up to n bytes. */
void guard_init(struct guard *g, size_t n);
void guard_fini(struct guard *g);
/* A copy of s whose last byte lies in front of an unreadable page.  Valid until the next call. */
struct str guard_end(struct guard *g, struct str s);
/* A copy of s whose first byte lies behind an unreadable page.  Valid until the next call. */
struct str guard_start(struct guard *g, struct str s);

#endif
