/* Addresses with places for what is not known yet: "https://{region}.acme.com/models/{model}". */
#ifndef SPECC_TEMPLATE_H
#define SPECC_TEMPLATE_H

#include "codegen/dialect.h"

/* Take the text up to and with the next `{name}` off *rest.  False when there is none. */
bool template_next(struct str *rest, struct str *name);
/* Has the address a place for this? */
bool template_has(struct str address, const char *name);

enum template_of { TEMPLATE_BASE, TEMPLATE_PATH };
/* Braces come in pairs around names, each at most once; a path has a place for the model alone. */
void template_check(struct word address, enum template_of what, struct diags *d);

/* Do requests say the model in the address of this operation? */
bool template_says_model(const struct dialect *d, const struct ast_operation *op);

/* What a deployment has to be told: the names in the base, without the model, and the defaults. */
struct template_setting {
    struct str name;
    struct str usual; /* absent: there is none */
};
struct template_settings {
    struct template_setting *v;
    unsigned n, cap;
};
struct template_settings template_settings(struct arena *a, const struct dialect *d);

#endif
