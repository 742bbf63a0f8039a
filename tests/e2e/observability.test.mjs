// What those who watch get to see: metrics for Prometheus, traces and metrics for an OpenTelemetry receiver, request ids.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';

import * as conventions from '@opentelemetry/semantic-conventions/incubating';

import { Prometheus, queries } from './lib/prometheus.mjs';
import { Receiver } from './lib/receiver.mjs';
import { eventually, World } from './lib/world.mjs';

const named = new Set(Object.values(conventions));
const chat = (model, more) => ({ model, messages: [{ role: 'user', content: 'Hi.' }], ...more });
const scrape = async (w, accept) => (await fetch(`${w.url}/metrics`, { headers: accept ? { accept } : {} })).text();
// The sum of all series of that name whose labels have this.
const sum = (page, name, labels = '') => page.split('\n')
    .filter((l) => l.startsWith(`${name}{`) || l.startsWith(`${name} `)).filter((l) => l.includes(labels))
    .reduce((n, l) => n + Number(l.split(' ').at(-1)), 0);

function promtool(page) {
    const r = spawnSync('promtool', ['check', 'metrics'], { input: page });
    assert.equal(r.error, undefined, 'promtool is missing: tools/setup.sh test');
    return `${r.stdout}${r.stderr}`.trim();
}

