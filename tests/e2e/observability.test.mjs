// What those who watch get to see: metrics for Prometheus, request ids, the log.  For OpenTelemetry see telemetry.test.mjs.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Prometheus, queries } from './lib/prometheus.mjs';
import { Receiver } from './lib/receiver.mjs';
import { chat, OPENMETRICS, promtool, scrape, sum } from './lib/scrape.mjs';
import { eventually, World } from './lib/world.mjs';

const check = (page) => promtool(['check', 'metrics'], page).said;

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
        assert.equal(check(page), '');
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
            assert.equal(check(page), '');
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
