// What an OpenTelemetry receiver gets: spans, metrics and records of the log, and what happens when it does not take them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { metrics, ofMetric, ofRecord, ofResource, ofTrace, spans as kinds, value } from './lib/conventions.mjs';
import { Receiver } from './lib/receiver.mjs';
import { chat, scrape, sum } from './lib/scrape.mjs';
import { eventually, UPSTREAM_KEY, World } from './lib/world.mjs';

const LOST_SECONDS = Number(process.env.LOST_SECONDS ?? 2);
const manual = await readFile(new URL('../../docs/observability.md', import.meta.url), 'utf8');
const items = async (w, signal, outcome) =>
    sum(await scrape(w), 'llmux_telemetry_items_total', `signal="${signal}",outcome="${outcome}"`);

for (const protocol of ['http', 'grpc'])
    describe(`OTLP over ${protocol}`, () => {
        let w, receiver;
        before(async () => {
            receiver = await Receiver.start();
            w = await World.start({
                fallbacks: { 'openai/any!503': ['anthropic/spare'] },
                providers: (url) => [{ name: 'broken', type: 'openai.chat', base_url: url,
                    api_key: UPSTREAM_KEY, models: ['openai/any!503'] }],
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

        test('a request is a tree of spans that fit into each other', async () => {
            const id = '0af7651916cd43dd8448eb211c80319c';
            const r = await w.post('/v1/chat/completions', chat('openai/any!503', { stream: true, temperature: 0.5, seed: 7,
                stop: ['x', 'y'], max_completion_tokens: 40, stream_options: { include_usage: true } }),
            { traceparent: `00-${id}-b7ad6b7169203331-01`, tracestate: 'a=b', 'user-agent': 'test/1' });
            await r.text();
            const spans = await trace(id, 5);
            const root = spans.find((s) => s.kind === 'SPAN_KIND_SERVER');
            assert.deepEqual([...ofTrace(spans)], []);
            assert.equal(root.parentSpanId, 'b7ad6b7169203331');
            assert.equal(root.traceState, 'a=b');
            assert.equal(root.name, 'POST /v1/chat/completions');
            assert.equal(value(root, 'http.response.status_code'), '200');
            assert.equal(value(root, 'user_agent.original'), 'test/1');
            assert.equal(value(root, 'llmux.request_id'), r.headers.get('x-request-id'));
            assert.deepEqual([...ofResource(root.resource)], []);
            assert.equal(root.resource['service.name'].value, 'llmux');
            const [first, second] = spans.filter((s) => s.kind === 'SPAN_KIND_CLIENT')
                .sort((a, b) => Number(value(a, 'llmux.attempt')) - Number(value(b, 'llmux.attempt')));
            assert.equal(value(first, 'error.type'), 'overloaded');
            assert.equal(first.status.code, 'STATUS_CODE_ERROR');
            assert.equal(second.name, 'chat spare');
            assert.equal(value(second, 'gen_ai.provider.name'), 'anthropic');
            assert.equal(value(second, 'gen_ai.request.temperature'), 0.5);
            assert.equal(value(second, 'gen_ai.request.stream'), true);
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

        test('a name of a client that is no UTF-8 is made so, and is cut between characters', async () => {
            for (const [agent, told] of [['caf\u00e9/1', 'caf\ufffd/1'],
                ['x'.repeat(255) + '\u00c3\u00a9', 'x'.repeat(255)]]) {
                const id = randomBytes(16).toString('hex');
                const r = await w.post('/v1/chat/completions', chat('openai/any'), { traceparent: `00-${id}-b7ad6b7169203331-01`,
                    'user-agent': agent });
                await r.text();
                const root = (await trace(id, 3)).find((s) => s.kind === 'SPAN_KIND_SERVER');
                assert.equal(value(root, 'user_agent.original'), told);
                assert.ok(receiver.bodies.some((b) => b.includes(told)));
            }
        });

        test('every span has the attributes of the conventions, with their types', async () => {
            await (await w.post('/v1/chat/completions', chat('openai/m', { top_p: 0.9, presence_penalty: 0.1, n: 2,
                frequency_penalty: 0.2, response_format: { type: 'json_object' } }))).text();
            await (await w.post('/v1/messages', chat('anthropic/m', { top_k: 3, max_tokens: 9 }))).text();
            await (await w.post('/v1/embeddings', { model: 'openai/m', input: 'x' })).text();
            await (await w.post('/v1/chat/completions', chat('openai/any!400'))).text();
            await (await w.post('/v1/chat/completions', chat('openai/any!500'))).text();
            await (await w.post('/v1/chat/completions', chat('openai/m!500@1', { stream: true }))).text();
            await (await w.post('/v1/chat/completions', chat('nobody'))).text();
            await (await w.post('/v1/chat/completions', 'no JSON')).text();
            await eventually(() => receiver.spans.filter((s) => s.kind === 'SPAN_KIND_SERVER').length >= 9);
            const seen = new Set(receiver.spans.flatMap((s) => Object.keys(s.attributes)));
            for (const key of ['gen_ai.output.type', 'gen_ai.request.top_k', 'gen_ai.request.top_p', 'gen_ai.request.choice.count',
                               'gen_ai.request.presence_penalty', 'gen_ai.request.frequency_penalty'])
                assert.ok(seen.has(key), key);
            for (const id of new Set(receiver.spans.map((s) => s.traceId)))
                assert.deepEqual([...ofTrace(receiver.spans.filter((s) => s.traceId === id))], []);
            const untold = [...seen].filter((key) => !manual.includes(`\`${key}\``));
            assert.deepEqual(untold, [], 'docs/observability.md does not tell of these');
            const never = Object.values(kinds).flatMap((k) => Object.keys({ ...k.must, ...k.may }))
                .filter((key) => !manual.includes(`\`${key}\``));
            assert.deepEqual(never, []);
        });

        test("a client's mistake is no failure of the server, a provider's is", async () => {
            const root = async (model) => {
                const r = await w.post('/v1/chat/completions', chat(model));
                await r.text();
                return eventually(() => receiver.spans.find((s) => s.kind === 'SPAN_KIND_SERVER'
                    && value(s, 'llmux.request_id') === r.headers.get('x-request-id')));
            };
            const missing = await root('nobody'), broken = await root('openai/any!500');
            assert.equal(value(missing, 'error.type'), 'missing');
            assert.equal(missing.status?.code, undefined);
            assert.equal(value(broken, 'error.type'), 'internal');
            assert.equal(broken.status.code, 'STATUS_CODE_ERROR');
        });

        test('metrics have the names, units, bounds and attributes of the conventions', async () => {
            const names = Object.keys(metrics);
            await eventually(() => names.every((n) => receiver.metrics.some((m) => m.name === n && m.points.length)));
            for (const m of receiver.metrics)
                assert.deepEqual([...ofMetric(m)], []);
            for (const key of names.flatMap((n) => [n, ...Object.keys(metrics[n].attributes)]))
                assert.ok(manual.includes(`\`${key}\``), key);
            assert.ok(receiver.requests.every((r) => r.headers['x-otlp-key'] === 'telemetry-secret'));
        });

        test('lines of the log come as records that know their trace', async () => {
            const id = '3af7651916cd43dd8448eb211c80319c';
            const r = await w.post('/v1/chat/completions', chat('openai/m'), { traceparent: `00-${id}-b7ad6b7169203331-01` });
            const line = await eventually(() => receiver.logs.find((l) => l.traceId === id));
            const root = (await trace(id, 3)).find((s) => s.kind === 'SPAN_KIND_SERVER');
            assert.equal(line.body, 'request');
            assert.equal(line.spanId.toString('hex'), root.spanId);
            assert.deepEqual(line.attributes.request_id, { type: 'stringValue', value: r.headers.get('x-request-id') });
            assert.deepEqual(line.attributes.status, { type: 'intValue', value: '200' });
            assert.equal(line.attributes.duration.type, 'doubleValue');
            assert.deepEqual(line.attributes.stream, { type: 'boolValue', value: false });
            for (const l of receiver.logs)
                assert.deepEqual([...ofRecord(l)], []);
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

describe('what receivers want', () => {
    const started = async (protocol, otlp, more, tls) => {
        const receiver = await Receiver.start(tls);
        const w = await World.start({ telemetry: { ...more, otlp: { endpoint: receiver.endpoint(protocol), protocol, delay: '5ms',
            metrics: false, ...otlp } } });
        return { receiver, w, stop: async () => { await w.stop(); await receiver.stop(); } };
    };
    const ask = async (w) => (await w.post('/v1/chat/completions', chat('openai/m'))).text();
    const traces = (receiver) => receiver.spans.filter((s) => s.kind === 'SPAN_KIND_SERVER').length;

    for (const protocol of ['http', 'grpc']) {
        test(`${protocol}: over TLS the receiver shows who it is, and llmux does if it is asked`, async () => {
            const folder = await mkdtemp(join(tmpdir(), 'llmux-otlp-'));
            const cert_file = join(folder, 'cert.pem'), key_file = join(folder, 'key.pem');
            execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=receiver', '-addext',
                'subjectAltName=IP:127.0.0.1', '-out', cert_file, '-keyout', key_file], { stdio: 'ignore' });
            const tls = { cert: await readFile(cert_file), key: await readFile(key_file), clients: true };
            try {
                for (const [otlp, outcome] of [[{}, 'failed'], [{ ca_file: cert_file }, 'failed'],
                                               [{ ca_file: cert_file, cert_file, key_file }, 'exported']]) {
                    const s = await started(protocol, { ...otlp, retry: 0 }, {}, tls);
                    try {
                        await ask(s.w);
                        await eventually(async () => await items(s.w, 'traces', outcome) === 1);
                        assert.equal(traces(s.receiver), outcome === 'exported' ? 1 : 0);
                    } finally {
                        await s.stop();
                    }
                }
            } finally {
                await rm(folder, { recursive: true });
            }
        });

        test(`${protocol}: messages are compressed, and tell of the resource what the config says`, async () => {
            const s = await started(protocol, { compression: 'gzip' },
                { service: 'my-gateway', resource: { 'deployment.environment.name': 'test' } });
            try {
                await ask(s.w);
                await eventually(() => traces(s.receiver) === 1);
                if (protocol === 'http') // grpc-js keeps its own to itself
                    assert.equal(s.receiver.requests[0].headers['content-encoding'], 'gzip');
                const { resource } = s.receiver.spans[0];
                assert.equal(resource['service.name'].value, 'my-gateway');
                assert.deepEqual(resource['deployment.environment.name'], { type: 'stringValue', value: 'test' });
            } finally {
                await s.stop();
            }
        });

        test(`${protocol}: what a receiver does not take of a message is counted`, async () => {
            const s = await started(protocol, {});
            try {
                s.receiver.rejected = 2;
                await ask(s.w);
                await eventually(async () => await items(s.w, 'traces', 'rejected') === 2);
                assert.equal(await items(s.w, 'traces', 'exported'), 1);
                const line = await s.w.gateway.line((l) => l.includes('"telemetry_rejected"') && JSON.parse(l));
                assert.match(line.msg, /2 rejected: these were too old/);
            } finally {
                await s.stop();
            }
        });

        test(`${protocol}: a receiver that says when is asked then`, async () => {
            const s = await started(protocol, {});
            try {
                s.receiver.answers = protocol === 'http' ? [{ status: 429, headers: { 'retry-after': '1' } }, { status: 503 }]
                    : [{ code: 8, seconds: 1 }, { code: 14 }];
                const begun = Date.now();
                await ask(s.w);
                await eventually(() => traces(s.receiver) === 1);
                assert.ok(Date.now() - begun >= 1000);
                assert.equal(await items(s.w, 'traces', 'failed'), 0);
            } finally {
                await s.stop();
            }
        });

        test(`${protocol}: what is refused for good is not sent again`, async () => {
            const s = await started(protocol, {});
            try {
                s.receiver.answers = protocol === 'http' ? [{ status: 400 }] : [{ code: 8 }];
                await ask(s.w);
                await eventually(async () => await items(s.w, 'traces', 'failed') === 1);
                await ask(s.w);
                await eventually(() => traces(s.receiver) === 1);
            } finally {
                await s.stop();
            }
        });
    }
});

// What the conventions' JSON schemas want of messages.
const parts = { text: ['content'], reasoning: ['content'], tool_call: ['name'], tool_call_response: ['response'],
                uri: ['modality', 'uri'], file: ['modality', 'file_id'] };
function checkMessages(messages, finished) {
    for (const m of messages) {
        assert.ok(['system', 'user', 'assistant', 'tool'].includes(m.role), m.role);
        assert.equal(typeof m.finish_reason, finished ? 'string' : 'undefined');
        for (const p of m.parts)
            for (const key of parts[p.type] ?? [])
                assert.notEqual(p[key], undefined, `${p.type} without ${key}`);
    }
}

describe('what is said', () => {
    const MAIL = 'jane.doe@example.com', CARD = '4111111111111111';
    const tool = { name: 'look_up', description: `Ask ${MAIL} first.`,
                   parameters: { type: 'object', properties: { who: { type: 'string' } } } };
    const started = async (traces, more) => {
        const receiver = await Receiver.start();
        const w = await World.start({ ...more, telemetry: { otlp: { endpoint: receiver.endpoint('http'), delay: '5ms', metrics: false }, traces } });
        const attempt = async (path, body) => {
            const r = await w.post(path, body);
            const text = await r.text();
            const root = await eventually(() => receiver.spans.find((s) => s.kind === 'SPAN_KIND_SERVER'
                && value(s, 'llmux.request_id') === r.headers.get('x-request-id')));
            const all = receiver.spans.filter((s) => s.traceId === root.traceId);
            assert.deepEqual([...ofTrace(all)], []);
            assert.ok(!JSON.stringify(all).includes(UPSTREAM_KEY));
            return { text, ...Object.fromEntries(['input.messages', 'output.messages', 'system_instructions', 'tool.definitions']
                .map((k) => [k.replace(/.*\./, '').replace('messages', k.split('.')[0]),
                    value(all.find((s) => s.kind === 'SPAN_KIND_CLIENT'), `gen_ai.${k}`)])), all };
        };
        return { receiver, w, attempt, stop: async () => { await w.stop(); await receiver.stop(); } };
    };

    test('is not told unless the config wants it', async () => {
        const s = await started({});
        try {
            await s.attempt('/v1/chat/completions', chat('openai/m'));
            assert.ok(!JSON.stringify(s.receiver.spans).includes('Hi.'));
        } finally {
            await s.stop();
        }
    });

    test('is told without secrets: whole, streamed, copied, translated, with calls and their results', async () => {
        const s = await started({ content: true });
        try {
            for (const model of ['openai/m', 'anthropic/m'])
                for (const stream of [false, true]) {
                    const got = await s.attempt('/v1/chat/completions', { model, stream, messages: [
                        { role: 'system', content: `Never write to ${MAIL}. ${'Be brief. '.repeat(20)}"Quoted"\n` },
                        { role: 'user', content: 'Who is it?' },
                        { role: 'assistant', tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'look_up',
                            arguments: JSON.stringify({ who: MAIL, card: Number(CARD), n: [1, 2.5, true, null], deep: { [MAIL]: 'x' } }) } }] },
                        { role: 'tool', tool_call_id: 'call_1', content: `It is ${MAIL}.` },
                        { role: 'user', content: `say:Write to ${MAIL} or to the upstream's ${UPSTREAM_KEY} now.` }],
                        tools: [{ type: 'function', function: tool }] });
                    const what = `${model} ${stream}`;
                    assert.ok(stream || got.text.includes(MAIL), what); // in a stream it is split over events
                    assert.ok(!JSON.stringify(got.all).includes('jane.doe'), what);
                    assert.ok(!JSON.stringify(got.all).includes(CARD), what);
                    checkMessages(got.input, false);
                    checkMessages(got.output, true);
                    assert.match(got.system_instructions[0].content, /^Never write to \[REDACTED:email\]\. .*"Quoted"\n$/);
                    assert.deepEqual(got.input.map((m) => m.role), ['user', 'assistant', 'tool', 'user'], what);
                    const [call] = got.input[1].parts;
                    assert.equal(call.type, 'tool_call');
                    assert.deepEqual(call.arguments.n, ['1', 2.5, true, null]);
                    assert.equal(call.arguments.who, '[REDACTED:email]');
                    assert.equal(got.input[2].parts[0].response, 'It is [REDACTED:email].');
                    assert.match(got.output[0].parts[0].content, /^Write to \[REDACTED:email\] or to the upstream's .*now\.$/);
                    assert.equal(got.output[0].finish_reason, 'stop');
                    assert.equal(got.definitions[0].name, 'look_up');
                    assert.equal(got.definitions[0].description, 'Ask [REDACTED:email] first.');
                    assert.equal(got.definitions[0].parameters.properties.who.type, 'string');
                }
        } finally {
            await s.stop();
        }
    });

    for (const mode of ['mask', 'off']) test(`is told without what the operator has patterns for, mode ${mode}`, async () => {
        const s = await started({ content: true }, { redaction: { mode, kinds: ['custom'],
            patterns: [{ name: 'ticket', regex: 'TICKET-[0-9]{6}' }] } });
        try {
            const got = await s.attempt('/v1/chat/completions', chat('openai/m', { stream: true,
                messages: [{ role: 'user', content: 'say:About TICKET-123456.' }] }));
            assert.equal(got.input[0].parts[0].content, 'say:About [REDACTED:ticket].');
            assert.ok(!JSON.stringify(got.all).includes('123456'));
        } finally {
            await s.stop();
        }
    });

    test('is told of calls in replies, for clients of the other API, and is cut where the config says', async () => {
        const s = await started({ content: true, content_max: '1KiB' });
        try {
            const call = await s.attempt('/v1/messages', { model: 'openai/m', max_tokens: 100, stream: true,
                tools: [{ name: 'look_up', input_schema: tool.parameters }],
                messages: [{ role: 'user', content: `call:look_up {"who": "${MAIL}"}` }] });
            const [made] = call.output[0].parts.filter((p) => p.type === 'tool_call');
            assert.equal(made.name, 'look_up');
            assert.deepEqual(made.arguments, { who: '[REDACTED:email]' });
            assert.equal(call.output[0].finish_reason, 'tool_call');
            const long = await s.attempt('/v1/chat/completions', chat('openai/m', { stream: true,
                messages: [{ role: 'user', content: `say:${'word '.repeat(190)}${MAIL} ${'word '.repeat(4000)}` }] }));
            assert.ok(long.input[0].parts[0].content.length <= 1100);
            assert.ok(long.output[0].parts[0].content.length <= 1100);
            assert.ok(!/jane|doe@/.test(JSON.stringify(long.all)));
            assert.ok(long.all.some((x) => value(x, 'llmux.content_cut') === true));
        } finally {
            await s.stop();
        }
    });
});

// Refused, taken and never answered, or away: LOST_SECONDS each.
const patient = { concurrency: 3, timeout: 120_000 + LOST_SECONDS * 1000 };
describe('a receiver that is lost', patient, () => {
    const losses = { away: (r) => r.leave(), silent: (r) => { r.answer = 0; }, busy: (r) => { r.answer = 503; } };
    for (const [how, lose] of Object.entries(losses))
        test(`${how}: costs no request, what is lost is counted, and it goes on when it is back`, patient, async () => {
            const receiver = await Receiver.start();
            const w = await World.start({ telemetry: { otlp: { endpoint: receiver.endpoint('http'), delay: '10ms', timeout: '1s',
                retry: '1m', queue: 16, batch: 4, interval: '100ms' } } });
            try {
                await (await w.post('/v1/chat/completions', chat('openai/m'))).text();
                await eventually(() => receiver.spans.length);
                await lose(receiver);
                let asked = 1, longest = 0;
                for (const end = Date.now() + LOST_SECONDS * 1000; Date.now() < end || asked < 100; asked++) {
                    const begun = performance.now();
                    const r = await w.post('/v1/chat/completions', chat('openai/m'));
                    assert.equal(r.status, 200);
                    await r.text();
                    longest = Math.max(longest, performance.now() - begun);
                    await sleep(LOST_SECONDS);
                }
                // A request that waited for the receiver would have waited for a whole try.
                assert.ok(longest < 900, `${longest} ms`);
                const dropped = await items(w, 'traces', 'dropped'), failed = await items(w, 'traces', 'failed');
                assert.ok(dropped >= 60, `${dropped} of ${asked} dropped`);
                await receiver.back();
                await eventually(async () => await items(w, 'traces', 'exported') + dropped + failed >= asked, 60_000);
                const roots = receiver.spans.filter((s) => s.kind === 'SPAN_KIND_SERVER');
                assert.equal(roots.length, asked - dropped - failed);
                assert.ok(await items(w, 'metrics', 'failed') > 0);
                const told = receiver.metrics.length;
                await eventually(() => receiver.metrics.length > told);
                assert.ok(w.gateway.lines.some((l) => JSON.parse(l).event === 'telemetry_lost'));
                assert.ok(await w.gateway.line((l) => l.includes('"telemetry_sent"')));
            } finally {
                await w.stop();
                await receiver.stop();
            }
        });
});
