// A receiver of OTLP over HTTP and gRPC, with the official protocol definitions: everything that comes is decoded and kept.
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';

const protos = fileURLToPath(new URL('../node_modules/@opentelemetry/otlp-grpc-exporter-base/build/protos', import.meta.url));
const services = loader.loadSync(['trace', 'metrics', 'logs'].map(
    (s) => `opentelemetry/proto/collector/${s}/v1/${s}_service.proto`),
{ includeDirs: [protos], longs: String, enums: String, oneofs: true, bytes: Buffer });
const service = (signal, name) => services[`opentelemetry.proto.collector.${signal}.v1.${name}Service`];
const exports = { '/v1/traces': service('trace', 'Trace').Export, '/v1/metrics': service('metrics', 'Metrics').Export,
                  '/v1/logs': service('logs', 'Logs').Export };

// Messages that those definitions are too old for, by hand: { field: number, bytes, or fields }.
const varint = (n) => n < 128 ? [n] : [n % 128 + 128, ...varint(Math.floor(n / 128))];
const message = (fields) => Buffer.concat(Object.entries(fields).flatMap(([field, v]) => {
    if (typeof v === 'number')
        return [Buffer.from([...varint(field * 8), ...varint(v)])];
    const bytes = typeof v === 'string' ? Buffer.from(v) : message(v);
    return [Buffer.from([...varint(field * 8 + 2), ...varint(bytes.length)]), bytes];
}));
// ExportTraceServiceResponse { partial_success { rejected_spans, error_message } }
const partial = (rejected) => message(rejected ? { 1: { 1: rejected, 2: 'these were too old' } } : {});
// google.rpc.Status { code, message, details { RetryInfo { retry_delay } } }
const busy = (seconds) => message({ 1: 8, 2: 'no room', 3: { 1: 'type.googleapis.com/google.rpc.RetryInfo', 2: { 1: { 1: seconds } } } });

// { key: { type, value } }
const plain = (v) => v.value === 'arrayValue' ? (v.arrayValue.values ?? []).map(plain)
    : v.value === 'kvlistValue' ? Object.fromEntries((v.kvlistValue.values ?? []).map((e) => [e.key, plain(e.value)]))
        : v.value ? v[v.value] : null;
const attributesOf = (list) => Object.fromEntries((list ?? []).map(
    ({ key, value }) => [key, { type: value.value, value: plain(value) }]));

export class Receiver {
    spans = [];
    metrics = [];
    logs = [];
    bodies = [];    // as they came: what decodes them is patient with bytes that are no UTF-8
    requests = [];  // { path, headers }
    refused = [];   // answers that were given
    answer = 200;   // to HTTP; 0: none
    answers = [];   // before that: { status, headers } over HTTP, { code, seconds } over gRPC
    rejected = 0;   // of each message, says the receiver
    #http;
    #grpc;

    // tls: { cert, key }, and with `clients: true` only those who show that certificate are heard.
    static async start(tls) {
        const r = new Receiver();
        r.tls = tls;
        const secure = tls && { ...tls, ca: tls.cert, requestCert: tls.clients, rejectUnauthorized: tls.clients };
        r.#http = (tls ? createSecureServer : createServer)(secure ?? {}, (req, res) => {
            const chunks = [];
            req.on('data', (d) => chunks.push(d));
            req.on('end', () => {
                if (r.answer === 0)
                    return;
                const { status, headers } = r.answers.shift() ?? { status: exports[req.url] ? r.answer : 404 };
                const body = req.headers['content-encoding'] === 'gzip' ? gunzipSync(Buffer.concat(chunks)) : Buffer.concat(chunks);
                r.bodies.push(body);
                if (status === 200)
                    r.#take(req.url, exports[req.url].requestDeserialize(body), req.headers);
                res.writeHead(status, { 'content-type': 'application/x-protobuf', ...headers });
                res.end(status === 200 ? partial(r.rejected) : busy(1));
            });
        });
        await r.back();
        r.#http.unref();
        r.#grpc = new grpc.Server();
        const serve = (signal, name, path) => r.#grpc.addService({
            Export: { ...service(signal, name).Export, responseSerialize: () => partial(r.rejected),
                      requestDeserialize: (body) => {
                          r.bodies.push(body);
                          return exports[path].requestDeserialize(body);
                      } } }, {
            Export: (call, done) => {
                const refusal = r.answers.shift();
                if (refusal) {
                    const metadata = new grpc.Metadata();
                    if (refusal.seconds)
                        metadata.set('grpc-status-details-bin', busy(refusal.seconds));
                    r.refused.push(refusal);
                    done({ code: refusal.code, details: 'no room', metadata });
                    return;
                }
                r.#take(path, call.request, call.metadata.getMap());
                done(null, {});
            },
        });
        serve('trace', 'Trace', '/v1/traces');
        serve('metrics', 'Metrics', '/v1/metrics');
        serve('logs', 'Logs', '/v1/logs');
        r.grpcPort = await new Promise((resolve, reject) => r.#grpc.bindAsync('127.0.0.1:0',
            tls ? grpc.ServerCredentials.createSsl(tls.clients ? tls.cert : null, [{ cert_chain: tls.cert, private_key: tls.key }], tls.clients)
                : grpc.ServerCredentials.createInsecure(), (e, port) => e ? reject(e) : resolve(port)));
        return r;
    }

    endpoint(protocol) {
        return `${this.tls ? 'https' : 'http'}://127.0.0.1:${protocol === 'grpc' ? this.grpcPort : this.httpPort}`;
    }

    #take(path, message, headers) {
        this.requests.push({ path, headers });
        for (const r of message.resourceSpans ?? [])
            for (const s of r.scopeSpans)
                for (const span of s.spans)
                    this.spans.push({ ...span, resource: attributesOf(r.resource.attributes),
                                      traceId: span.traceId.toString('hex'), spanId: span.spanId.toString('hex'),
                                      parentSpanId: span.parentSpanId?.toString('hex') ?? '',
                                      attributes: attributesOf(span.attributes) });
        for (const r of message.resourceMetrics ?? [])
            for (const s of r.scopeMetrics)
                this.metrics.push(...s.metrics.map((m) => ({ ...m, points: m.histogram?.dataPoints.map(
                    (p) => ({ ...p, attributes: attributesOf(p.attributes) })) })));
        for (const r of message.resourceLogs ?? [])
            for (const s of r.scopeLogs)
                this.logs.push(...s.logRecords.map((l) => ({ ...l, body: plain(l.body),
                    traceId: l.traceId?.toString('hex'), attributes: attributesOf(l.attributes) })));
    }

    // Nobody listens at its address any more.
    async leave() {
        const closed = new Promise((resolve) => this.#http.close(resolve));
        this.#http.closeAllConnections();
        await closed;
    }

    // It takes everything, at the address of before.
    async back() {
        this.answer = 200;
        this.#http.closeAllConnections();
        if (this.#http.listening)
            return;
        await new Promise((resolve) => this.#http.listen(this.httpPort ?? 0, '127.0.0.1', resolve));
        this.httpPort = this.#http.address().port;
    }

    async stop() {
        this.#grpc.forceShutdown();
        await this.leave();
    }
}
