/* Errors of providers, and about them. */
#include "server/gateway/complaint.h"

#include "runtime/xd/translate.h"

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
complaint_make(struct str provider, enum ir_fault kind, const char *text, struct arena *a)
{
    struct ir_error e = { .set = true, .kind = kind };
    e.message = arena_printf(a, "provider %.*s: %s", STR_ARG(provider), text);
    return e;
}

struct ir_error
complaint_of_result(struct str provider, enum upstream_result r, struct arena *a)
{
    return complaint_make(provider, failures[r].kind, failures[r].text, a);
}

struct ir_error
complaint_read(struct xd *xd, struct str provider, int status, const struct remarks *remarks,
               struct str body)
{
    const struct allowance *left = &remarks->allowance;
    struct ir_error e;
    xd_error_named(xd, remarks->error_word);
    xd_error_read(xd, body, status, &e);
    if (status < 400)
        e = complaint_make(provider, IR_FAULT_PROTOCOL, "redirections are not followed", xd->arena);
    if (remarks->retry_after.set)
        e.retry_after = remarks->retry_after;
    else if (left->wait_ns)
        e.retry_after = (struct ir_int){ allowance_seconds(left->wait_ns), true };
    return e;
}
