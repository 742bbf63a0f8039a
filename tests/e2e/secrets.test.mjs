// Secrets and personal data in every place that a client or a provider can put them: none is in a log line, a span, a
// metric, an error, or on stderr.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { canaries, seen } from './lib/canaries.mjs';
import { Fake } from './lib/fakes.mjs';
import { Receiver } from './lib/receiver.mjs';
import { eventually, World } from './lib/world.mjs';

const all = canaries.join(' ; ');
const sse = (...events) => ({ headers: { 'content-type': 'text/event-stream' },
    body: events.map((e) => `${e.type ? `event: ${e.type}\n` : ''}data: ${JSON.stringify(e)}\n\n`).join('') });
const chunk = (delta) => ({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm',
                            choices: [{ index: 0, delta, finish_reason: null }] });
const start = { type: 'message_start', message: { id: 'm', type: 'message', role: 'assistant', model: 'm', content: [],
    stop_reason: null, stop_sequence: null, usage: { input_tokens: 1, output_tokens: 1 } } };
const error = { type: 'server_error', message: `It is ${all}`, param: canaries[1], code: canaries[2],
                metadata: { raw: all, n: 1 }, note: all };
const headers = { 'x-request-id': canaries[1], 'request-id': canaries[2], 'retry-after': '0' };

// What the provider does, by the model's name.
const manners = {
    json: () => ({ status: 400, headers, body: { error, type: 'error' } }),
    denied: () => ({ status: 401, headers, body: { error: { ...error, type: 'authentication_error' }, type: 'error' } }),
    odd: () => ({ status: 500, headers, body: { detail: [{ msg: all }], message: all } }),
    text: () => ({ status: 502, headers, body: all }),
    html: () => ({ status: 503, headers: { ...headers, 'content-type': 'text/html' }, body: `<html>${all}</html>` }),
    broken: () => ({ body: `{"id":"${canaries[1]}", ${all}` }),
    inside: () => ({ body: { error } }),
    stream: (m) => m ? sse(start, { type: 'error', error }) : sse(chunk({ content: 'a' }), { error }),
    begins: (m) => m ? sse({ type: 'error', error }) : sse({ error }),
    cut: (m) => m ? sse(start) : sse(chunk({ content: 'a' })),
    noise: () => ({ headers: { 'content-type': 'text/event-stream' }, body: `data: {${all}\n\n: ${all}\n\n` }),
};

let w, receiver, provider;
before(async () => {
    receiver = await Receiver.start();
    provider = await Fake.start((r) => (manners[JSON.parse(r.body).model] ?? manners.json)(r.url.includes('messages')));
    const one = (name, type) => ({ name, type, base_url: provider.url, api_key: canaries[0],
                                   models: [{ name: `${name}/*`, upstream: '*' }] });
    w = await World.start({
        server: { workers: 1, log: { level: 'debug' } },
        providers: [one('chat', 'openai.chat'), one('messages', 'anthropic.messages'),
                    { name: 'gone', type: 'openai.chat', base_url: 'http://127.0.0.1:1', api_key: canaries[1], models: ['gone'] }],
        telemetry: { otlp: { endpoint: receiver.endpoint('http'), delay: '50ms' } },
    });
});
after(async () => {
    await w?.stop();
    await provider?.stop();
    await receiver?.stop();
});

const answers = [];
async function ask(path, body, more) {
    const r = await w.post(path, body, { authorization: `Bearer ${canaries[1]}`, 'x-api-key': canaries[2],
        'x-goog-api-key': canaries[3], cookie: `session=${canaries[9]}`, 'user-agent': `agent ${all}`,
        'x-request-id': canaries[10], 'proxy-authorization': `Basic ${canaries[6]}`, ...more });
    answers.push(`${r.status} ${await r.text().catch((e) => e.message)}`);
    return r.status;
}

const prompt = (model, stream) => ({ model, stream, max_tokens: 50, user: canaries[13], metadata: { user_id: canaries[13] },
                                     messages: [{ role: 'user', content: all }] });

for (const up of ['chat', 'messages'])
    for (const manner of Object.keys(manners))
        test(`a provider that speaks ${up} says secrets: ${manner}`, async () => {
            for (const path of ['/v1/chat/completions', '/v1/messages', '/v1/responses'])
                for (const stream of [false, true])
                    await ask(path, path.endsWith('responses') ? { model: `${up}/${manner}`, stream, input: all }
                        : prompt(`${up}/${manner}`, stream));
        });

test('a client puts secrets into its requests', async () => {
    await ask('/v1/chat/completions', prompt('gone', false));
    for (const c of canaries) {
        const inUrl = encodeURIComponent(c);
        await ask('/v1/chat/completions', prompt(c, false));
        await ask('/v1/chat/completions', prompt(`chat/${c}`, false));
        await ask(`/v1/chat/completions?key=${inUrl}`, prompt('chat/json', false));
        await ask(`/v1beta/models/${inUrl}:generateContent?key=${inUrl}`, { contents: [] });
        await ask(`/nowhere/${c.replaceAll(' ', '')}`, {});
        await ask('/v1/chat/completions', `{"model": ${c}}`);
        await ask('/v1/chat/completions', `{"model":"chat/json","${c}":1,"messages":"${c}","temperature":"${c}"}`);
        await ask('/v1/chat/completions', { model: 'chat/json', messages: [{ role: c, content: [{ type: c }] }] });
        await ask('/v1/chat/completions', prompt('chat/json', false),
                  { 'x-llmux-timeout': c, 'x-llmux-tags': c, traceparent: c, tracestate: `a=${c.replaceAll(/[ ,=]/g, '')}` });
    }
});

test('nothing of it is seen anywhere', async () => {
    const requests = (list) => list.filter((l) => l.event === 'request').length;
    await eventually(() => requests(w.gateway.lines.map((l) => JSON.parse(l))) >= answers.length);
    await eventually(() => receiver.spans.length >= answers.length / 2);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const page = await (await fetch(`${w.url}/metrics`)).text();
    const places = { log: w.gateway.lines, stderr: [w.gateway.errors], span: receiver.spans.map((s) => JSON.stringify(s)),
                     record: receiver.logs.map((s) => JSON.stringify(s)), metric: [page, JSON.stringify(receiver.metrics)],
                     error: answers };
    const leaks = Object.entries(places).flatMap(([place, list]) => list.flatMap(
        (said) => seen(said).map((c) => `${place}: ${c} in ${said.slice(0, 600)}`)));
    assert.deepEqual([...new Set(leaks)].slice(0, 12), []);
    assert.ok(w.gateway.lines.some((l) => l.includes('[REDACTED:email]')));
    assert.ok(answers.some((a) => a.includes('[REDACTED:api_key]')));
});