describe('metrics', () => {
    let w;
    before(async () => { w = await World.start({ fallbacks: { 'openai/any!503': ['openai/spare'] },
        providers: (url) => [{ name: 'spare', type: 'openai.chat', base_url: url, api_key: 'sk-upstream-0123456789abcdef',
                               models: ['openai/any!503', 'openai/spare'] }] }); });
    after(() => w.stop());

    test('requests, attempts and tokens are counted, and promtool finds nothing to say', async () => {
        await (await w.post('/v1/chat/completions', chat('openai/m'))).text();
        await (await w.post('/v1/messages', chat('openai/m', { stream: true, max_tokens: 50 }))).text();
        assert.equal((await w.post('/v1/chat/completions', chat('openai/any!429'))).status, 429);
        assert.equal((await w.post('/v1/chat/completions', chat('openai/any!503'))).status, 200);
        const page = await scrape(w);
        assert.equal(promtool(page), '');
        assert.equal(sum(page, 'llmux_proxy_requests_total', 'status="200"'), 3);
        assert.equal(sum(page, 'llmux_proxy_requests_total', 'status="429"'), 1);
        assert.equal(sum(page, 'llmux_proxy_failed_requests_total', 'error="rate"'), 1);
        assert.equal(sum(page, 'llmux_rate_limited_total', 'by="provider"'), 1);
        assert.equal(sum(page, 'llmux_fallbacks_total'), 1);
        assert.equal(sum(page, 'llmux_time_to_first_token_seconds_count'), 1);
        assert.ok(sum(page, 'llmux_tokens_total', 'type="output"') > 0);
        assert.equal(sum(page, 'llmux_active_requests'), 0);
        assert.equal(sum(page, 'llmux_request_duration_seconds_count'), 4);
    });

    test('a deployment that fails is seen to, and its breaker', async () => {
        const gone = await World.start({ resilience: { breaker: { failures: 2, open: '1m' } },
            providers: [{ name: 'gone', type: 'openai.chat', base_url: 'http://127.0.0.1:1', models: ['gone'] }] });
        try {
            assert.equal(sum(await scrape(gone), 'llmux_deployment_state', 'deployment="gone"'), 0);
            for (let i = 0; i < 3; i++)
                await (await gone.post('/v1/chat/completions', chat('gone'))).text();
            const page = await scrape(gone);
            assert.equal(promtool(page), '');
            assert.equal(sum(page, 'llmux_deployment_state', 'deployment="gone"'), 2);
            assert.equal(sum(page, 'llmux_breaker_transitions_total', 'deployment="gone",to="open"'), 1);
            assert.equal(sum(page, 'llmux_queue_depth', 'limit="gateway"'), 0);
        } finally {
            await gone.stop();
        }
    });

    test('OpenMetrics is served to those who like it', async () => {
        const r = await fetch(`${w.url}/metrics`, { headers: {
            accept: 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5' } });
        assert.match(r.headers.get('content-type'), /^application\/openmetrics-text; version=1\.0\.0/);
        assert.match(await r.text(), /\n# EOF\n$/);
    });

    test('10,000 models that nobody knows make no series', async () => {
        const before = (await scrape(w)).split('\n').length;
        const names = Array.from({ length: 10_000 }, (_, i) => `${i % 5 ? 'made-up' : 'openai/made-up'}-${i}-${Math.random()}`);
        const one = async () => {
            for (let name; (name = names.pop());)
                await (await w.post('/v1/chat/completions', chat(name))).arrayBuffer();
        };
        await Promise.all(Array.from({ length: 16 }, one));
        const page = await scrape(w);
        assert.equal(sum(page, 'llmux_proxy_requests_total', 'status="404"'), 8000);
        assert.ok(!page.includes('made-up'));
        assert.ok(page.split('\n').length - before < 200, `${page.split('\n').length - before} more lines`);
        assert.equal(sum(page, 'llmux_metrics_overflow_total'), 0);
    });
});

describe('request ids', () => {
    let w;
    before(async () => { w = await World.start(); });
    after(() => w.stop());
    const ask = (id) => w.post('/v1/chat/completions', chat('openai/m'), id === undefined ? {} : { 'x-request-id': id });

    test('a sane one is returned, logged and sent on; a new one sorts', async () => {
        const r = await ask('client-1.a:b/c');
        assert.equal(r.headers.get('x-request-id'), 'client-1.a:b/c');
        assert.ok(await w.log('client-1.a:b/c'));
        assert.equal((await w.last()).headers['x-request-id'], 'client-1.a:b/c');
        const a = (await ask()).headers.get('x-request-id');
        await new Promise((resolve) => setTimeout(resolve, 5));
        const b = (await ask()).headers.get('x-request-id');
        assert.ok(a < b, `${a} ${b}`);
    });

    test('a hostile one is replaced', async () => {
        for (const id of ['x'.repeat(129), '"},{"a":"', '<script>', '${jndi:ldap://x}', '$(id)', 'a b', "';--"]) {
            const got = (await ask(id)).headers.get('x-request-id');
            assert.match(got, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/, id);
        }
    });
});

const types = {
    stringValue: ['gen_ai.operation.name', 'gen_ai.provider.name', 'gen_ai.request.model', 'gen_ai.response.id',
        'gen_ai.response.model', 'server.address', 'error.type', 'http.request.method', 'url.path', 'url.scheme',
        'client.address', 'user_agent.original', 'llmux.request_id', 'llmux.front', 'llmux.deployment', 'llmux.provider.type',
        'llmux.dialect', 'llmux.dropped', 'llmux.model', 'llmux.candidate', 'llmux.upstream.request_id'],
    intValue: ['gen_ai.request.max_tokens', 'gen_ai.request.seed', 'gen_ai.request.choice.count', 'gen_ai.usage.input_tokens',
        'gen_ai.usage.output_tokens', 'gen_ai.usage.cache_read.input_tokens', 'gen_ai.usage.cache_creation.input_tokens',
        'gen_ai.usage.reasoning.output_tokens', 'server.port', 'http.response.status_code', 'llmux.attempt',
        'llmux.attempts', 'llmux.bytes_in', 'llmux.bytes_out'],
    doubleValue: ['gen_ai.request.temperature', 'gen_ai.request.top_p', 'gen_ai.request.top_k',
        'gen_ai.request.presence_penalty', 'gen_ai.request.frequency_penalty', 'gen_ai.response.time_to_first_chunk',
        'llmux.overhead'],
    boolValue: ['gen_ai.request.stream', 'llmux.stream', 'llmux.gone', 'llmux.cut'],
    arrayValue: ['gen_ai.request.stop_sequences', 'gen_ai.response.finish_reasons'],
};
const typeOf = Object.fromEntries(Object.entries(types).flatMap(([type, keys]) => keys.map((k) => [k, type])));
// Members of the conventions that came after the constants of this package.
const newer = new Set(['gen_ai.request.stream', 'gen_ai.response.time_to_first_chunk', 'gen_ai.usage.reasoning.output_tokens',
    'gen_ai.usage.cache_read.input_tokens', 'gen_ai.usage.cache_creation.input_tokens', 'gen_ai.provider.name']);

for (const protocol of ['http', 'grpc'])
    describe(`OTLP over ${protocol}`, () => {
        let w, receiver;
        before(async () => {
            receiver = await Receiver.start();
            w = await World.start({
                fallbacks: { 'openai/any!503': ['anthropic/spare'] },
                providers: (url) => [{ name: 'broken', type: 'openai.chat', base_url: url,
                    api_key: 'sk-upstream-0123456789abcdef', models: ['openai/any!503'] }],
                telemetry: { otlp: { endpoint: receiver.endpoint(protocol), protocol, delay: '20ms', interval: '200ms', logs: true,
                                     headers: { 'x-otlp-key': 'telemetry-secret' } } },
            });
        });
        after(async () => {
            await w.stop();
            await receiver.stop();
        });
        const trace = (id, n) => eventually(() => {
            const spans = receiver.spans.filter((s) => s.traceId === id);
            return spans.length >= n && spans;
        });
        const value = (span, key) => span.attributes[key]?.value;

        test('a request is a tree of spans that fit into each other', async () => {
            const id = '0af7651916cd43dd8448eb211c80319c';
            const r = await w.post('/v1/chat/completions', chat('openai/any!503', { stream: true, temperature: 0.5, seed: 7,
                stop: ['x', 'y'], max_completion_tokens: 40, stream_options: { include_usage: true } }),
            { traceparent: `00-${id}-b7ad6b7169203331-01`, tracestate: 'a=b', 'user-agent': 'test/1' });
            await r.text();
            const spans = await trace(id, 5);
            const root = spans.find((s) => s.kind === 'SPAN_KIND_SERVER');
            assert.equal(root.parentSpanId, 'b7ad6b7169203331');
            assert.equal(root.traceState, 'a=b');
            assert.equal(root.name, 'POST /v1/chat/completions');
            assert.equal(value(root, 'http.response.status_code'), '200');
            assert.equal(value(root, 'user_agent.original'), 'test/1');
            assert.equal(value(root, 'llmux.request_id'), r.headers.get('x-request-id'));
            assert.equal(root.resource['service.name'].value, 'llmux');
            const ids = new Map(spans.map((s) => [s.spanId, s]));
            assert.equal(ids.size, spans.length);
            for (const s of spans.filter((x) => x !== root)) {
                const parent = ids.get(s.parentSpanId);
                assert.ok(parent, `${s.name} has no parent`);
                assert.ok(BigInt(s.startTimeUnixNano) >= BigInt(parent.startTimeUnixNano), `${s.name} begins before ${parent.name}`);
                assert.ok(BigInt(s.endTimeUnixNano) <= BigInt(parent.endTimeUnixNano), `${s.name} ends after ${parent.name}`);
            }
            const [first, second] = spans.filter((s) => s.kind === 'SPAN_KIND_CLIENT')
                .sort((a, b) => Number(value(a, 'llmux.attempt')) - Number(value(b, 'llmux.attempt')));
            assert.equal(value(first, 'error.type'), 'overloaded');
            assert.equal(first.status.code, 'STATUS_CODE_ERROR');
            assert.equal(second.name, 'chat spare');
            assert.equal(value(second, 'gen_ai.provider.name'), 'anthropic');
            assert.equal(value(second, 'gen_ai.request.temperature'), 0.5);
            assert.deepEqual(value(second, 'gen_ai.request.stop_sequences'), ['x', 'y']);
            assert.deepEqual(value(second, 'gen_ai.response.finish_reasons'), ['stop']);
            assert.ok(Number(value(second, 'gen_ai.usage.output_tokens')) > 0);
            assert.equal(second.events[0].name, 'first_token');
            assert.ok(spans.some((s) => s.name === 'stream' && s.parentSpanId === root.spanId));
            assert.ok(spans.some((s) => s.name === 'route' && s.parentSpanId === root.spanId));
            assert.ok(spans.some((s) => s.name === 'connect'));
            // The provider was told of the second attempt.
            const told = (await w.last()).headers;
            assert.equal(told.traceparent, `00-${id}-${second.spanId}-01`);
            assert.equal(told.tracestate, 'a=b');
        });

        test('every attribute has the name and the type of the conventions', async () => {
            await (await w.post('/v1/chat/completions', chat('openai/m', { top_p: 0.9, presence_penalty: 0.1,
                frequency_penalty: 0.2 }))).text();
            await eventually(() => receiver.spans.some((s) => value(s, 'gen_ai.request.top_p') === 0.9));
            for (const s of receiver.spans)
                for (const [key, { type }] of Object.entries(s.attributes)) {
                    assert.equal(type, typeOf[key], `${s.name}: ${key}`);
                    assert.ok(key.startsWith('llmux.') || named.has(key) || newer.has(key), `${key} is no convention`);
                }
        });

        test('metrics come by the names of the conventions', async () => {
            const names = ['gen_ai.client.operation.duration', 'gen_ai.client.token.usage',
                           'gen_ai.server.time_to_first_token', 'gen_ai.server.time_per_output_token'];
            await eventually(() => names.every((n) => receiver.metrics.some((m) => m.name === n && m.points.length)));
            for (const m of receiver.metrics) {
                assert.ok(names.includes(m.name) && named.has(m.name), m.name);
                assert.equal(m.unit, m.name.endsWith('usage') ? '{token}' : 's');
                assert.equal(m.histogram.aggregationTemporality, 'AGGREGATION_TEMPORALITY_CUMULATIVE');
                for (const p of m.points) {
                    assert.equal(p.bucketCounts.length, p.explicitBounds.length + 1);
                    assert.equal(p.bucketCounts.reduce((a, b) => a + Number(b), 0), Number(p.count));
                    assert.ok(p.attributes['gen_ai.operation.name'].value);
                    assert.ok(p.attributes['gen_ai.provider.name'].value);
                }
            }
            assert.ok(receiver.requests.every((r) => r.headers['x-otlp-key'] === 'telemetry-secret'));
        });

        test('lines of the log come as records that know their trace', async () => {
            const id = '3af7651916cd43dd8448eb211c80319c';
            const r = await w.post('/v1/chat/completions', chat('openai/m'), { traceparent: `00-${id}-b7ad6b7169203331-01` });
            const line = await eventually(() => receiver.logs.find((l) => l.traceId === id));
            assert.equal(line.body, 'request');
            assert.equal(line.severityText, 'info');
            assert.equal(line.severityNumber, 'SEVERITY_NUMBER_INFO');
            assert.deepEqual(line.attributes.request_id, { type: 'stringValue', value: r.headers.get('x-request-id') });
            assert.deepEqual(line.attributes.status, { type: 'intValue', value: '200' });
            assert.equal(line.attributes.duration.type, 'doubleValue');
            assert.deepEqual(line.attributes.stream, { type: 'boolValue', value: false });
        });

        test('errors that are not sampled are told of all the same', async () => {
            const id = '1af7651916cd43dd8448eb211c80319c';
            await w.post('/v1/chat/completions', chat('openai/any!400'), { traceparent: `00-${id}-b7ad6b7169203331-00` });
            const quiet = '2af7651916cd43dd8448eb211c80319c';
            await w.post('/v1/chat/completions', chat('openai/m'), { traceparent: `00-${quiet}-b7ad6b7169203331-00` });
            await trace(id, 2);
            assert.ok(!receiver.spans.some((s) => s.traceId === quiet));
        });
    });

describe('sampling', () => {
    const recorded = async (traces, ask) => {
        const receiver = await Receiver.start();
        const w = await World.start({ telemetry: { otlp: { endpoint: receiver.endpoint('http'), delay: '10ms', metrics: false }, traces } });
        try {
            await ask(w);
            const sent = async () => sum(await scrape(w), 'llmux_telemetry_items_total', 'signal="traces",outcome="exported"');
            const roots = () => receiver.spans.filter((s) => s.kind === 'SPAN_KIND_SERVER').length;
            for (let before = -1; before !== await sent() || roots() !== before;) {
                before = await sent();
                await new Promise((resolve) => setTimeout(resolve, 100));
            }
            return receiver.spans.filter((s) => s.kind === 'SPAN_KIND_SERVER');
        } finally {
            await w.stop();
            await receiver.stop();
        }
    };

    test('a share is a share', async () => {
        const roots = await recorded({ sample: '30%' }, async (w) => {
            for (let i = 0; i < 300; i++)
                await (await w.post('/v1/chat/completions', chat('openai/m'))).arrayBuffer();
        });
        assert.ok(roots.length > 45 && roots.length < 150, `${roots.length} of 300`);
    });

    test('of no share, what is slow and what failed are told of', async () => {
        const roots = await recorded({ sample: '0%', keep_slow: '150ms' }, async (w) => {
            for (const model of ['openai/m', 'openai/slow!delay=300ms', 'openai/bad!400', 'openai/m'])
                await (await w.post('/v1/chat/completions', chat(model))).arrayBuffer();
        });
        assert.deepEqual(roots.map((s) => s.attributes['gen_ai.request.model'].value).sort(),
            ['openai/bad!400', 'openai/slow!delay=300ms']);
    });

    test('what the operator does not want is not told of', async () => {
        const roots = await recorded({ sample: '0%', keep_slow: '0', keep_errors: false, follow_client: false, propagate: false }, async (w) => {
            await w.post('/v1/chat/completions', chat('openai/bad!400'));
            await w.post('/v1/chat/completions', chat('openai/m'),
                { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' });
            assert.equal((await w.last()).headers.traceparent, undefined);
        });
        assert.deepEqual(roots, []);
    });
});

describe('Prometheus', () => {
    let w, prometheus, receiver;
    before(async () => {
        receiver = await Receiver.start();
        w = await World.start({ retries: 1, resilience: { breaker: { failures: 2, open: '100ms' }, cooldown: { time: 0 },
                                                          backoff: { first: '1ms', most: '1ms' } },
            fallbacks: { gone: ['openai/spare'] },
            providers: [{ name: 'gone', type: 'openai.chat', base_url: 'http://127.0.0.1:1', models: ['gone'] }],
            telemetry: { otlp: { endpoint: receiver.endpoint('http'), delay: '50ms' } } });
        prometheus = await Prometheus.start(w.address);
    });
    after(async () => {
        await prometheus?.stop();
        await w.stop();
        await receiver.stop();
    });

    test('every query of the dashboard and of the alerts returns data', async () => {
        const end = Date.now() + 4000;
        const kinds = [['/v1/chat/completions', chat('openai/m', { stream: true, stream_options: { include_usage: true } })],
            ['/v1/messages', { ...chat('openai/m'), max_tokens: 9, top_k: 3 }], ['/v1/chat/completions', chat('gone')],
            ['/v1/chat/completions', chat('openai/any!429')], ['/v1/chat/completions', chat('openai/any!500')]];
        for (let i = 0; Date.now() < end; i++) {
            await (await w.post(...kinds[i % kinds.length])).text();
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
        await eventually(async () => (await prometheus.query('count_over_time(up[1m])'))[0]?.value[1] > 5).catch((e) => {
            throw new Error(`${e.message}\n${prometheus.output}`);
        });
        const all = await queries();
        assert.ok(all.length > 40, `${all.length} queries`);
        const empty = [];
        for (const { from, expr } of all)
            if ((await prometheus.query(expr)).length === 0)
                empty.push(`${from}: ${expr}`);
        assert.deepEqual(empty, []);
        const names = new Set((await prometheus.get('/api/v1/label/__name__/values', {})));
        for (const { from, expr } of all)
            for (const [name] of expr.matchAll(/\b(?:llmux|process)_\w+/g))
                assert.ok(names.has(name), `${from}: there is no ${name}`);
    });

    test('examples lead from a histogram to a trace', async () => {
        const found = await prometheus.get('/api/v1/query_exemplars', { query: 'llmux_request_duration_seconds_bucket',
            start: Date.now() / 1000 - 600, end: Date.now() / 1000 + 60 });
        const traces = new Set(found.flatMap((s) => s.exemplars.map((e) => e.labels.trace_id)));
        assert.ok(traces.size > 0);
        const known = await eventually(() => [...traces].every((t) => receiver.spans.some((s) => s.traceId === t)));
        assert.ok(known);
    });
});

describe('the log', () => {
    test('its level changes while the gateway runs', async () => {
        const w = await World.start({ server: { admin_listen: '127.0.0.1:0' } });
        try {
            const admin = await w.gateway.line((l) => { const e = JSON.parse(l); return e.event === 'listening_admin' && e.address; });
            const level = (body) => fetch(`http://${admin}/admin/log`, { method: 'POST', body: JSON.stringify(body) });
            assert.equal((await level({ level: 'loud' })).status, 400);
            assert.deepEqual(await (await level({ level: 'error' })).json(), { level: 'error' });
            const quiet = (await w.post('/v1/chat/completions', chat('openai/m'))).headers.get('x-request-id');
            assert.equal((await level({ level: 'info' })).status, 200);
            const heard = (await w.post('/v1/chat/completions', chat('openai/m'))).headers.get('x-request-id');
            const line = await w.log(heard);
            assert.ok(!w.gateway.lines.some((l) => l.includes(quiet)));
            for (const key of ['client', 'front', 'model', 'provider', 'upstream_model', 'attempts', 'duration', 'overhead',
                               'upstream_wait', 'tokens_in', 'tokens_out', 'bytes_in', 'bytes_out'])
                assert.ok(line[key] !== undefined, key);
        } finally {
            await w.stop();
        }
    });
});

describe('a log that nobody reads', () => {
    test('stops no request, and is told of afterwards', async () => {
        const w = await World.start();
        try {
            const body = JSON.stringify(chat('x'.repeat(400)));
            const one = async (n) => {
                for (; n > 0; n--)
                    await (await w.post('/v1/chat/completions', body)).arrayBuffer();
            };
            const dropped = async () => sum(await scrape(w), 'llmux_log_dropped_lines_total');
            w.gateway.pause();
            for (let i = 0; i < 20 && await dropped() === 0; i++)
                await Promise.all(Array.from({ length: 16 }, () => one(64)));
            assert.ok(await dropped() > 0);
            assert.equal((await w.post('/v1/chat/completions', chat('openai/m'))).status, 200);
            w.gateway.resume();
            const line = await w.gateway.line((l) => l.includes('"log_dropped"') && JSON.parse(l));
            assert.ok(line.lines > 0);
            for (const l of w.gateway.lines)
                JSON.parse(l);
        } finally {
            w.gateway.resume();
            await w.stop();
        }
    });
});

describe('without a receiver', () => {
    let w, receiver;
    before(async () => {
        receiver = await Receiver.start();
        w = await World.start({ telemetry: { otlp: { endpoint: receiver.endpoint('http'), delay: '10ms', retry: '1m',
                                                     queue: 16, batch: 4, metrics: false } } });
    });
    after(async () => {
        await w.stop();
        await receiver.stop();
    });

    test('no request fails, and what is lost is counted', async () => {
        receiver.answer = 503;
        for (let i = 0; i < 100; i++)
            assert.equal((await w.post('/v1/chat/completions', chat('openai/m'))).status, 200);
        const items = async (outcome) => sum(await scrape(w), 'llmux_telemetry_items_total', `signal="traces",outcome="${outcome}"`);
        const dropped = await items('dropped');
        assert.ok(dropped >= 60, `${dropped} dropped`);
        receiver.answer = 200;
        await eventually(async () => await items('exported') + dropped >= 100);
        const roots = receiver.spans.filter((s) => s.kind === 'SPAN_KIND_SERVER');
        assert.equal(roots.length, 100 - dropped);
        assert.ok(w.gateway.lines.some((l) => JSON.parse(l).event === 'telemetry_lost'));
        assert.ok(w.gateway.lines.some((l) => JSON.parse(l).event === 'telemetry_sent'));
    });
});
