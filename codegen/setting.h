/* Settings at the top of a dialect or provider: which there are and what they may say. */
#ifndef SPECC_SETTING_H
#define SPECC_SETTING_H

#include "codegen/types.h"

/* Check the settings that a file gives itself (inherited ones were checked where they stand): their
 * names, how many values they have, the closed sets (framings, auth schemes), addresses, and the policies with
 * their values, which are those of the model.  Errors go to d. */
void setting_check(const struct ir_model *ir, const struct ast_file *file, struct diags *d);

/* Is this a framing?  If not, an error that lists them. */
void setting_check_framing(struct word w, struct diags *d);

/* One alternative of an auth setting: SCHEME "STRING"... [env "VARIABLE"]. */
struct setting_scheme {
    struct word name;
    const struct word *strings; /* in the setting */
    unsigned n;
    struct word env;      /* the word itself, absent when it is not there */
    struct word variable; /* absent unless it is the one behind `env` */
};
/* Take the alternative that begins with value `from`; returns where the next begins. */
unsigned setting_scheme(const struct ast_setting *s, unsigned from, struct setting_scheme *out);

/* What a limit setting says: limit requests|tokens "LEFT" [back "HEADER" FORM], limit wait "HEADER" FORM. */
struct setting_limit {
    struct word of, left, back, form; /* absent: not said */
};
/* False when it is none; then only `of` is there. */
bool setting_limit(const struct ast_setting *s, struct setting_limit *out);

#endif
