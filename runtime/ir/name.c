/* Words for the values of the model's enums, and what they imply. */
#include "runtime/ir/reply.h"

const char *
ir_stop_name(enum ir_stop s)
{
    switch (s) {
    case IR_STOP_UNSET:
        return "unset";
    case IR_STOP_END:
        return "end";
    case IR_STOP_MATCH:
        return "match";
    case IR_STOP_LENGTH:
        return "length";
    case IR_STOP_CALL:
        return "call";
    case IR_STOP_PAUSE:
        return "pause";
    case IR_STOP_REFUSAL:
        return "refusal";
    case IR_STOP_FAILED:
        return "failed";
    case IR_STOP_OTHER:
        return "other";
    }
    return "unknown";
}

const char *
ir_fault_name(enum ir_fault f)
{
    switch (f) {
    case IR_FAULT_UNSET:
        return "unset";
    case IR_FAULT_INVALID:
        return "invalid";
    case IR_FAULT_CONTEXT:
        return "context";
    case IR_FAULT_POLICY:
        return "policy";
    case IR_FAULT_AUTH:
        return "auth";
    case IR_FAULT_BILLING:
        return "billing";
    case IR_FAULT_FORBIDDEN:
        return "forbidden";
    case IR_FAULT_MISSING:
        return "missing";
    case IR_FAULT_TOO_LARGE:
        return "too_large";
    case IR_FAULT_RATE:
        return "rate";
    case IR_FAULT_OVERLOADED:
        return "overloaded";
    case IR_FAULT_TIMEOUT:
        return "timeout";
    case IR_FAULT_INTERNAL:
        return "internal";
    case IR_FAULT_PROTOCOL:
        return "protocol";
    }
    return "unknown";
}

bool
ir_fault_retryable(enum ir_fault f)
{
    switch (f) {
    case IR_FAULT_RATE:
    case IR_FAULT_OVERLOADED:
    case IR_FAULT_TIMEOUT:
    case IR_FAULT_INTERNAL:
    case IR_FAULT_PROTOCOL:
        return true;
    case IR_FAULT_UNSET:
    case IR_FAULT_INVALID:
    case IR_FAULT_CONTEXT:
    case IR_FAULT_POLICY:
    case IR_FAULT_AUTH:
    case IR_FAULT_BILLING:
    case IR_FAULT_FORBIDDEN:
    case IR_FAULT_MISSING:
    case IR_FAULT_TOO_LARGE:
        break;
    }
    return false;
}

enum ir_stop
ir_stop_settle(enum ir_stop stop, uint32_t kinds)
{
    if (stop != IR_STOP_UNSET && stop != IR_STOP_END && stop != IR_STOP_FAILED
        && stop != IR_STOP_OTHER)
        return stop;
    if (kinds & 1u << IR_BLOCK_CALL)
        return IR_STOP_CALL;
    if (kinds & 1u << IR_BLOCK_REFUSAL)
        return IR_STOP_REFUSAL;
    return stop == IR_STOP_UNSET ? IR_STOP_END : stop;
}
