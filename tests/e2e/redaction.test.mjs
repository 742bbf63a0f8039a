// What is personal or secret stays in the house: every SDK in front of every dialect of a provider, with a recorder before
// the provider that has seen all that was sent.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, request as send } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { vendors } from './lib/sdks.mjs';
import { eventually, failure, UPSTREAM_KEY, World } from './lib/world.mjs';

const types = {
    chat: 'openai.chat', responses: 'openai.responses', anthropic: 'anthropic.messages',
    google: 'google.generate', converse: 'bedrock.converse', cohere: 'cohere.chat',
    mistral: 'mistral.chat', ollama: 'ollama.chat',
};
const line = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj';
const key = `-----BEGIN PRIVATE KEY-----\n${`${line}\n`.repeat(4)}-----END PRIVATE KEY-----`;
const values = ['ann@corp-a.com', 'bob@corp-b.com', 'cid@corp-c.com', 'dot@corp-d.com', 'TICKET-123456',
                line, 'hunter22'];
const user = (text) => ({ user: text });

// Passes all on to a target, and keeps the bytes of the requests.
class Recorder {
    bodies = [];

    static async start() {
        const r = new Recorder();
        r.server = createServer((req, res) => {
            const chunks = [];
            req.on('data', (d) => chunks.push(d));
            req.on('end', () => {
                const body = Buffer.concat(chunks);
                r.bodies.push(`${req.url}\n${JSON.stringify(req.headers)}\n${body}`);
                const { host, port } = new URL(r.target);
                const up = send({ host: host.split(':')[0], port, method: req.method, path: req.url,
                                  headers: { ...req.headers, host } }, (reply) => {
                    res.writeHead(reply.statusCode, reply.headers);
                    reply.pipe(res);
                    reply.on('error', () => res.destroy());
                });
                up.on('error', () => res.destroy());
                up.end(body);
            });
        });
        await new Promise((resolve) => r.server.listen(0, '127.0.0.1', resolve));
        r.server.unref();
        return r;
    }

