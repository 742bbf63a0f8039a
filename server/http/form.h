/* Forms with files: multipart/form-data (RFC 7578, RFC 2046 5.1.1). */
#ifndef LLMUX_HTTP_FORM_H
#define LLMUX_HTTP_FORM_H

#include <stdbool.h>

#include "runtime/base/str.h"

/* The boundary that a content type names, borrowed from it; absent when it is not that of a form, or names none that
 * may be. */
struct str form_boundary(struct str content_type);

enum form_result {
    FORM_FOUND,
    FORM_MISSING, /* the form is whole, but has no such field */
    FORM_BROKEN,  /* it is no form, or ends too soon */
};

/* The parts of a form in their order. */
struct form_part {
    struct str name;  /* absent: it has none */
    struct str value; /* as in form_field */
    bool is_file;
};
struct form_walk {
    struct str rest, boundary; /* of the body, behind a boundary */
};
void form_begin(struct form_walk *w, struct str body, struct str boundary);
/* FORM_FOUND: *part is the next one; FORM_MISSING: there is none. */
enum form_result form_next(struct form_walk *w, struct form_part *part);

/* Find the value of the first field of this name that is no file; borrowed from the body.  Other bytes may be put in
 * the place of a value that is not empty. */
enum form_result
form_field(struct str body, struct str boundary, struct str name, struct str *value);

#endif
