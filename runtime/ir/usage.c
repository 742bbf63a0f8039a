/* Token counts. */
#include "runtime/ir/reply.h"

/* Calls f(to's field, from's field) for each count. */
#define EACH_COUNT(f, to, from) \
    do { \
        f(&(to)->input, &(from)->input); \
        f(&(to)->output, &(from)->output); \
        f(&(to)->cache_read, &(from)->cache_read); \
        f(&(to)->cache_write, &(from)->cache_write); \
        f(&(to)->thinking, &(from)->thinking); \
        f(&(to)->audio_in, &(from)->audio_in); \
        f(&(to)->audio_out, &(from)->audio_out); \
    } while (0)

static void
take(struct ir_int *to, const struct ir_int *from)
{
    if (from->set)
        *to = *from;
}

static void
clamp(struct ir_int *to, const struct ir_int *from)
{
    to->v = from->set && from->v < 0 ? 0 : from->v;
}

void
ir_usage_merge(struct ir_usage *to, const struct ir_usage *from)
{
    EACH_COUNT(take, to, from);
    if (from->rest.n)
        to->rest = from->rest;
    to->set = to->input.set || to->output.set || to->cache_read.set || to->cache_write.set
              || to->thinking.set || to->audio_in.set || to->audio_out.set || to->rest.n;
}

void
ir_usage_clamp(struct ir_usage *u)
{
    EACH_COUNT(clamp, u, u);
    if (u->thinking.set && !u->output.set)
        u->output = u->thinking;
    if (u->thinking.set && u->thinking.v > u->output.v)
        u->thinking.v = u->output.v;
}

struct ir_int
ir_usage_whole_input(const struct ir_usage *u)
{
    struct ir_int all = u->input;
    if (all.set && u->cache_read.set)
        all.v += u->cache_read.v;
    if (all.set && u->cache_write.set)
        all.v += u->cache_write.v;
    return all;
}

static void
add(struct ir_int *to, const struct ir_int *from)
{
    if (from->set)
        *to = (struct ir_int){ to->v + from->v, true };
}

void
ir_usage_add(struct ir_usage *to, const struct ir_usage *u)
{
    to->set = true;
    EACH_COUNT(add, to, u);
}
