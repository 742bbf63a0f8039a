/* Errors of providers, and about them. */
#include "server/gateway/complaint.h"

#include "server/gateway/exchange.h"
#include "server/gateway/worker.h"

/* What the client is told about a call that failed; what curl knows goes to the log. */
static const struct {
    enum ir_fault kind;
    const char *text;
} failures[UPSTREAM_RESULTS] = {
    [UPSTREAM_DNS] = { IR_FAULT_PROTOCOL, "its name cannot be resolved" },
    [UPSTREAM_REFUSED] = { IR_FAULT_PROTOCOL, "it cannot be reached" },
    [UPSTREAM_TLS] = { IR_FAULT_PROTOCOL, "no secure connection can be made" },
    [UPSTREAM_PROXY] = { IR_FAULT_PROTOCOL, "the proxy refused the connection" },
    [UPSTREAM_RESET] = { IR_FAULT_PROTOCOL, "it closed the connection without a reply" },
    [UPSTREAM_TRUNCATED] = { IR_FAULT_PROTOCOL, "its reply was cut off" },
    [UPSTREAM_PROTOCOL] = { IR_FAULT_PROTOCOL, "it does not speak proper HTTP" },
    [UPSTREAM_TOO_LARGE] = { IR_FAULT_PROTOCOL, "its reply is too large" },
    [UPSTREAM_TIMEOUT_CONNECT] = { IR_FAULT_TIMEOUT, "no connection in time" },
    [UPSTREAM_TIMEOUT_FIRST_BYTE] = { IR_FAULT_TIMEOUT, "no reply in time" },
    [UPSTREAM_TIMEOUT_IDLE] = { IR_FAULT_TIMEOUT, "it stopped in the middle of its reply" },
    [UPSTREAM_TIMEOUT_TOTAL] = { IR_FAULT_TIMEOUT, "its reply took too long" },
    [UPSTREAM_MEMORY] = { IR_FAULT_INTERNAL, "the gateway is out of memory" },
    [UPSTREAM_OTHER] = { IR_FAULT_PROTOCOL, "the call failed" },
};

struct ir_error
complaint_of_result(struct attempt *a, enum upstream_result r)
{
    return attempt_error(a, failures[r].kind, failures[r].text);
}

struct ir_error
complaint_read(struct exchange *x)
{
    struct attempt *a = &x->attempt;
    struct ir_error e;
    struct xd xd;
    xd_init(&xd, a->target.dialect, a->target.op->kind, &a->arena, NULL);
    xd.doc = x->worker->doc;
    xd_error_named(&xd, a->error_word);
    xd_error_read(&xd, buf_str(&a->collected), a->status, &e);
    x->worker->doc = xd.doc;
    if (a->status < 400)
        e = attempt_error(a, IR_FAULT_PROTOCOL, "redirections are not followed");
    if (a->retry_after.set)
        e.retry_after = a->retry_after;
    else if (a->allowance.wait_ns)
        e.retry_after = (struct ir_int){ allowance_seconds(a->allowance.wait_ns), true };
    return e;
}
