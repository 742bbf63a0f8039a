/* The format of AWS's shared config and credentials files.
 *
 *   # comment
 *   [profile work]
 *   region = eu-central-1
 *   s3 =
 *     max_concurrent_requests = 20       lines that begin with white space belong to the key above
 *
 * Source: AWS SDKs and Tools Reference Guide, "Format of the config file". */
#ifndef LLMUX_AUTH_INI_H
#define LLMUX_AUTH_INI_H

#include <stdbool.h>

#include "runtime/base/str.h"

/* Goes through a text; begin with { .rest = text }. */
struct ini {
    struct str rest;
    struct str section; /* of the entries that come; absent before the first */
};

struct ini_entry {
    struct str section;
    struct str key, value; /* without white space and comments around them; value may be empty */
};

/* The next `key = value`; false at the end.  Lines that are nothing of the format are passed over,
 * with those that belong to a key above.  Strings point into the text. */
bool ini_next(struct ini *i, struct ini_entry *e);

#endif
