/* Text as people may see it: without the secrets we know, and without what looks like a secret or like personal data.
 *
 *   struct veil v = veil_over(known, text, REDACT_ALL);
 *   for (struct veil_piece p; veil_next(&v, &p);)
 *       write p.shown, then p.instead */
#ifndef LLMUX_LOG_VEIL_H
#define LLMUX_LOG_VEIL_H

#include "runtime/redact/find.h"
#include "server/log/masker.h"

struct veil {
    const struct masker *known;
    struct str text;
    redact_kinds which;
    size_t from;                 /* what is before is done */
    size_t known_at, known_n;    /* the next one we know; at the end of the text: none */
    struct redact_match pattern; /* the next of those that look like one, the same */
};

/* What is shown, and what is written behind it in the place of a secret; absent where the text ends. */
struct veil_piece {
    struct str shown, instead;
};

/* All borrowed. */
struct veil veil_over(const struct masker *known, struct str text, redact_kinds which);
/* Is there nothing to hide?  Before the first piece. */
static inline bool
veil_is_clean(const struct veil *v)
{
    return v->known_at == v->text.n && v->pattern.at == v->text.n;
}

/* The next piece; false when there is nothing left. */
bool veil_next(struct veil *v, struct veil_piece *piece);

#endif
