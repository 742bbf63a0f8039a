/* Breakers in the log. */
#include "server/gateway/guards_log.h"

static void
changed(void *ctx, const struct guarded_name *name, enum breaker_state from, enum breaker_state to)
{
    struct log_line l;
    enum log_level level = to == BREAKER_OPEN ? LOG_LEVEL_WARN : LOG_LEVEL_INFO;
    if (!log_begin(ctx, &l, level, "breaker"))
        return;
    log_str(&l, "provider", name->deployment);
    log_str(&l, "upstream_model", name->model);
    log_str(&l, "from", str_from(breaker_state_name(from)));
    log_str(&l, "to", str_from(breaker_state_name(to)));
    log_end(&l);
}

void
guards_log(struct guards *g, struct log *log)
{
    (void)guards_watch(g, &(struct guards_watch){ changed, log });
}
