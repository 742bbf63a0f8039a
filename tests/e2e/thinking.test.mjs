// Thinking and its signatures: what the model thought must come back on the next turn, byte for byte.
// The emulator signs its thinking and refuses any other.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { failure, upstreams, World } from './lib/world.mjs';

let w;
before(async () => { w = await World.start(); });
after(() => w.stop());

const ask = 'think:Über 😀 "quotes" \\ and\\nso on\nseal:secret\ncall:time {"zone": "UTC"}';
const thought = 'Über 😀 "quotes" \\ and\\nso on';
const parameters = { type: 'object', properties: { zone: { type: 'string' } } };

describe('anthropic front, anthropic upstream', () => {
    const params = {
        model: 'anthropic/echo', max_tokens: 4000,
        thinking: { type: 'enabled', budget_tokens: 2000 },
        tools: [{ name: 'time', input_schema: parameters }],
    };
    const messages = [{ role: 'user', content: ask }];
    const next = (m, content = m.content) => [
        ...messages, { role: 'assistant', content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: m.content.at(-1).id,
                                    content: 'noon' }] },
    ];
    const check = (m) => {
        assert.deepEqual(m.content.map((b) => b.type),
                         ['thinking', 'redacted_thinking', 'tool_use']);
        assert.equal(m.content[0].thinking, thought);
        assert.ok(m.content[0].signature.length > 100);
        assert.ok(m.usage.output_tokens_details.thinking_tokens > 0);
    };

    test('a tool loop, whole', async () => {
        const m = await w.anthropic().messages.create({ ...params, messages });
        check(m);
        const end = await w.anthropic().messages.create({ ...params, messages: next(m) });
        assert.equal(end.content.at(-1).text, `Result of ${m.content[2].id}: noon.`);
    });

    test('a tool loop, streamed', async () => {
        const s = w.anthropic().messages.stream({ ...params, messages });
        let thinking = '', signature = '';
        s.on('thinking', (delta) => { thinking += delta; });
        s.on('signature', (text) => { signature = text; });
        const m = await s.finalMessage();
        check(m);
        assert.equal(thinking, thought);
        assert.equal(signature, m.content[0].signature);
        const end = await w.anthropic().messages.stream({ ...params, messages: next(m) })
            .finalMessage();
        assert.equal(end.stop_reason, 'end_turn');
    });

    test('a signature that was tampered with is refused', async () => {
        const m = await w.anthropic().messages.create({ ...params, messages });
        const bad = [{ ...m.content[0], thinking: 'something else' }, ...m.content.slice(1)];
        const e = await failure(w.anthropic().messages.create({ ...params,
                                                                messages: next(m, bad) }));
        assert.equal(e.status, 400);
        assert.match(e.message, /signature/);
    });
});

