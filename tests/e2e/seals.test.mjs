// What only its maker reads: signatures of thoughts and calls, sealed thinking, encrypted reasoning.  A client that
// speaks nothing but OpenAI's chat brings them back in a loop of tools; nobody else ever sees them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Fake } from './lib/fakes.mjs';
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

// Clients that speak nothing but chat, and what each has of a message when it sends it back.
const known = ({ role, content = null, tool_calls }) => ({
    role, content, tool_calls: tool_calls.map(({ id, type, function: { name, arguments: args } }) =>
        ({ id, type, function: { name, arguments: args } })),
});
const clients = {
    'a client that sends all back': async (...args) => ask(...args),
    'a client that keeps what it knows': async (...args) => known(await ask(...args)),
    'the SDK\'s helper for streams': async (model, history) => (await w.openai().chat.completions.stream({
        model, tools, messages: history, reasoning_effort: 'low',
    }).finalChatCompletion()).choices[0].message,
};
const cases = Object.entries(clients).flatMap(([client, say], i) =>
    [false, true].filter((stream) => i < 2 || stream).map((stream) => ({ client, say, stream })));

for (const name of Object.keys(makers))
    for (const { client, say, stream } of cases)
        describe(`${name}, ${client}${stream ? ', streamed' : ''}`, () => {
            test('seals come back to their maker', async () => {
                const m = await say(`${name}-one`, messages, stream);
                const end = await ask(`${name}-one`, next(m), stream);
                assert.match(end.content, /^Result of \S+: noon/);
                const seals = await sealsOf(name);
                assert.ok(seals.length > 0);
                const sent = JSON.stringify((await w.last()).body);
                assert.ok(!sent.includes('llmux'), sent);
                assert.ok(sent.includes('Über \\"it\\"","') || name !== 'anthropic', sent);
            });

            test('they reach nobody else', async () => {
                const m = await say(`${name}-one`, messages, stream);
                await ask(`${name}-one`, next(m), stream);
                const seals = await sealsOf(name);
                const others = Object.keys(makers).map((n) => `${n}-${n === name ? 'two' : 'one'}`);
                for (const other of [...others, 'openai/echo', 'anthropic/echo']) {
                    const end = await ask(other, next(m), stream);
                    assert.match(end.content, /^Result of \S+: noon/);
                    const sent = JSON.stringify((await w.last()).body);
                    assert.ok(!sent.includes('llmux'), other);
                    for (const seal of seals)
                        assert.ok(!sent.includes(seal), `${other} got ${seal}`);
                }
            });

            test('they find their maker among several accounts', async () => {
                for (let i = 0; i < 4; i++) {
                    const m = await say(`${name}-both`, messages, stream);
                    await ask(`${name}-both`, next(m), stream);
                    assert.ok((await sealsOf(name)).length > 0);
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

// DeepSeek wants its reasoning back, which is open; OpenRouter its details, of which some are signed or encrypted.
describe('providers that speak the client\'s own language', () => {
    const thought = 'Hm.';
    const details = [
        { type: 'reasoning.text', text: thought, signature: 'c2lnbmVk', format: 'anthropic-claude-v1', index: 0 },
        { type: 'reasoning.encrypted', data: 'c2VhbGVk', format: 'anthropic-claude-v1', id: 'r1', index: 1 },
    ];
    const call = { id: 'c1', type: 'function', function: { name: 'time', arguments: '{}' } };
    const thoughts = { deepseek: { reasoning_content: thought },
                       openrouter: { reasoning: thought, reasoning_details: details } };
    // What the model says first: whole, or in a stream.
    const speak = (said, stream) => {
        const message = { role: 'assistant', content: null, ...said, tool_calls: [call] };
        const choice = (more) => ({ index: 0, finish_reason: null, ...more });
        const frame = (choices) => `data: ${JSON.stringify({
            id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices,
        })}\n\n`;
        if (!stream)
            return { body: { id: 'x', object: 'chat.completion', created: 1, model: 'm',
                             choices: [choice({ message, finish_reason: 'tool_calls' })],
                             usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } } };
        const deltas = [{ role: 'assistant', ...said }, { tool_calls: [{ index: 0, ...call }] }];
        return { headers: { 'content-type': 'text/event-stream' },
                 body: [...deltas.map((delta) => frame([choice({ delta })])),
                        frame([choice({ delta: {}, finish_reason: 'tool_calls' })]), 'data: [DONE]\n\n'].join('') };
    };
    let fakes, own;
    before(async () => {
        fakes = await Promise.all(['deepseek', 'openrouter', 'openrouter'].map((type) => Fake.start((r) =>
            speak(thoughts[type], JSON.parse(r.body).stream))));
        own = await World.start({
            providers: ['deepseek', 'openrouter', 'stranger'].map((name, i) => ({
                name, type: name === 'stranger' ? 'openrouter' : name, api_key: 'k',
                base_url: fakes[i].url, models: [name],
            })),
        });
    });
    after(async () => { await own.stop(); await Promise.all(fakes.map((f) => f.stop())); });

    const ask = async (model, history, stream) => {
        const params = { model, tools, messages: history };
        if (!stream)
            return (await own.openai().chat.completions.create(params)).choices[0].message;
        const message = { role: 'assistant' };
        for await (const c of await own.openai().chat.completions.create({ ...params, stream }))
            merge(message, c.choices[0]?.delta ?? {});
        return message;
    };
    const sent = (i) => JSON.parse(fakes[i].requests.at(-1).body).messages[1];

    for (const stream of [false, true]) {
        const how = stream ? ', streamed' : '';

        test(`reasoning goes back to DeepSeek${how}`, async () => {
            const m = await ask('deepseek', messages, stream);
            await ask('deepseek', next(m), stream);
            assert.equal(sent(0).reasoning_content, thought);
        });

        test(`reasoning goes back to DeepSeek through an Anthropic client${how}`, async () => {
            const sdk = vendors.anthropic(own), turn = { user: 'x' };
            const r = await sdk.say({ model: 'deepseek', tools: ['time'], turns: [turn] }, { stream });
            await sdk.say({ model: 'deepseek', tools: ['time'],
                            turns: [turn, { reply: r.turn }, { results: [[r.calls[0], 'noon']] }] }, { stream });
            assert.equal(sent(0).reasoning_content, thought);
        });

        test(`details go back to OpenRouter as they came, and to no other account${how}`, async () => {
            const m = await ask('openrouter', messages, stream);
            await ask('openrouter', next(m), stream);
            assert.deepEqual(sent(1).reasoning_details, details);
            for (const [model, i] of [['stranger', 2], ['deepseek', 0]]) {
                await ask(model, next(m), stream);
                const body = fakes[i].requests.at(-1).body;
                for (const seal of ['c2lnbmVk', 'c2VhbGVk', 'llmux:'])
                    assert.ok(!body.includes(seal), `${model} got ${seal}`);
            }
        });

        test(`details go back to OpenRouter through an Anthropic client${how}`, async () => {
            const sdk = vendors.anthropic(own), turn = { user: 'x' };
            const r = await sdk.say({ model: 'openrouter', tools: ['time'], turns: [turn] }, { stream });
            await sdk.say({ model: 'openrouter', tools: ['time'],
                            turns: [turn, { reply: r.turn }, { results: [[r.calls[0], 'noon']] }] }, { stream });
            assert.deepEqual(sent(1).reasoning_details.map((d) => d.signature ?? d.data), ['c2lnbmVk', 'c2VhbGVk']);
        });
    }
});
