// What those who watch get to see: metrics for Prometheus, with dashboard and alerts, and request ids.  The log has
// log.test.mjs, OpenTelemetry telemetry.test.mjs.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Prometheus, queries } from './lib/prometheus.mjs';
import { Receiver } from './lib/receiver.mjs';
import { chat, OPENMETRICS, promtool, rows, scrape, sum } from './lib/scrape.mjs';
import { eventually, World } from './lib/world.mjs';

const manual = await readFile(new URL('../../docs/observability.md', import.meta.url), 'utf8');
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
        const r = await fetch(`${w.url}/metrics`, { headers: { accept: OPENMETRICS } });
        assert.match(r.headers.get('content-type'), /^application\/openmetrics-text; version=1\.0\.0/);
        const open = await r.text();
        assert.match(open, /\n# EOF\n$/);
        assert.equal(open.match(/# EOF/g).length, 1);
        // The same series as in the text of before, but for what moves.
        const series = (page) => page.split('\n').filter((l) => l && !l.startsWith('#')).map((l) => l.split(/ (?![^{]*\})/)[0])
            .filter((l) => !l.startsWith('process_')).sort();
        assert.deepEqual(series(open), series(await scrape(w)));
        for (const [, name] of open.matchAll(/^# TYPE (\S+) counter$/gm))
            assert.ok(!name.endsWith('_total') && !new RegExp(`^${name}[{ ]`, 'm').test(open), name);
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

describe('the manual', () => {
    let w, page;
    before(async () => {
        w = await World.start({ fallbacks: { 'openai/any!503': ['anthropic/m'] }, retries: 1,
            telemetry: { otlp: { endpoint: 'http://127.0.0.1:1', delay: '1s' } } });
        await (await w.post('/v1/chat/completions', chat('openai/m', { stream: true, stream_options: { include_usage: true } }))).text();
        await (await w.post('/v1/messages', chat('openai/m', { max_tokens: 9, top_k: 3 }))).text();
        for (const model of ['openai/any!503', 'openai/any!429', 'nobody'])
            await (await w.post('/v1/chat/completions', chat(model))).text();
        page = await scrape(w);
    });
    after(() => w.stop());

    test('tells of every metric, with its type and its labels', () => {
        const told = new Map(rows(manual).flatMap(([names, type, labels]) =>
            [...names.matchAll(/`(llmux_\w+)`/g)].map(([, name]) => [name, { type, labels: labels.match(/\w+/g) ?? [] }])));
        for (const [, name, type] of page.matchAll(/^# TYPE (llmux_\w+) (\w+)$/gm)) {
            assert.ok(told.has(name), `docs/observability.md lacks ${name}`);
            assert.equal(told.get(name).type, type, name);
            for (const [, labels] of page.matchAll(new RegExp(`^${name}(?:_bucket|_sum|_count)?\\{(.*?)\\} `, 'gm')))
                for (const [, label] of labels.matchAll(/(\w+)="/g))
                    assert.ok(label === 'le' || told.get(name).labels.includes(label), `${name}{${label}}`);
        }
    });

    test('promises no metric that is not there', () => {
        for (const [, name] of manual.matchAll(/`(llmux_\w+)`/g))
            assert.match(page, new RegExp(`^# TYPE ${name} `, 'm'));
    });
});

describe('the alerts', () => {
    const file = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
    test('are well-formed, fire when they should, and only then', async () => {
        const rules = file('deploy/prometheus/llmux.rules.yml'), cases = file('tests/prometheus/rules.test.yml');
        for (const args of [['check', 'rules', rules], ['test', 'rules', cases]]) {
            const r = promtool(args);
            assert.equal(r.code, 0, r.said);
        }
        const tested = await readFile(cases, 'utf8');
        for (const [, name] of (await readFile(rules, 'utf8')).matchAll(/- alert: (\w+)/g))
            assert.ok(tested.includes(`alertname: ${name}`), `${name} has no test`);
    });
});

describe('the dashboard', () => {
    test('has what Grafana wants of one', async () => {
        const d = JSON.parse(await readFile(new URL('../../deploy/grafana/llmux.json', import.meta.url)));
        assert.ok(d.title && d.uid && d.schemaVersion >= 36 && d.time.from);
        const variables = d.templating.list.map((v) => v.name);
        assert.deepEqual(d.panels.map((p) => p.id), [...new Set(d.panels.map((p) => p.id))]);
        const cells = new Set();
        for (const p of d.panels) {
            assert.ok(p.title && p.type && p.fieldConfig.defaults && p.targets.length, p.title);
            assert.equal(p.datasource.uid, '${datasource}');
            assert.ok(p.gridPos.x + p.gridPos.w <= 24, p.title);
            for (let x = p.gridPos.x; x < p.gridPos.x + p.gridPos.w; x++)
                for (let y = p.gridPos.y; y < p.gridPos.y + p.gridPos.h; y++)
                    assert.ok(cells.size < cells.add(`${x} ${y}`).size, `${p.title} lies over another panel`);
            assert.deepEqual(p.targets.map((t) => t.refId), [...new Set(p.targets.map((t) => t.refId))]);
            for (const t of p.targets)
                for (const [, name] of t.expr.matchAll(/\$(?!__)(\w+)/g))
                    assert.ok(variables.includes(name), `${p.title}: $${name}`);
        }
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
