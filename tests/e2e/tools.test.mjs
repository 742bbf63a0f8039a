// Calls of tools: parallel, in a loop, forced, forbidden.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import { z } from 'zod';

import { upstreams, World } from './lib/world.mjs';

let w;
before(async () => { w = await World.start(); });
after(() => w.stop());

const parameters = {
    type: 'object', properties: { city: { type: 'string' } }, required: ['city'],
};
const two = 'call:weather {"city": "Łódź"}\ncall:time {"n": 12345678901234567890, "f": 1.50}';

for (const up of upstreams) {
    const model = `${up}/echo`;

    describe(`openai front, ${up} upstream`, () => {
        const tools = ['weather', 'time'].map((name) => ({
            type: 'function', function: { name, description: `the ${name}`, parameters },
        }));
        const check = (message, finish) => {
            assert.equal(finish, 'tool_calls');
            assert.deepEqual(message.tool_calls.map((c) => [c.type, c.function.name]),
                             [['function', 'weather'], ['function', 'time']]);
            assert.deepEqual(JSON.parse(message.tool_calls[0].function.arguments),
                             { city: 'Łódź' });
            // Numbers keep their text, whatever a double makes of them.
            assert.match(message.tool_calls[1].function.arguments, /12345678901234567890/);
            assert.match(message.tool_calls[1].function.arguments, /1\.50/);
            assert.notEqual(message.tool_calls[0].id, message.tool_calls[1].id);
        };
        const messages = [{ role: 'user', content: two }];

        test('parallel calls', async () => {
            const r = await w.openai().chat.completions.create({ model, tools, messages });
            check(r.choices[0].message, r.choices[0].finish_reason);
        });

        test('parallel calls, streamed', async () => {
            const s = w.openai().chat.completions.stream({ model, tools, messages });
            const done = [];
            s.on('tool_calls.function.arguments.done', (e) => done.push([e.index, e.name]));
            const r = await s.finalChatCompletion();
            check(r.choices[0].message, r.choices[0].finish_reason);
            assert.deepEqual(done, [[0, 'weather'], [1, 'time']]);
        });

        test('the whole loop', async () => {
            const asked = [];
            const run = (name, f) => ({
                type: 'function', function: {
                    name, parameters, parse: JSON.parse, description: name,
                    function: (args) => { asked.push([name, args.city ?? args.n]); return f; },
                },
            });
            for (const stream of [true, false]) {
                asked.length = 0;
                const runner = w.openai().chat.completions.runTools({
                    model, stream, tools: [run('weather', 'rain'), run('time', { h: 12 })],
                    messages: [{ role: 'system', content: 'Help.' },
                               { role: 'user', content: 'call:weather {"city":"A"}\ncall:time {"n":1}' }],
                });
                const said = await runner.finalContent();
                assert.deepEqual(asked, [['weather', 'A'], ['time', 1]]);
                assert.match(said, /^Result of \S+: rain\. Result of \S+: \{"h":12\}\. Instructions/);
            }
        });

        test('text in front of a call', async () => {
            const s = w.openai().chat.completions.stream({
                model, tools,
                messages: [{ role: 'user', content: 'say:One moment.\ncall:weather {"city":"A"}' }],
            });
            const m = (await s.finalChatCompletion()).choices[0].message;
            assert.equal(m.content, 'One moment.');
            assert.equal(m.tool_calls.length, 1);
        });

        test('choices of a tool', async () => {
            const ask = async (tool_choice, more) => (await w.openai().chat.completions.create({
                model, tools, tool_choice, messages: [{ role: 'user', content: 'Hi' }], ...more,
            })).choices[0].message.tool_calls?.map((c) => c.function.name) ?? [];
            assert.deepEqual(await ask('auto'), []);
            assert.deepEqual(await ask('required'), ['weather']);
            assert.deepEqual(await ask({ type: 'function', function: { name: 'time' } }), ['time']);
            assert.deepEqual(await ask('none', { messages }), []);
            assert.deepEqual(await ask(undefined, { messages, parallel_tool_calls: false }),
                             ['weather']);
        });

        test('a tool without parameters', async () => {
            const r = await w.openai().chat.completions.create({
                model, tools: [{ type: 'function', function: { name: 'ping' } }],
                messages: [{ role: 'user', content: 'call:ping' }],
            });
            assert.equal(r.choices[0].message.tool_calls[0].function.arguments, '{}');
        });
    });

    describe(`anthropic front, ${up} upstream`, () => {
        const max_tokens = 1000;
        const tools = ['weather', 'time'].map((name) => ({
            name, description: `the ${name}`, input_schema: parameters,
        }));
        const check = (m) => {
            assert.equal(m.stop_reason, 'tool_use');
            assert.deepEqual(m.content.map((b) => [b.type, b.name]),
                             [['tool_use', 'weather'], ['tool_use', 'time']]);
            assert.deepEqual(m.content[0].input, { city: 'Łódź' });
            assert.equal(m.content[1].input.f, 1.5);
            assert.notEqual(m.content[0].id, m.content[1].id);
        };
        const messages = [{ role: 'user', content: two }];

        test('parallel calls', async () => {
            check(await w.anthropic().messages.create({ model, max_tokens, tools, messages }));
        });

        test('parallel calls, streamed', async () => {
            const s = w.anthropic().messages.stream({ model, max_tokens, tools, messages });
            let json = '';
            s.on('inputJson', (delta) => { json += delta; });
            check(await s.finalMessage());
            assert.match(json, /12345678901234567890/);
        });

        const loop = async (more) => {
            const asked = [];
            const run = (name, answer) => betaZodTool({
                name, description: name, inputSchema: z.object({ city: z.string() }),
                run: ({ city }) => { asked.push([name, city]); return answer; },
            });
            const m = await w.anthropic().beta.messages.toolRunner({
                model, max_tokens, tools: [run('weather', 'rain'), run('time', 'noon')],
                messages: [{ role: 'user', content: 'call:weather {"city":"A"}\n'
                    + 'call:time {"city":"B"}' }], ...more,
            });
            assert.deepEqual(asked.sort(), [['time', 'B'], ['weather', 'A']]);
            assert.match(m.content.at(-1).text,
                         /^Result of \S+: rain\. Result of \S+: noon\.$/);
        };

        test('the whole loop', () => loop({ thread: false }));
        test('the whole loop, streamed', () => loop({ thread: false, stream: true }));
        // Left alone, the SDK's runner sends only what is new in each turn and leaves the rest of the
        // conversation with the server, unless that refuses `thread` in words that the SDK knows.
        test('the whole loop, by the SDK\'s defaults', () => loop());

        test('a result that is a failure', async () => {
            const m = await w.anthropic().messages.create({
                model, max_tokens, tools, messages: [
                    { role: 'user', content: 'x' },
                    { role: 'assistant', content: [
                        { type: 'tool_use', id: 'c1', name: 'time', input: {} }] },
                    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c1',
                                                is_error: true, content: 'no clock' }] },
                ],
            });
            // The OpenAI dialect has no place for the flag.
            assert.equal(m.content[0].text, `${up === 'openai' ? 'Result' : 'Failure'} of c1: `
                + 'no clock.');
        });

        test('choices of a tool', async () => {
            const ask = async (tool_choice, content = 'Hi') => (await w.anthropic().messages.create({
                model, max_tokens, tools, tool_choice, messages: [{ role: 'user', content }],
            })).content.filter((b) => b.type === 'tool_use').map((b) => b.name);
            assert.deepEqual(await ask({ type: 'auto' }), []);
            assert.deepEqual(await ask({ type: 'any' }), ['weather']);
            assert.deepEqual(await ask({ type: 'tool', name: 'time' }), ['time']);
            assert.deepEqual(await ask({ type: 'none' }, two), []);
            assert.deepEqual(await ask({ type: 'auto', disable_parallel_tool_use: true }, two),
                             ['weather']);
        });
    });
}
