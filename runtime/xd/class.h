/* Classes of characters, as policies give them: private to runtime/xd. */
#ifndef LLMUX_XD_CLASS_H
#define LLMUX_XD_CLASS_H

#include "runtime/xd/xd.h"

/* "a-zA-Z0-9_-", with an exact length behind it: "a-zA-Z0-9{9}". */
struct class
{
    bool has[256];
    size_t length; /* 0: none was given, or one above max */
};

struct class class_read(struct str s, size_t max);
/* Is every byte of s in it?  The length is not looked at. */
bool class_has_all(const struct class *c, struct str s);

#endif
