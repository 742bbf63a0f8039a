/* What was said, for those who watch, when the configuration wants that (`telemetry.traces.content`): the
 * attributes gen_ai.input.messages, gen_ai.output.messages, gen_ai.system_instructions and
 * gen_ai.tool.definitions of OpenTelemetry's conventions, in their structured form.
 *
 * Every text goes through redaction (runtime/redact/search.h) and the log's mask first, keys and numbers of JSON as
 * well; bytes of images and files, signatures and sealed thinking are left out.  The texts of each attribute are as
 * long together as the configuration allows; what is cut off is searched for secrets too, so that none is shown by
 * halves.  Where nobody knows how a text goes on, as its stream broke off, it ends before what may be the begin of one. */
#ifndef LLMUX_GATEWAY_TRANSCRIPT_H
#define LLMUX_GATEWAY_TRANSCRIPT_H

#include "runtime/base/buf.h"
#include "runtime/ir/reply.h"

struct json_doc;
struct log;
struct redact_custom;

struct transcript_options {
    size_t most;                        /* bytes of each attribute's texts */
    const struct log *log;              /* whose secrets are masked; NULL: none */
    const struct redact_custom *custom; /* the operator's own patterns; NULL: none */
    /* Of a request: where its texts may stand (xd_text); NULL: nowhere. */
    const struct json_doc *source;
};

/* Append the attributes of a request, as fields of a span.  True when something was cut. */
bool
transcript_request(struct buf *out, const struct ir_request *r, const struct transcript_options *o);

/* A reply that is listened to, event by event. */
struct transcript_reply {
    struct ir_collector heard;
    size_t room; /* bytes that are still kept */
    bool cut;    /* some were not */
};
void
transcript_listen(struct transcript_reply *t, const struct transcript_options *o, struct arena *a);
void transcript_event(struct transcript_reply *t, const struct ir_event *e);
/* The same for what was heard. */
bool transcript_said(struct buf *out, const struct transcript_reply *t,
                     const struct transcript_options *o);

#endif
