// The SDKs of Cohere, Mistral and Ollama as clients, and completions of OpenAI's, in front of providers of several
// dialects: texts, tools, errors, whole and streamed.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Mistral } from '@mistralai/mistralai';
import { CohereClientV2 } from 'cohere-ai';
import { Ollama } from 'ollama';

import { failure, UPSTREAM_KEY, World } from './lib/world.mjs';

const types = {
    openai: 'openai.chat', anthropic: 'anthropic.messages', google: 'google.generate',
    mistral: 'mistral.chat', cohere: 'cohere.chat', ollama: 'ollama.chat',
};
const tool = (name) => ({
    type: 'function',
    function: {
        name, description: `the ${name}`,
        parameters: { type: 'object', properties: { city: { type: 'string' } } },
    },
});
const tools = [tool('weather'), tool('time')];
const user = (content) => [{ role: 'user', content }];
const twoCalls = user('call:weather {"city": "Łódź"}\ncall:time {"n": 12345}');
const expected = [['weather', { city: 'Łódź' }], ['time', { n: 12345 }]];

// Each client: a reply and a stream as { text, stop, calls, input, output, message }, and what to send back.
const clients = {
    cohere: (w) => {
        const client = new CohereClientV2({ token: 'sk-client', environment: w.url, maxRetries: 0 });
        const calls = (message) => (message.toolCalls ?? []).map((c) =>
            ({ id: c.id, name: c.function.name, args: JSON.parse(c.function.arguments) }));
        return {
            stops: { end: 'COMPLETE', length: 'MAX_TOKENS', call: 'TOOL_CALL' },
            limit: (n) => ({ maxTokens: n }),
            async ask(input) {
                const r = await client.chat(input);
                const parts = r.message.content ?? [];
                return {
                    text: parts.map((p) => p.text ?? '').join(''), stop: r.finishReason,
                    calls: calls(r.message), message: r.message, output: r.usage?.tokens?.outputTokens,
                };
            },
            async stream(input) {
                const all = { text: '', calls: [] }, types = [];
                for await (const e of await client.chatStream(input)) {
                    types.push(e.type);
                    if (e.type === 'content-delta')
                        all.text += e.delta.message.content.text ?? '';
                    else if (e.type === 'tool-call-start')
                        all.calls.push({ name: e.delta.message.toolCalls.function.name, args: '' });
                    else if (e.type === 'tool-call-delta')
                        all.calls.at(-1).args += e.delta.message.toolCalls.function.arguments;
                    else if (e.type === 'message-end') {
                        if (e.delta.error)
                            throw new Error(e.delta.error);
                        all.stop = e.delta.finishReason;
                        all.output = e.delta.usage?.tokens?.outputTokens;
                    }
                }
                assert.equal(types[0], 'message-start');
                assert.equal(types.at(-1), 'message-end');
                all.calls.forEach((c) => { c.args = JSON.parse(c.args); });
                return all;
            },
            result: (call, content) => ({ role: 'tool', toolCallId: call.id, content }),
            status: (e) => e.statusCode, says: (e) => JSON.stringify(e.body),
        };
    },
    mistral: (w) => {
        const client = new Mistral({
            apiKey: 'sk-client', serverURL: `${w.url}/mistral`, retryConfig: { strategy: 'none' },
        });
        const args = (a) => (typeof a === 'string' ? JSON.parse(a) : a);
        const text = (content) => (typeof content === 'string' ? content
            : (content ?? []).map((p) => p.text ?? '').join(''));
        return {
            stops: { end: 'stop', length: 'length', call: 'tool_calls' },
            limit: (n) => ({ maxTokens: n }),
            async ask(input) {
                const r = await client.chat.complete(input);
                const { message, finishReason } = r.choices[0];
                return {
                    text: text(message.content), stop: finishReason, message, output: r.usage.completionTokens,
                    calls: (message.toolCalls ?? []).map((c) =>
                        ({ id: c.id, name: c.function.name, args: args(c.function.arguments) })),
                };
            },
            async stream(input) {
                const all = { text: '', calls: [] };
                for await (const { data } of await client.chat.stream(input)) {
                    const { delta, finishReason } = data.choices[0];
                    all.text += text(delta.content);
                    for (const c of delta.toolCalls ?? []) {
                        all.calls[c.index] ??= { name: c.function.name, args: '' };
                        all.calls[c.index].args += c.function.arguments;
                    }
                    all.stop = finishReason ?? all.stop;
                    all.output = data.usage?.completionTokens ?? all.output;
                }
                all.calls.forEach((c) => { c.args = JSON.parse(c.args); });
                return all;
            },
            result: (call, content) => ({ role: 'tool', toolCallId: call.id, name: call.name, content }),
            status: (e) => e.statusCode, says: (e) => e.body,
        };
    },
    ollama: (w) => {
        const client = new Ollama({ host: w.url });
        const calls = (message) => (message.tool_calls ?? []).map((c) =>
            ({ name: c.function.name, args: c.function.arguments }));
        return {
            stops: { end: 'stop', length: 'length', call: 'stop' },
            limit: (n) => ({ options: { num_predict: n } }),
            async ask(input) {
                const r = await client.chat(input);
                assert.equal(r.done, true);
                return {
                    text: r.message.content, stop: r.done_reason, calls: calls(r.message), message: r.message,
                    output: r.eval_count,
                };
            },
            async stream(input) {
                const all = { text: '', calls: [] };
                for await (const part of await client.chat({ ...input, stream: true })) {
                    all.text += part.message.content;
                    all.calls.push(...calls(part.message));
                    if (part.done)
                        Object.assign(all, { stop: part.done_reason, output: part.eval_count });
                }
                return all;
            },
            result: (call, content) => ({ role: 'tool', tool_name: call.name, content }),
            status: (e) => e.status_code, says: (e) => e.message,
        };
    },
};

