// What only its maker reads: signatures of thoughts and calls, sealed thinking, encrypted reasoning.  A client that
// speaks nothing but OpenAI's chat brings them back in a loop of tools; nobody else ever sees them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { vendors } from './lib/sdks.mjs';
import { UPSTREAM_KEY, World } from './lib/world.mjs';

// Each provider: its type, and what of a request's body is a seal.
const reasoning = (m) => m.content.map((b) => b.reasoningContent).filter(Boolean);
const makers = {
    gemini: { type: 'gemini', seals: (b) => b.contents.flatMap((c) => c.parts).map((p) => p.thoughtSignature) },
    anthropic: { type: 'anthropic', seals: (b) => b.messages.flatMap((m) => m.content)
        .map((p) => p.signature ?? p.data) },
    bedrock: { type: 'bedrock', seals: (b) => b.messages.flatMap(reasoning)
        .map((r) => r.reasoningText?.signature ?? r.redactedContent) },
    responses: { type: 'openai.responses', seals: (b) => b.input.map((i) => i.encrypted_content) },
};

let w;
before(async () => {
    w = await World.start({
        // Two accounts of each, at two addresses.
        providers: (emulator) => Object.entries(makers).flatMap(([name, { type }]) => ['one', 'two'].map((account) => ({
            name: `${name}-${account}`, type, api_key: UPSTREAM_KEY,
            base_url: emulator.replace(/v1$/, `${type}/v1`)
                .replace('127.0.0.1', account === 'one' ? '127.0.0.1' : 'localhost'),
            models: [`${name}-${account}`, `${name}-both`].map((n) => ({ name: n, upstream: 'claude-echo' })),
        }))),
    });
});
after(() => w.stop());

const tools = [{ type: 'function', function: { name: 'time', parameters: {
    type: 'object', properties: { zone: { type: 'string' } } } } }];
const messages = [{ role: 'user', content: 'think:Über "it"\nseal:secret\ncall:time {"zone": "UTC"}' }];

// Put what a stream brings together as SDKs do: pieces of lists by their index.
function merge(to, delta) {
    for (const [k, v] of Object.entries(delta))
        if (Array.isArray(v))
            for (const item of v)
                merge((to[k] ??= [])[item.index] ??= {}, item);
        else if (typeof v === 'string' && k !== 'type' && k !== 'role' && k !== 'id')
            to[k] = (to[k] ?? '') + v;
        else if (v && typeof v === 'object')
            merge(to[k] ??= {}, v);
        else
            to[k] = v ?? to[k];
    return to;
}

// One reply's message, from either way of asking.
async function ask(model, history, stream) {
    const params = { model, tools, messages: history, reasoning_effort: 'low' };
    if (!stream)
        return (await w.openai().chat.completions.create(params)).choices[0].message;
    const message = { role: 'assistant' };
    for await (const c of await w.openai().chat.completions.create({ ...params, stream }))
        merge(message, c.choices[0]?.delta ?? {});
    return message;
}

const next = (m) => [...messages, m, { role: 'tool', tool_call_id: m.tool_calls[0].id, content: 'noon' }];
const sealsOf = async (name) => makers[name].seals((await w.last()).body).filter(Boolean);

for (const name of Object.keys(makers))
    for (const stream of [false, true])
        describe(`${name}, a chat-only client${stream ? ', streamed' : ''}`, () => {
            test('seals come back to their maker', async () => {
                const m = await ask(`${name}-one`, messages, stream);
                const end = await ask(`${name}-one`, next(m), stream);
                assert.match(end.content, /^Result of \S+: noon/);
                const seals = await sealsOf(name);
                assert.ok(seals.length > 0);
                assert.ok(seals.every((s) => !s.includes('llmux')), `${seals}`);
            });

            test('they reach nobody else', async () => {
                const m = await ask(`${name}-one`, messages, stream);
                await ask(`${name}-one`, next(m), stream);
                const seals = await sealsOf(name);
                const others = Object.keys(makers).map((n) => `${n}-${n === name ? 'two' : 'one'}`);
                for (const other of [...others, 'openai/echo', 'anthropic/echo']) {
                    const end = await ask(other, next(m), stream);
                    assert.match(end.content, /^Result of \S+: noon/);
                    const sent = JSON.stringify((await w.last()).body);
                    assert.ok(!sent.includes('llmux:'), other);
                    for (const seal of seals)
                        assert.ok(!sent.includes(seal), `${other} got ${seal}`);
                }
            });
        });

// The makers' own SDKs: between them and their providers bytes are copied.
const fronts = { gemini: 'google', anthropic: 'anthropic', bedrock: 'aws', responses: 'responses' };

for (const [name, front] of Object.entries(fronts))
    for (const stream of [false, true])
        describe(`${name}, its own SDK${stream ? ', streamed' : ''}`, () => {
            // A thought of one token: those of Google's clients who send pieces back are as many thoughts.
            const first = { user: 'think:Hm.\nseal:secret\ncall:time {"city": "A"}' };
            const ask = { think: true, tools: ['time'] };
            const next = (r) => [first, { reply: r.turn }, { results: [[r.calls[0], 'noon']] }];
            let sdk;
            before(() => { sdk = vendors[front](w); });
            after(() => sdk.close?.());

            test('seals come back to their maker, and reach no other account', async () => {
                const r = await sdk.say({ ...ask, model: `${name}-one`, turns: [first] }, { stream });
                assert.match(JSON.stringify(r.turn), /llmux:/);
                const own = await sdk.say({ ...ask, model: `${name}-one`, turns: next(r) }, { stream });
                assert.match(own.text, /^Result of \S+: noon/);
                const seals = await sealsOf(name);
                assert.ok(seals.length > 0);
                assert.ok(seals.every((s) => !s.includes('llmux')), `${seals}`);
                const other = await sdk.say({ ...ask, model: `${name}-two`, turns: next(r) }, { stream });
                assert.match(other.text, /^Result of \S+: noon/);
                const sent = JSON.stringify((await w.last()).body);
                assert.ok(!sent.includes('llmux:'));
                for (const seal of seals)
                    assert.ok(!sent.includes(seal), `it got ${seal}`);
            });

            test('of several accounts that could answer, the one that made them does', async () => {
                for (let i = 0; i < 6; i++) {
                    const r = await sdk.say({ ...ask, model: `${name}-both`, turns: [first] }, { stream });
                    await sdk.say({ ...ask, model: `${name}-both`, turns: next(r) }, { stream });
                    assert.ok((await sealsOf(name)).length > 0);
                }
            });
        });

test('where there is one account, replies stay as they are', async () => {
    const own = await World.start();
    try {
        const r = await vendors.anthropic(own).say({
            model: 'anthropic/echo', think: true, turns: [{ user: 'think:Hm' }],
        }, { stream: true });
        assert.ok(r.turn[0].signature.length > 100);
        assert.ok(!JSON.stringify(r.turn).includes('llmux:'));
    } finally {
        await own.stop();
    }
});
