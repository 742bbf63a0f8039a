/* round-robin: in turn, by share.
 *
 * A round has as many places as all shares together, and each candidate as many of them as its
 * share, side by side.  The turns walk through a round in steps that are prime to its length, so
 * each place comes once a round, and close to its golden section, so that a candidate's places do
 * not come in a row.
 *
 *   shares 3 1      places a a a b      steps of 3: a b a a */
#include <math.h>

#include "runtime/route/choice.h"

#define GOLDEN 0.6180339887498949
/* No round is longer: shares are rounded, then. */
#define ROUND_MAX 1e6

static uint64_t
common_divisor(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static uint64_t
stride(uint64_t round)
{
    uint64_t s = (uint64_t)((double)round * GOLDEN);
    s = s ? s : 1;
    while (common_divisor(s, round) != 1)
        s++;
    return s;
}

unsigned
route_rotation(const struct route_view *v, unsigned n, const struct route_ask *ask,
               struct dice *dice)
{
    uint64_t places[ROUTE_VIEWS_MAX], divisor = 0, round = 0;
    double total = route_total_share(v, n), scale = total > ROUND_MAX ? ROUND_MAX / total : 1;
    (void)dice;
    for (unsigned i = 0; i < n; i++) {
        places[i] = (uint64_t)fmax(1, floor(v[i].share * scale + 0.5));
        divisor = common_divisor(places[i], divisor);
    }
    if (divisor == 0)
        return 0; /* there is nobody */
    for (unsigned i = 0; i < n; i++)
        round += places[i] /= divisor;
    uint64_t at = ask->turn % round * stride(round) % round;
    unsigned i = 0;
    while (i + 1 < n && at >= places[i])
        at -= places[i++];
    return i;
}