let w;
before(async () => {
    w = await World.start({
        // The emulator knows a dialect by its name.
        providers: (emulator) => Object.entries(types).slice(2).map(([name, type]) => ({
            name: `up-${name}`, type, api_key: UPSTREAM_KEY,
            base_url: emulator.replace(/v1$/, `${type}/v1`),
            models: [{ name: `${name}/*`, upstream: '*' }],
        })),
    });
});
after(() => w.stop());

for (const [name, make] of Object.entries(clients))
    for (const up of Object.keys(types))
        describe(`${name} SDK, ${up} upstream`, () => {
            const model = `${up}/echo`;
            let c;
            before(() => { c = make(w); });

            test('answers whole', async () => {
                const r = await c.ask({
                    model, messages: [{ role: 'system', content: 'Be brief.' }, ...user('Hello')],
                });
                assert.equal(r.text, 'You said: Hello. Instructions: Be brief..');
                assert.equal(r.stop, c.stops.end);
                assert.ok(r.output > 0);
            });

            test('streams', async () => {
                const s = await c.stream({ model, messages: user('Hello') });
                assert.equal(s.text, 'You said: Hello.');
                assert.equal(s.stop, c.stops.end);
                assert.ok(s.output > 0);
            });

            test('tells why it stopped', async () => {
                const cut = { model, messages: user('one two three'), ...c.limit(3) };
                assert.equal((await c.ask(cut)).stop, c.stops.length);
                assert.equal((await c.stream(cut)).stop, c.stops.length);
            });

            test('calls tools in parallel', async () => {
                const input = { model, tools, messages: twoCalls };
                for (const r of [await c.ask(input), await c.stream(input)]) {
                    assert.deepEqual(r.calls.map((k) => [k.name, k.args]), expected);
                    assert.equal(r.stop, c.stops.call);
                }
            });

            test('goes on with the results of tools', async () => {
                const messages = user('call:weather {"city": "A"}');
                const first = await c.ask({ model, tools, messages });
                const next = {
                    model, tools,
                    messages: [...messages, first.message, c.result(first.calls[0], 'rain')],
                };
                assert.match((await c.ask(next)).text, /^Result of \S+: rain\./);
                assert.match((await c.stream(next)).text, /^Result of \S+: rain\./);
            });

            test('raises the errors of providers', async () => {
                for (const status of [400, 404, 429, 500])
                    for (const call of ['ask', 'stream']) {
                        const e = await failure(c[call]({
                            model: `${up}/any!${status}`, messages: user('Hello'),
                        }));
                        assert.equal(c.status(e), status);
                        assert.match(c.says(e), /says the mock/);
                    }
            });

            test('a stream that breaks raises an error', async () => {
                await assert.rejects(c.stream({ model: `${up}/echo!close-after=4`, messages: user('Hello') }));
            });
        });

for (const up of Object.keys(types))
    describe(`completions of the OpenAI SDK, ${up} upstream`, () => {
        const ask = { model: `${up}/echo`, prompt: 'Hello', max_tokens: 50 };

        test('are whole', async () => {
            const r = await w.openai().completions.create(ask);
            assert.equal(r.object, 'text_completion');
            assert.equal(r.choices[0].text, 'You said: Hello.');
            assert.equal(r.choices[0].finish_reason, 'stop');
            assert.equal(r.usage.total_tokens, r.usage.prompt_tokens + r.usage.completion_tokens);
        });

        test('stream', async () => {
            const s = await w.openai().completions.create({
                ...ask, stream: true, stream_options: { include_usage: true },
            });
            let text = '', finish, usage;
            for await (const c of s) {
                text += c.choices[0]?.text ?? '';
                finish = c.choices[0]?.finish_reason ?? finish;
                usage = c.usage ?? usage;
            }
            assert.equal(text, 'You said: Hello.');
            assert.equal(finish, 'stop');
            assert.ok(usage.completion_tokens > 0);
        });

        test('raise the errors of providers', async () => {
            const e = await failure(w.openai().completions.create({ ...ask, model: `${up}/any!429` }));
            assert.equal(e.status, 429);
        });
    });
