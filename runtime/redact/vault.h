/* What stands for what in one request: values that were found in it, and what is sent in their place.
 *
 *   ann@example.org  ◄──►  [email:1a2b3c4d5e6f]
 *
 * A vault keeps copies of values that outlive the request's own bytes; they are wiped with it. */
#ifndef LLMUX_REDACT_VAULT_H
#define LLMUX_REDACT_VAULT_H

#include "runtime/base/err.h"
#include "runtime/redact/kind.h"

#define VAULT_STANDS_MAX 96u /* bytes of what stands for a value */
#define VAULT_VALUE_MIN \
    5u /* shorter values are hidden where they are found, not wherever they stand */

struct vault_entry {
    struct str value, stands; /* one stands for the other; owned */
    enum redact_kind kind;
    unsigned by_value, by_stands; /* the next in its bucket, plus one; 0: none */
};

/* Values in their order. */
struct vault_place {
    unsigned entry;
    unsigned
        prefix; /* the place of the longest value that this one begins with, plus one; 0: none */
};

struct vault {
    struct vault_entry *v; /* owned */
    unsigned n, room, most;
    size_t bytes, bytes_most;
    unsigned *buckets; /* owned: two tables of `mask + 1`; an entry plus one, or 0 */
    unsigned mask;
    struct vault_place *places; /* owned: n_places of them, by value; made by vault_sort, */
    unsigned n_places, placed;  /* of the first `placed` entries */
    /* owned: the first `placed` entries, in the order of what stands for them; if not one_way */
    unsigned *by_words;
    uint64_t begins[4]; /* with which bytes values begin, by bit */
    size_t longest;     /* of what stands for them */
    bool escapes;       /* some value has characters that JSON escapes */
    bool one_way;       /* nothing will be put back: one word may stand for many values */
};

/* An empty vault for so many values and bytes of them; one_way may be set behind it. */
void vault_init(struct vault *v, unsigned most, size_t bytes_most);
/* Wipe it and give its memory back. */
void vault_fini(struct vault *v);

/* What stands for this value; NULL: it is not there. */
const struct vault_entry *vault_of_value(const struct vault *v, struct str value);
/* Add a value that is not there.  If something else has these words already, a number makes a difference.  ERR_LIMIT
 * when there is no room for more, ERR_MEMORY. */
MUST_CHECK enum err
vault_put(struct vault *v, enum redact_kind kind, struct str value, struct str stands);

/* Make ready to find values in texts and, unless it is one_way, what stands for them; after the last one was put, and before
 * all that follows.  ERR_MEMORY. */
MUST_CHECK enum err vault_sort(struct vault *v);
/* The longest value that text begins with, if a word ends there; NULL: none. */
const struct vault_entry *vault_value_at(const struct vault *v, struct str text);
/* The first place from `from` on where a value stands as a word of its own; false: there is none.  Which value, is in
 * *entry. */
bool vault_next_value(const struct vault *v, struct str text, size_t from, size_t *at,
                      const struct vault_entry **entry);
/* The entry for whose value the text's beginning stands; NULL: none. */
const struct vault_entry *vault_begins(const struct vault *v, struct str text);
/* Could what stands for a value begin with this text, which is shorter? */
bool vault_may_begin(const struct vault *v, struct str text);

#endif
