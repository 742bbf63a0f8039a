/* A JSON document with what a policy finds in it replaced, and all else byte for byte as it was.
 *
 *   {"messages":[{"role":"user","content":"I am ann@example.org"}]}
 *                                               ^^^^^^^^^^^^^^^ found in the decoded string, written as one
 *
 * Strings that are JSON themselves, as arguments of calls are, are rewritten as JSON; a number that has to be hidden
 * becomes a string.  A value of a member is read behind its name, as in {"password":"hunter22"}.  A value that was found in one place is hidden wherever it stands as a word of its own. */
#ifndef LLMUX_GATEWAY_REWRITING_H
#define LLMUX_GATEWAY_REWRITING_H

#include "runtime/json/doc.h"
#include "runtime/redact/mask.h"
#include "runtime/redact/vault.h"

struct rewriting {
    const struct redact_rules *rules; /* what is looked for, and how it is written */
    bool stop;                        /* at the first thing that is found */
    struct vault *vault;              /* gets the values, and what stands for them */
    struct arena *arena;
    unsigned counts[REDACT_KINDS]; /* out: how often something was replaced */
    struct redact_match found;     /* out, with stop: its kind ... */
    uint32_t at;                   /* ... and node, or part of a form; 0: nothing was found ... */
    struct str field;              /* ... and the name of that part */
    bool endless; /* out, with ERR_LIMIT: it was the operator's patterns that took too long */
};

/* Append the document, of which marks says what is content (content.h), to out, if anything in it is to be replaced;
 * else nothing.  ERR_LIMIT when the vault, the arena or out is full, or the operator's patterns take too long;
 * ERR_MEMORY. */
MUST_CHECK enum err rewriting_run(struct rewriting *w, const struct json_doc *doc,
                                  const unsigned char *marks, struct buf *out);

/* The same for a form with this boundary: its fields are content, but for files and the name of the model.
 * ERR_SYNTAX: it is no form. */
MUST_CHECK enum err
rewriting_run_form(struct rewriting *w, struct str body, struct str boundary, struct buf *out);

#endif
