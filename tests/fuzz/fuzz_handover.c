/* Any bytes as a state that another process has handed over, and as the body of one whose head fits: what is taken
 * can be written and taken again. */
#include <stdio.h>
#include <stdlib.h>

#include "server/gateway/handover.h"

#define NOW ((uint64_t)3600 * 1000 * 1000 * 1000)

static bool
take(struct str text, struct buf *again)
{
    struct handover_count count;
    const struct handover h = { guards_create(), limits_create(),
                                calloc(1, sizeof(struct route_memory)) };
    struct handover_rest rest;
    struct fault f;
    bool ok = h.guards && h.limits && h.homes && !handover_read(text, &h, NOW, &count, &f);
    if (ok && again
        && (handover_write(again, &h, NOW, &rest) || rest.count.guards || rest.count.limits
            || rest.count.homes))
        abort();
    guards_destroy(h.guards);
    limits_destroy(h.limits);
    free(h.homes);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str body = str_make((const char *)data, size);
    uint64_t sum = UINT64_C(14695981039346656037);
    struct buf text, again;
    (void)take(body, NULL);
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ data[i]) * UINT64_C(1099511628211);
    buf_init(&text, HANDOVER_BYTES_MAX);
    buf_init(&again, HANDOVER_BYTES_MAX);
    buf_printf(&text, "llmux-state 1 %zu %016llx\n", size, (unsigned long long)sum);
    buf_puts(&text, body);
    if (take(buf_str(&text), &again) && !take(buf_str(&again), NULL)) {
        fprintf(stderr, "what was taken is not taken again\n");
        abort();
    }
    buf_fini(&text);
    buf_fini(&again);
    return 0;
}
