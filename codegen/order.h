/* The order of a stream's events: regular expressions to automata, and comparisons between them. */
#ifndef SPECC_ORDER_H
#define SPECC_ORDER_H

#include "codegen/ast.h"
#include "codegen/diag.h"
#include "runtime/base/arena.h"

#define ORDER_EVENTS_MAX 32
#define ORDER_STATES_MAX 64
enum { ORDER_BAD = 255, ORDER_SKIP = 254 };

struct order {
    unsigned events;
    struct str names[ORDER_EVENTS_MAX];
    bool too_many;                                          /* states: an error was reported */
    unsigned states;                                        /* state 0 is the start */
    unsigned char next[ORDER_STATES_MAX][ORDER_EVENTS_MAX]; /* a state, ORDER_BAD or ORDER_SKIP */
    bool accept[ORDER_STATES_MAX];
};

/* The order of a stream.  A case for all frames that fail, `*`, is final. */
struct ast_order order_of_stream(struct arena *a, const struct ast_decl *stream);
/* The automaton of an order block over the given event names.  Names that no event has are errors
 * in d. */
struct order *order_make(struct arena *a, const struct ast_order *o, const struct str *names,
                         unsigned n, struct diags *d);

/* The shortest word that `a` accepts and `b` does not, its events renamed by map (a's event -> b's
 * event, -1: the event means nothing to b).  Returns its length, or -1 when there is none; word
 * gets a's event numbers. */
int order_difference(const struct order *a, const struct order *b, const int *map, unsigned *word,
                     unsigned room);

/* How many events of a's word `o` takes, from its start. */
unsigned order_takes(const struct order *o, const int *map, const unsigned *word, unsigned n);

#endif
