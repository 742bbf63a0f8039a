/* What strategies share: the ways to choose one of n views.  For the files of this directory. */
#ifndef LLMUX_ROUTE_CHOICE_H
#define LLMUX_ROUTE_CHOICE_H

#include <float.h>

#include "runtime/base/dice.h"
#include "runtime/route/view.h"

/* Chooses one of n >= 1 views. */
typedef unsigned route_choice(const struct route_view *v, unsigned n, const struct route_ask *ask,
                              struct dice *dice);

route_choice route_shuffle;  /* shuffle.c */
route_choice route_rotation; /* rotation.c */
route_choice route_idlest;   /* idlest.c */
route_choice route_fastest;  /* fastest.c */
route_choice route_cheapest; /* cheapest.c */
route_choice route_freest;   /* freest.c */
route_choice route_home;     /* home.c */
route_choice route_pair;     /* pair.c */

/* shuffle.c: one of those whose score is at most `most`, at random by share. */
unsigned route_shuffle_best(const struct route_view *v, const double *score, double most,
                            unsigned n, struct dice *dice);

/* The most views that a choice looks at; others are not considered. */
#define ROUTE_VIEWS_MAX 64

static inline double
route_total_share(const struct route_view *v, unsigned n)
{
    double sum = 0;
    for (unsigned i = 0; i < n; i++)
        sum += v[i].share;
    return sum;
}

static inline double
route_total_in_flight(const struct route_view *v, unsigned n)
{
    double sum = 0;
    for (unsigned i = 0; i < n; i++)
        sum += v[i].in_flight;
    return sum;
}

/* Would one more be far more than its share of all that run (`running` with that one, `shares` of all)?
 * `bound` times the share, and some, as few vary more than many.  Somebody never is. */
static inline bool
route_is_crowded(const struct route_view *v, double running, double shares, double bound)
{
    const double some = 4;
    return v->in_flight + 1 > bound * running * v->share / shares + some;
}

/* The smallest of n >= 1 scores. */
static inline double
route_least(const double *score, unsigned n)
{
    double least = DBL_MAX;
    for (unsigned i = 0; i < n; i++)
        least = score[i] < least ? score[i] : least;
    return least;
}

#endif
