/* The numbers of what guards and limiters remember (runtime/resilience/memory.h), by the names that they have in a
 * state that is handed over. */
#ifndef LLMUX_GATEWAY_HANDOVER_FIELD_H
#define LLMUX_GATEWAY_HANDOVER_FIELD_H

#include <stddef.h>
#include <stdint.h>

struct handover_field {
    const char *name;
    size_t offset; /* in the memory */
    enum { HANDOVER_COUNT, HANDOVER_TIME, HANDOVER_UNSIGNED, HANDOVER_FLAG, HANDOVER_SIGNED } kind;
};

/* Of a guard_memory and of a limiter_memory; one without a name is behind the last. */
extern const struct handover_field handover_guard_fields[], handover_limit_fields[];

/* The largest value that is handed over; the smallest is 0. */
int64_t handover_field_most(const struct handover_field *f);
/* The value in the memory at base, or the nearest that is handed over. */
int64_t handover_field_get(const struct handover_field *f, const void *base);
/* v is within 0 and handover_field_most. */
void handover_field_set(const struct handover_field *f, void *base, int64_t v);

#endif
