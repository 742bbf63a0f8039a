// A receiver of OTLP over HTTP and gRPC, with the official protocol definitions: everything that comes is decoded and kept.
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';

const protos = fileURLToPath(new URL('../node_modules/@opentelemetry/otlp-grpc-exporter-base/build/protos', import.meta.url));
const services = loader.loadSync(['trace', 'metrics', 'logs'].map(
    (s) => `opentelemetry/proto/collector/${s}/v1/${s}_service.proto`),
{ includeDirs: [protos], longs: String, enums: String, oneofs: true, bytes: Buffer });
const service = (signal, name) => services[`opentelemetry.proto.collector.${signal}.v1.${name}Service`];
const exports = { '/v1/traces': service('trace', 'Trace').Export, '/v1/metrics': service('metrics', 'Metrics').Export,
                  '/v1/logs': service('logs', 'Logs').Export };

// { key: { type, value } }
const plain = (v) => v.value === 'arrayValue' ? v.arrayValue.values.map(plain) : v[v.value];
const attributesOf = (list) => Object.fromEntries((list ?? []).map(
    ({ key, value }) => [key, { type: value.value, value: plain(value) }]));

export class Receiver {
    spans = [];
    metrics = [];
    logs = [];
    requests = [];  // { signal, headers }
    answer = 200;   // to HTTP; 0: none
    #http;
    #grpc;

    static async start() {
        const r = new Receiver();
        r.#http = createServer((req, res) => {
            const chunks = [];
            req.on('data', (d) => chunks.push(d));
            req.on('end', () => {
                if (r.answer === 0)
                    return;
                if (r.answer === 200 && exports[req.url])
                    r.#take(req.url, exports[req.url].requestDeserialize(Buffer.concat(chunks)), req.headers);
                res.writeHead(exports[req.url] ? r.answer : 404, { 'content-type': 'application/x-protobuf' });
                res.end();
            });
        });
        await r.back();
        r.#http.unref();
        r.#grpc = new grpc.Server();
        const serve = (signal, name, path) => r.#grpc.addService(service(signal, name), {
            Export: (call, done) => {
                r.#take(path, call.request, call.metadata.getMap());
                done(null, {});
            },
        });
        serve('trace', 'Trace', '/v1/traces');
        serve('metrics', 'Metrics', '/v1/metrics');
        serve('logs', 'Logs', '/v1/logs');
        r.grpcPort = await new Promise((resolve, reject) => r.#grpc.bindAsync('127.0.0.1:0',
            grpc.ServerCredentials.createInsecure(), (e, port) => e ? reject(e) : resolve(port)));
        return r;
    }

    endpoint(protocol) {
        return `http://127.0.0.1:${protocol === 'grpc' ? this.grpcPort : this.httpPort}`;
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