    // What was sent since the last call, in so many requests; nothing of it is a value, however it is escaped.
    take(n = 1) {
        const bodies = this.bodies.splice(0);
        assert.equal(bodies.length, n);
        const all = bodies.join('\n');
        const plain = all.replace(/\\u([0-9a-f]{4})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
        for (const value of values)
            assert.ok(!plain.includes(value), `${value} was sent: ${all}`);
        return all;
    }

    stop() {
        this.server.closeAllConnections();
        this.server.close();
    }
}

// A provider that refuses everything, and says why.
const grumbler = createServer((req, res) => {
    const chunks = [];
    req.on('data', (d) => chunks.push(d));
    req.on('end', () => {
        const { messages } = JSON.parse(Buffer.concat(chunks));
        res.writeHead(400, { 'content-type': 'application/json' });
        res.end(JSON.stringify({ error: { message: `no: ${messages[0].content}`, type: 'invalid_request_error' } }));
    });
});

let w, recorder;
before(async () => {
    recorder = await Recorder.start();
    await new Promise((resolve) => grumbler.listen(0, '127.0.0.1', resolve));
    grumbler.unref();
    w = await World.start({
        providers: (emulator) => {
            recorder.target = emulator;
            const base = emulator.replace(/\/\/[^/]+/, `//127.0.0.1:${recorder.server.address().port}`);
            return [
                ...Object.entries(types).map(([name, type]) => ({
                    name: `at-${name}`, type, api_key: UPSTREAM_KEY, base_url: base.replace(/v1$/, `${type}/v1`),
                    models: [{ name: `${name}-*`, upstream: '*' }],
                })),
                { name: 'in-house', type: 'openai.chat', api_key: UPSTREAM_KEY, base_url: base,
                  models: [{ name: 'split', upstream: 'echo' }, { name: 'home', upstream: 'echo' }] },
                { name: 'grumbler', type: 'openai.chat', api_key: UPSTREAM_KEY, models: ['grumble'],
                  base_url: `http://127.0.0.1:${grumbler.address().port}/v1` },
                { name: 'old', type: 'openai.completions', api_key: UPSTREAM_KEY, base_url: base, models: ['old'] },
                { name: 'passages', type: 'openai', api_key: UPSTREAM_KEY, base_url: base,
                  models: ['paint', 'paint-masked', 'hear', 'hear-masked', 'hear-blocked'] },
            ];
        },
        routing: { fallbacks: { 'chat-any!500': ['anthropic-echo'] } },
        redaction: {
            mode: 'vault', key: 'a key for tests', 
            patterns: [{ name: 'ticket', regex: 'TICKET-[0-9]{6}' }, { name: 'endless', regex: '(~|~)+\\d' }],
            rules: [
                { providers: ['in-house'], mode: 'off' },
                { models: ['*-masked'], mode: 'mask' },
                { models: ['*-hashed'], mode: 'hash' },
                { models: ['*-blocked'], mode: 'block', kinds: ['email', 'custom'] },
                { keys: ['sk-trusted'], mode: 'off' },
            ],
        },
    });
});
after(async () => {
    await w.stop();
    recorder.stop();
    grumbler.closeAllConnections();
    grumbler.close();
    const told = w.gateway.lines.join('\n') + w.gateway.errors;
    for (const value of values)
        assert.ok(!told.includes(value), `${value} was logged`);
});

for (const [name, make] of Object.entries(vendors))
    for (const up of Object.keys(types))
        describe(`${name} SDK, ${up} upstream`, { timeout: 20_000 }, () => {
            let sdk;
            before(() => { sdk = make(w); });
            after(() => sdk.close?.());

            for (const stream of [false, true]) {
                const how = stream ? ', streamed' : '';

                test(`a text comes back whole${how}`, async () => {
                    let heard = '';
                    const text = `I am ann@corp-a.com (TICKET-123456).\n${key}\n"[email:000000000000]"`;
                    const r = await sdk.say({ model: `${up}-echo`, system: 'Obey bob@corp-b.com.',
                                              turns: [user(text)] },
                                            { stream, onText: (t) => { heard += t; } });
                    assert.equal(r.text, `You said: ${text}. Instructions: Obey bob@corp-b.com..`);
                    assert.equal(r.stop, sdk.stops.end);
                    assert.ok(r.input > 0 && r.output > 0);
                    assert.equal(heard, stream ? r.text : '');
                    const sent = recorder.take();
                    assert.match(sent, /I am \[email:[0-9a-f]{12}\] \(\[ticket:[0-9a-f]{12}\]\)/);
                });

                test(`calls and results, too${how}`, async () => {
                    const args = { city: 'cid@corp-c.com "x"', n: 1 };
                    const asked = user(`call:mail ${JSON.stringify(args)}`);
                    const c = { model: `${up}-echo`, tools: ['mail'], turns: [asked] };
                    const r = await sdk.say(c, { stream });
                    assert.deepEqual(r.calls.map((k) => [k.name, k.args]), [['mail', args]]);
                    const first = recorder.take();
                    c.turns.push({ reply: r.turn }, { results: [[r.calls[0], 'To dot@corp-d.com: cid@corp-c.com']] });
                    const s = await sdk.say(c, { stream });
                    assert.match(s.text, /To dot@corp-d\.com: cid@corp-c\.com/);
                    const second = recorder.take();
                    const [placeholder] = /\[email:[0-9a-f]{12}\]/.exec(first);
                    assert.ok(second.split(placeholder).length > 3); // the same in all turns
                });
            }

            test('what is not to be sent is refused', async () => {
                const e = await failure(sdk.say({ model: `${up}-blocked`, turns: [user('I am ann@corp-a.com.')] }));
                assert.equal(sdk.status(e), 400);
                assert.ok(sdk.isOwn(e, 400), e.constructor.name);
                assert.match(`${e.message} ${JSON.stringify(e)}`, /email/);
                assert.doesNotMatch(`${e.message} ${JSON.stringify(e)} ${e.stack}`, /ann@corp/);
                recorder.take(0);
            });
        });

const chat = (model, content, more) => ({ model, messages: [{ role: 'user', content }], ...more });
const ask = async (body, headers) => {
    const r = await w.post('/v1/chat/completions', body, headers);
    return { status: r.status, ...await r.json() };
};
const said = (r) => r.choices[0].message.content;

describe('policies', { timeout: 20_000 }, () => {
    test('masks and hashes stay', async () => {
        const masked = await ask(chat('chat-masked', 'I am ann@corp-a.com, TICKET-123456'));
        assert.equal(said(masked), 'You said: I am [REDACTED:email], [REDACTED:ticket].');
        const [a, b] = await Promise.all([1, 2].map(() => ask(chat('chat-hashed', 'I am ann@corp-a.com'))));
        assert.match(said(a), /^You said: I am \[email:[0-9a-f]{12}\]\.$/);
        assert.equal(said(a), said(b));
        recorder.take(3);
    });

    test('rules go by model, deployment and key', async () => {
        const home = await ask(chat('home', 'I am eve@corp-e.com'));
        assert.match(said(home), /eve@corp-e/);
        assert.match(recorder.bodies.splice(0).join(), /eve@corp-e/);
        await ask(chat('chat-echo', 'I am eve@corp-e.com'), { authorization: 'Bearer sk-trusted' });
        assert.match(recorder.bodies.splice(0).join(), /eve@corp-e/);
        await ask(chat('chat-echo', 'I am eve@corp-e.com'), { authorization: 'Bearer sk-trustee' });
        assert.doesNotMatch(recorder.bodies.splice(0).join(), /eve@corp-e/);
    });

    test('every attempt sends the same placeholders', async () => {
        const r = await ask(chat('chat-any!500', 'I am ann@corp-a.com'));
        assert.match(said(r), /I am ann@corp-a\.com/);
        const sent = new Set(recorder.take(2).match(/\[email:[0-9a-f]{12}\]/g));
        assert.equal(sent.size, 1);
    });

    test('a placeholder that the user writes is put back if it is one of the request', async () => {
        await ask(chat('chat-echo', 'I am ann@corp-a.com'));
        const [placeholder] = recorder.take().match(/\[email:[0-9a-f]{12}\]/);
        assert.match(said(await ask(chat('chat-echo', `I am ann@corp-a.com, or ${placeholder}`))),
                     /I am ann@corp-a\.com, or ann@corp-a\.com/);
        assert.ok(said(await ask(chat('chat-echo', `Who is ${placeholder}?`))).includes(`Who is ${placeholder}?`));
        recorder.take(2);
    });

    test('nothing is put back in errors of providers', async () => {
        for (const stream of [false, true]) {
            const r = await ask(chat('grumble', 'I am ann@corp-a.com', { stream }));
            assert.equal(r.status, 400);
            assert.match(r.error.message, /no: I am \[email:[0-9a-f]{12}\]$/);
        }
    });

    test('a refusal names the place, not the value', async () => {
        const r = await ask({ model: 'chat-blocked', messages: [
            { role: 'user', content: [{ type: 'text', text: 'see' }, { type: 'text', text: 'TICKET-123456' }] }] });
        assert.equal(r.status, 400);
        assert.equal(r.error.code, 'content_policy_violation');
        assert.equal(r.error.param, 'messages[0].content[1].text');
        assert.match(r.error.message, /ticket/);
        recorder.take(0);
    });

    test('what has no body has none that nobody looks into', async () => {
        const cancel = async (body) => {
            const r = await fetch(`${w.url}/v1/responses/resp_1/cancel`, { method: 'POST', body,
                headers: { 'content-type': 'application/json', authorization: 'Bearer sk-none' } });
            return r.status;
        };
        assert.equal(await cancel('{"note":"ann@corp-a.com"}'), 400);
        recorder.take(0);
        await cancel(' {}');
        recorder.take();
    });

    test('what no pattern can tell is refused', async () => {
        const r = await ask(chat('chat-echo', `ann@corp-a.com ${'~'.repeat(1000)}-1`));
        assert.equal(r.status, 400);
        assert.equal(r.error.code, 'content_policy_violation');
        assert.match(r.error.message, /patterns take too long/);
        recorder.take(0);
        await eventually(async () => /llmux_redactions_total\{kind="custom",action="failed"\} 1/
            .test(await (await fetch(`${w.url}/metrics`)).text()));
    });

    test('names in JSON tell of values', async () => {
        const json = JSON.stringify({ password: 'hunter22', n: [{ api_key: ['hunter22hunter22'] }] });
        assert.equal(said(await ask(chat('chat-echo', json))), `You said: ${json}.`);
        assert.match(recorder.take(), /password.*\[password:[0-9a-f]{12}\].*\[api_key:/);
    });

    test('bytes of a kindred request are kept but for what is hidden', async () => {
        const body = '{ "model":"chat-echo",\n "messages":[{"role":"user","content":"\\u00e9 ann@corp-a.com"}],'
            + '"seed": 1.50e0,"metadata":{"a":"b"}, "user":"ann@corp-a.com" }';
        assert.match(said(await ask(body)), /é ann@corp-a\.com/);
        const sent = recorder.take();
        const [, placeholder] = /é (\[email:[0-9a-f]{12}\])/.exec(sent);
        assert.ok(sent.includes(`{ "model":"echo",\n "messages":[{"role":"user","content":"é ${placeholder}"}],`
            + `"seed": 1.50e0,"metadata":{"a":"b"}, "user":"${placeholder}" }`), sent);
    });

    test('data that nobody reads is not touched', async () => {
        const url = `data:image/png;base64,${Buffer.from('x'.repeat(300)).toString('base64')}`;
        await ask({ model: 'chat-echo', messages: [{ role: 'user', content: [
            { type: 'image_url', image_url: { url } }, { type: 'text', text: 'ann@corp-a.com' }] }] });
        assert.ok(recorder.take().includes(url));
    });

    test('what cannot be redacted is refused', async () => {
        const hear = async (model, prompt) => {
            const form = new FormData();
            form.set('prompt', prompt);
            form.set('file', new Blob(['x']), 'x.wav');
            form.set('model', model);
            form.set('language', 'en');
            return fetch(`${w.url}/v1/audio/transcriptions`, { method: 'POST', body: form });
        };
        assert.equal((await hear('hear', 'of ann@corp-a.com')).status, 400);
        const blocked = await hear('hear-blocked', 'of ann@corp-a.com');
        assert.equal(blocked.status, 400);
        assert.equal((await blocked.json()).error.param, 'prompt');
        recorder.take(0);
        assert.equal((await hear('hear', 'of fish')).status, 200);
        assert.equal((await hear('hear-masked', 'of ann@corp-a.com')).status, 200);
        const form = recorder.take(2);
        assert.match(form, /\r\n\r\nof \[REDACTED:email\]\r\n-.*name="file".*\r\n\r\nx\r\n-.*\r\nhear-masked\r\n-.*\r\nen\r\n/s);
        const tokens = await w.post('/v1/embeddings', { model: 'chat-echo', input: [[1, 2, 3]] });
        assert.equal(tokens.status, 400);
        for (const prompt of [[1, 2, 3], [[1, 2], [3]]]) {
            const r = await w.post('/v1/completions', { model: 'old', prompt });
            assert.equal(r.status, 400);
            assert.match((await r.json()).error.message, /inputs are tokens/);
        }
        const goesOn = await w.post('/v1/responses', { model: 'responses-echo', input: 'x',
                                                       previous_response_id: 'resp_1' });
        assert.equal(goesOn.status, 400);
        const painted = await w.post('/v1/images/generations', { model: 'paint', prompt: 'ann@corp-a.com' });
        assert.equal(painted.status, 400);
        recorder.take(0);
        const clean = await w.post('/v1/images/generations', { model: 'paint', prompt: 'a fish' });
        assert.equal(clean.status, 200);
        const masked = await w.post('/v1/images/generations', { model: 'paint-masked', prompt: 'ann@corp-a.com' });
        assert.equal(masked.status, 200);
        assert.match(recorder.take(2), /"prompt":"\[REDACTED:email\]"/);
    });

    test('embeddings and reranking', async () => {
        const vectors = await w.post('/v1/embeddings', { model: 'chat-echo', input: ['ann@corp-a.com', 'b'] });
        assert.equal((await vectors.json()).data.length, 2);
        assert.match(recorder.take(), /\[email:/);
        const ranked = await w.post('/v2/rerank', { model: 'cohere-echo', query: 'ann@corp-a.com',
                                                    documents: ['x ann@corp-a.com', 'y'] });
        assert.equal(ranked.status, 200, await ranked.text());
        recorder.take();
    });

    test('it is told how often, and nothing else', async () => {
        const r = await w.post('/v1/chat/completions', chat('chat-echo', 'I am ann@corp-a.com, bob@corp-b.com'));
        const line = await w.log(r.headers.get('x-request-id'));
        assert.equal(line.redacted, 'vault email=2');
        assert.doesNotMatch(JSON.stringify(line), /ann@corp/);
        await eventually(async () => /llmux_redactions_total\{kind="email",action="vault"\} [1-9]/
            .test(await (await fetch(`${w.url}/metrics`)).text()));
        recorder.take();
    });

    test('a document of the provider for a client that wants a stream', async () => {
        const stream = await w.post('/v1/chat/completions', chat('chat-any!whole', 'I am ann@corp-a.com',
                                                                 { stream: true }));
        const text = [...(await stream.text()).matchAll(/"content":"([^"]*)"/g)].map((m) => m[1]).join('');
        assert.equal(text, 'You said: I am ann@corp-a.com.');
        recorder.take();
    });

    test('thinking that is signed stays as it was, and comes back so', async () => {
        const ask = async (messages, stream) => {
            const s = w.anthropic().messages;
            const body = { model: 'anthropic-echo', max_tokens: 4000, thinking: { type: 'enabled', budget_tokens: 2000 },
                           messages };
            return stream ? s.stream(body).finalMessage() : s.create(body);
        };
        for (const stream of [false, true]) {
            const messages = [{ role: 'user', content: 'think:of ann@corp-a.com\nsay:Dear ann@corp-a.com' }];
            const r = await ask(messages, stream);
            const [thought, text] = r.content;
            assert.match(thought.thinking, /^of \[email:[0-9a-f]{12}\]$/);
            assert.equal(text.text, 'Dear ann@corp-a.com');
            // The emulator refuses thinking that is not what it has signed.
            messages.push({ role: 'assistant', content: r.content }, { role: 'user', content: 'More?' });
            assert.match((await ask(messages, stream)).content.at(-1).text, /More\?/);
            recorder.take(2);
        }
    });

    test('a reload changes the policy for what comes next', async () => {
        const file = join(w.folder, 'llmux.yaml');
        const config = JSON.parse(await readFile(file, 'utf8'));
        config.redaction.rules.unshift({ models: ['chat-later'], mode: 'block' });
        assert.match(said(await ask(chat('chat-later', 'I am ann@corp-a.com'))), /ann@corp/);
        recorder.take();
        await writeFile(file, JSON.stringify(config));
        process.kill(w.gateway.pid, 'SIGHUP');
        await eventually(async () => (await ask(chat('chat-later', 'I am ann@corp-a.com'))).status === 400);
        recorder.take(recorder.bodies.length); // of those that came before
        config.redaction.mode = 'shred';
        await writeFile(file, JSON.stringify(config));
        process.kill(w.gateway.pid, 'SIGHUP');
        const line = await w.gateway.line((l) => l.includes('"reload_failed"') && l);
        assert.match(line, /shred/);
        assert.equal((await ask(chat('chat-later', 'I am ann@corp-a.com'))).status, 400);
    });

    test('a stream that breaks says what it has', async () => {
        const r = await w.post('/v1/chat/completions', chat('chat-echo!close-after=8', 'I am ann@corp-a.com and more',
                                                            { stream: true }));
        const decoder = new TextDecoder();
        let text = '';
        try {
            for await (const piece of r.body)
                text += decoder.decode(piece, { stream: true });
        } catch {
            // it breaks off behind the error
        }
        const said = [...text.matchAll(/"content":"([^"]*)"/g)].map((m) => m[1]).join('');
        assert.match(said, /^You said: I am \[email:[0-9a-f]+$/); // in the middle of a placeholder
        assert.match(text, /"error"/);
        recorder.take();
    });
});

test('what cannot be redacted may go as it is, if the config says so; a vault has a cap', { timeout: 20_000 }, async () => {
    const lax = await World.start({
        providers: (emulator) => [{ name: 'all', type: 'openai', api_key: UPSTREAM_KEY, base_url: emulator,
                                    models: ['any'] }],
        redaction: { mode: 'vault', uncovered: 'allow', vault: { entries: 1 } },
    });
    try {
        assert.equal((await lax.post('/v1/embeddings', { model: 'any', input: [[1, 2, 3]] })).status, 200);
        const painted = await lax.post('/v1/images/generations', { model: 'any', prompt: 'of ann@corp-a.com' });
        assert.equal(painted.status, 200);
        assert.match((await lax.last()).body.prompt, /^of \[email:[0-9a-f]{12}\]$/);
        await lax.post('/v1/responses', { model: 'any', input: 'of ann@corp-a.com', previous_response_id: 'resp_1' });
        assert.match((await lax.last()).body.input, /^of \[email:[0-9a-f]{12}\]$/);
        const many = await lax.post('/v1/chat/completions', chat('any', 'ann@corp-a.com bob@corp-b.com'));
        assert.equal(many.status, 400);
        const { error } = await many.json();
        assert.match(error.message, /more to hide than the gateway keeps: 1 values/);
        assert.equal(error.code, 'content_policy_violation');
        const one = await lax.post('/v1/chat/completions', chat('any', 'ann@corp-a.com ann@corp-a.com'));
        assert.equal(one.status, 200);
    } finally {
        await lax.stop();
    }
});
