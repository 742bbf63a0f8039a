/* simple-shuffle: at random, by share. */
#include <float.h>

#include "runtime/route/choice.h"

unsigned
route_shuffle_best(const struct route_view *v, const double *score, double most, unsigned n,
                   struct dice *dice)
{
    double sum = 0;
    unsigned last = 0;
    for (unsigned i = 0; i < n; i++)
        sum += score[i] <= most ? v[i].share : 0;
    double at = dice_unit(dice) * sum;
    for (unsigned i = 0; i < n; i++) {
        if (score[i] > most)
            continue;
        last = i;
        if (at < v[i].share)
            break;
        at -= v[i].share;
    }
    return last;
}

unsigned
route_shuffle(const struct route_view *v, unsigned n, const struct route_ask *ask,
              struct dice *dice)
{
    static const double same[ROUTE_VIEWS_MAX];
    (void)ask;
    return route_shuffle_best(v, same, DBL_MAX, n, dice);
}