describe('openai front, anthropic upstream', () => {
    const params = {
        model: 'anthropic/echo', reasoning_effort: 'low',
        tools: [{ type: 'function', function: { name: 'time', parameters } }],
    };
    const messages = [{ role: 'user', content: ask }];
    const next = (message) => [
        ...messages, message,
        { role: 'tool', tool_call_id: message.tool_calls[0].id, content: 'noon' },
    ];
    const check = (message) => {
        assert.equal(message.reasoning_content, thought);
        assert.deepEqual(message.thinking_blocks.map((b) => b.type),
                         ['thinking', 'redacted_thinking']);
        assert.equal(message.thinking_blocks[0].thinking, thought);
        assert.equal(message.tool_calls[0].function.name, 'time');
    };

    test('a tool loop, whole', async () => {
        const r = await w.openai().chat.completions.create({ ...params, messages });
        check(r.choices[0].message);
        assert.ok(r.usage.completion_tokens_details.reasoning_tokens > 0);
        const end = await w.openai().chat.completions.create({
            ...params, messages: next(r.choices[0].message),
        });
        assert.match(end.choices[0].message.content, /^Result of \S+: noon\.$/);
        const { body } = await w.last();
        const sent = body.messages.find((m) => m.role === 'assistant').content;
        assert.deepEqual(sent.map((b) => b.type), ['thinking', 'redacted_thinking', 'tool_use']);
        // The client gets it with the mark of who made it.
        const [marked] = r.choices[0].message.thinking_blocks;
        assert.match(marked.signature, /^llmux:anthropic\.messages:[0-9a-f]{8}:t0:/);
        assert.ok(marked.signature.endsWith(`:${sent[0].signature}`));
    });

    test('a tool loop, streamed', async () => {
        const s = await w.openai().chat.completions.create({
            ...params, messages, stream: true, stream_options: { include_usage: true },
        });
        const message = { role: 'assistant', content: null, reasoning_content: '',
                          thinking_blocks: [], tool_calls: [] };
        let usage;
        for await (const c of s) {
            const d = c.choices[0]?.delta ?? {};
            usage = c.usage ?? usage;
            message.reasoning_content += d.reasoning_content ?? '';
            for (const b of d.thinking_blocks ?? []) {
                const last = message.thinking_blocks.at(-1);
                if (b.type === 'redacted_thinking' || last?.type !== b.type) {
                    message.thinking_blocks.push({ ...b });
                } else {
                    last.thinking += b.thinking ?? '';
                    last.signature = b.signature ?? last.signature;
                }
            }
            for (const t of d.tool_calls ?? []) {
                message.tool_calls[t.index] ??= { id: t.id, type: 'function',
                                                  function: { name: t.function.name,
                                                              arguments: '' } };
                message.tool_calls[t.index].function.arguments += t.function.arguments ?? '';
            }
        }
        check(message);
        assert.ok(usage.completion_tokens_details.reasoning_tokens > 0);
        const end = w.openai().chat.completions.stream({ ...params, messages: next(message) });
        assert.match(await end.finalContent(), /^Result of \S+: noon\.$/);
    });

    for (const stream of [false, true])
        test(`a loop that the SDK leads${stream ? ', streamed' : ''}`, async () => {
            const runner = w.openai().chat.completions.runTools({
                ...params, messages, stream,
                tools: [{ type: 'function', function: { name: 'time', parameters, function: () => 'noon' } }],
            });
            assert.match(await runner.finalContent(), /^Result of \S+: noon\.$/);
            const { body } = await w.last();
            const sent = body.messages.find((m) => m.role === 'assistant').content;
            assert.deepEqual(sent.map((b) => b.type), ['thinking', 'redacted_thinking', 'tool_use']);
            assert.equal(sent[0].thinking, thought);
        });

    test('a client that forgets the thinking can go on', async () => {
        const r = await w.openai().chat.completions.create({ ...params, messages });
        const { role, content, tool_calls } = r.choices[0].message;
        const end = await w.openai().chat.completions.create({
            ...params, messages: next({ role, content, tool_calls }),
        });
        assert.match(end.choices[0].message.content, /noon/);
    });
});

describe('anthropic front, openai upstream', () => {
    test('thinks when an effort is asked for', async () => {
        const params = {
            model: 'openai/echo', max_tokens: 4000, output_config: { effort: 'high' },
        };
        const messages = [{ role: 'user', content: 'think:Hm\nHello' }];
        const m = await w.anthropic().messages.stream({ ...params, messages }).finalMessage();
        assert.deepEqual(m.content.map((b) => [b.type, b.thinking ?? b.text]),
                         [['thinking', 'Hm'], ['text', 'You said: Hello.']]);
        assert.ok(m.usage.output_tokens_details.thinking_tokens > 0);
        const next = await w.anthropic().messages.create({ ...params, messages: [
            ...messages, { role: 'assistant', content: m.content },
            { role: 'user', content: 'Again' },
        ] });
        assert.equal(next.content.at(-1).text, 'You said: Again.');
    });
});

describe('openai front, openai upstream', () => {
    test('thinks, and the answer can be sent back as it came', async () => {
        const params = { model: 'openai/echo', reasoning_effort: 'high' };
        const messages = [{ role: 'user', content: 'think:Hm\nHello' }];
        const r = await w.openai().chat.completions.create({ ...params, messages });
        assert.equal(r.choices[0].message.reasoning_content, 'Hm');
        const next = await w.openai().chat.completions.create({ ...params, messages: [
            ...messages, r.choices[0].message, { role: 'user', content: 'Again' },
        ] });
        assert.equal(next.choices[0].message.content, 'You said: Again.');
    });
});

for (const up of upstreams)
    test(`no thinking unless it is asked for, ${up} upstream`, async () => {
        const messages = [{ role: 'user', content: 'Hello' }];
        const r = await w.openai().chat.completions.create({ model: `${up}/echo`, messages });
        assert.equal(r.choices[0].message.reasoning_content, undefined);
        const m = await w.anthropic().messages.create({
            model: `${up}/echo`, max_tokens: 4000, messages, thinking: { type: 'disabled' },
        });
        assert.deepEqual(m.content.map((b) => b.type), ['text']);
    });
