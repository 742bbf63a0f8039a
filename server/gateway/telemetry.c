/* Starting the exporter. */
#include "server/gateway/telemetry.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/gateway/clock.h"
#include "server/gateway/records.h"
#include "server/gateway/request_id.h"
#include "server/gateway/spans.h"
#include "server/trace/exporter.h"
#include "server/version.h"

/* An id for this run of the process. */
static struct str
name_instance(char to[REQUEST_ID_MADE])
{
    struct request_ids ids = { 0, 0 };
    struct dice dice;
    dice_init(&dice, clock_ns() ^ (uint64_t)getpid() << 32);
    request_id_make(&ids, clock_wall_ms(), &dice, to);
    return str_make(to, REQUEST_ID_MADE);
}

static void
copy_headers(struct exporter_header *to, const struct config_pairs *from)
{
    for (unsigned i = 0; i < from->n; i++)
        to[i] = (struct exporter_header){ from->v[i].key, from->v[i].value };
}

static void
copy_resource(struct otlp_pair *to, const struct config_pairs *from)
{
    for (unsigned i = 0; i < from->n; i++)
        to[i] = (struct otlp_pair){ from->v[i].key, from->v[i].value };
}

bool
telemetry_open(struct service *s, const struct gateway *g, struct fault *f)
{
    const struct config_telemetry *c = &g->config->telemetry;
    char host[HOST_NAME_MAX + 1] = "", instance[REQUEST_ID_MADE];
    if (!c->endpoint.p)
        return true;
    struct exporter_header *headers = calloc(c->headers.n + 1, sizeof *headers);
    struct otlp_pair *more = calloc(c->resource.n + 1, sizeof *more);
    if (!headers || !more) {
        free(headers);
        free(more);
        return !fault_set(f, ERR_MEMORY, 0, "telemetry: out of memory");
    }
    copy_headers(headers, &c->headers);
    copy_resource(more, &c->resource);
    gethostname(host, sizeof host - 1);
    const struct exporter_options options = {
        .endpoint = c->endpoint,
        .protocol = c->protocol == CONFIG_OTLP_GRPC ? EXPORTER_GRPC : EXPORTER_HTTP,
        .headers = headers,
        .n_headers = c->headers.n,
        .gzip = c->compression,
        .ca_file = c->ca_file,
        .cert_file = c->cert_file,
        .key_file = c->key_file,
        .timeout_ms = (unsigned)c->timeout,
        .retry_ms = (unsigned)c->retry,
        .queue = c->queue,
        .batch = c->batch,
        .delay_ms = (unsigned)c->delay,
        .interval_ms = (unsigned)c->interval,
        .metrics = c->send_metrics ? s->metrics : NULL,
        .log = s->log,
        .resource = { .service = c->service,
                      .version = STR(LLMUX_VERSION),
                      .instance = name_instance(instance),
                      .host = str_from(host),
                      .pid = getpid(),
                      .more = more,
                      .n_more = c->resource.n },
        .provider = spans_provider,
    };
    s->exporter = exporter_create(&options, f);
    free(headers);
    free(more);
    if (s->exporter && c->send_logs)
        log_set_tee(s->log, records_tee, s->exporter);
    return s->exporter;
}

void
telemetry_close(struct service *s)
{
    if (s->exporter)
        log_set_tee(s->log, NULL, NULL);
    exporter_destroy(s->exporter);
    s->exporter = NULL;
}
