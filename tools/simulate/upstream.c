/* Following the script. */
#include "tools/simulate/upstream.h"

#include <math.h>

#define PI      3.14159265358979323846
#define REFUSAL 0.001 /* seconds until it is known */
#define ANSWER  0.02  /* seconds until an error has come */

static const struct upstream_phase *
phase_at(const struct upstream_script *s, double now)
{
    const struct upstream_phase *p = &s->phases[0];
    for (unsigned i = 1; i < UPSTREAM_PHASES; i++)
        if (s->phases[i].from > 0 && s->phases[i].from <= now)
            p = &s->phases[i];
    return p;
}

/* Log-normal (Box and Muller). */
static double
sample(double median, double spread, struct dice *dice)
{
    double u = 1 - dice_unit(dice), v = dice_unit(dice);
    return median * exp(spread * sqrt(-2 * log(u)) * cos(2 * PI * v));
}

static bool
is_allowed(struct upstream *u, const struct upstream_phase *p, double now)
{
    if (p->rpm <= 0)
        return true;
    double burst = p->rpm / 6; /* of ten seconds */
    double more = u->calls == 1 ? burst : (now - u->filled) * p->rpm / 60;
    u->allowance = fmin(burst, u->allowance + more);
    u->filled = now;
    if (u->allowance < 1)
        return false;
    u->allowance--;
    return true;
}

static struct upstream_fate
failure(enum ir_fault fault, int status, double after)
{
    return (struct upstream_fate){ .fault = fault, .status = status, .whole = after };
}

struct upstream_fate
upstream_begin(struct upstream *u, double now, double tokens, struct dice *dice)
{
    const struct upstream_script *s = u->script;
    const struct upstream_phase *p = phase_at(s, now);
    u->calls++;
    u->running++;
    if (p->refuses)
        return failure(IR_FAULT_PROTOCOL, 0, REFUSAL);
    if (p->silent)
        return (struct upstream_fate){ .silent = true };
    if (!is_allowed(u, p, now)) {
        struct upstream_fate f = failure(IR_FAULT_RATE, 429, ANSWER);
        f.retry_after = ceil((1 - u->allowance) * 60 / p->rpm);
        return f;
    }
    if (dice_unit(dice) < p->failing)
        return failure(IR_FAULT_INTERNAL, 500, ANSWER);
    double load = s->places && u->running > s->places ? (double)u->running / s->places : 1;
    double slower = (p->slower > 0 ? p->slower : 1) * load;
    double first = sample(s->first, s->spread, dice) * slower;
    if (dice_unit(dice) < p->stalling)
        first = p->stall;
    double rest = s->rate > 0 ? tokens / s->rate * slower : 0;
    return (struct upstream_fate){ .status = 200, .first = first, .whole = first + rest };
}
