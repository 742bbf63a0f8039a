/* Text as people may see it: without the secrets we know, and without what looks like a secret or like personal data.
 *
 *   struct veil v = veil_over(known, text, REDACT_ALL);
 *   for (struct veil_piece p; veil_next(&v, &p);)
 *       write p.shown, then p.instead
 *   veil_end(&v);
 *
 * Escapes (runtime/redact/unfold.h) hide nothing from it. */
#ifndef LLMUX_LOG_VEIL_H
#define LLMUX_LOG_VEIL_H

#include "runtime/redact/find.h"
#include "runtime/redact/unfold.h"
#include "server/log/masker.h"

/* A secret, and what is written instead; at the end of the text: there is none. */
struct veil_find {
    size_t at, n;
    struct str instead;
};

/* The text as it is, or without its escapes, with what is next in it: each is looked for again only when it has been
 * passed. */
struct veil_reading {
    struct str text;
    struct veil_find known; /* the next one that we know, */
    struct veil_find like;  /* and the next that looks like one */
};

struct veil {
    const struct masker *known;
    struct str text;
    redact_kinds which;
    size_t from; /* what is before is done */
    struct veil_reading as_it_is, unfolded;
    struct veil_find next;   /* of the one, */
    struct veil_find folded; /* and of the other, as a place of the text itself */
    bool has_escapes;
    struct redact_unfold unfold;
};

/* What is shown, and what is written behind it in the place of a secret; absent where the text ends. */
struct veil_piece {
    struct str shown, instead;
};

/* All borrowed. */
struct veil veil_over(const struct masker *known, struct str text, redact_kinds which);
/* Is there nothing to hide?  Before the first piece; then there is nothing to end, either. */
static inline bool
veil_is_clean(const struct veil *v)
{
    return v->next.at == v->text.n && !v->has_escapes;
}

/* The next piece; false when there is nothing left. */
bool veil_next(struct veil *v, struct veil_piece *piece);
void veil_end(struct veil *v);

#endif
