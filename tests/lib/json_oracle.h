/* What json_doc_parse should find, by recursive descent straight from RFC 8259. */
#ifndef LLMUX_TESTS_JSON_ORACLE_H
#define LLMUX_TESTS_JSON_ORACLE_H

#include "runtime/json/doc.h"

struct json_oracle {
    struct str s;
    enum err err;  /* ERR_OK, ERR_SYNTAX or ERR_LIMIT */
    size_t offset; /* of the byte that breaks the grammar; of an escape's backslash */
    size_t depth_max;
    struct json_node *nodes; /* owned; nodes[1] is the root */
    uint32_t count, room;
};

/* Judge s.  Invalid UTF-8 counts as an error before all others. */
void json_oracle_run(struct json_oracle *o, struct str s, size_t depth_max);
void json_oracle_fini(struct json_oracle *o);
/* Does d, which was given the same text and answered err and f, agree with o?  If not, says why
 * in why. */
bool json_oracle_agrees(const struct json_oracle *o, const struct json_doc *d, enum err err,
                        const struct fault *f, char *why, size_t room);

#endif
