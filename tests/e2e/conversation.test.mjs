// Conversations that one dialect allows and another refuses: the gateway makes them fit.  The emulator
// refuses what the provider would.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { dataUrl, png, seen } from './lib/fixtures.mjs';
import { upstreams, World } from './lib/world.mjs';

let w;
before(async () => { w = await World.start(); });
after(() => w.stop());

const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }];
const call = (id, name = 'f', args = '{}') => ({ id, type: 'function',
                                                 function: { name, arguments: args } });

for (const up of upstreams) {
    const model = `${up}/echo`;
    const openai = async (messages, more) => (await w.openai().chat.completions.create({
        model, messages, ...more,
    })).choices[0].message.content;
    const anthropic = async (messages, more) => (await w.anthropic().messages.create({
        model, max_tokens: 1000, messages, ...more,
    })).content.at(-1).text;

    describe(`openai front, ${up} upstream`, () => {
        test('a system message in the middle', async () => {
            const said = await openai([
                { role: 'system', content: 'First.' }, { role: 'user', content: 'a' },
                { role: 'assistant', content: 'b' }, { role: 'system', content: 'Second.' },
                { role: 'user', content: 'c' },
            ]);
            assert.match(said, /c/);
            assert.match(said, /First\./);
        });

        test('a developer message', async () => {
            const said = await openai([{ role: 'developer', content: 'Be brief.' },
                                       { role: 'user', content: 'a' }]);
            assert.equal(said, 'You said: a. Instructions: Be brief..');
        });

        test('several messages of one role', async () => {
            const said = await openai([{ role: 'user', content: 'a' }, { role: 'user', content: 'b' }]);
            assert.equal(said, 'You said: a\nb.');
        });

        test('empty texts', async () => {
            const said = await openai([
                { role: 'user', content: 'a' }, { role: 'assistant', content: '' },
                { role: 'user', content: [{ type: 'text', text: '' }, { type: 'text', text: 'b' }] },
            ]);
            assert.match(said, /b/);
        });

        test('an assistant who spoke first, and one who shall go on', async () => {
            assert.match(await openai([{ role: 'assistant', content: 'Hi' },
                                       { role: 'user', content: 'a' }]), /a/);
            assert.ok(await openai([{ role: 'user', content: 'a' },
                                    { role: 'assistant', content: 'The answer is \n' }]));
        });

        test('ids of calls that are not of this provider', async () => {
            const id = ['functions.f:0/é', `x${'y'.repeat(100)}`, 'functions.f:0/é!'];
            const said = await openai([
                { role: 'user', content: 'a' },
                { role: 'assistant', content: null, tool_calls: id.map((i) => call(i)) },
                ...id.map((tool_call_id, i) => ({ role: 'tool', tool_call_id, content: `r${i}` })),
                { role: 'user', content: 'b' },
            ], { tools });
            assert.match(said, /^You said: b\. Result of .*: r0\. Result of .*: r1\. Result of .*: r2\./);
        });

        test('the same id in two rounds', async () => {
            const round = [{ role: 'assistant', content: null, tool_calls: [call('c1')] },
                           { role: 'tool', tool_call_id: 'c1', content: 'r' }];
            assert.match(await openai([{ role: 'user', content: 'a' }, ...round, ...round],
                                      { tools }), /Result of c1: r/);
        });

        test('arguments that are empty, or null', async () => {
            for (const args of ['', ' ', 'null', '{}'])
                assert.match(await openai([
                    { role: 'user', content: 'a' },
                    { role: 'assistant', content: null, tool_calls: [call('c1', 'f', args)] },
                    { role: 'tool', tool_call_id: 'c1', content: 'r' },
                ], { tools }), /Result of c1: r/);
        });

        test('functions as they were called before November 2023', async () => {
            const said = await openai([
                { role: 'user', content: 'a' },
                { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } },
                { role: 'function', name: 'f', content: 'r' },
            ], { functions: [{ name: 'f', parameters: { type: 'object' } }] });
            assert.match(said, /Result of \S+: r\./);
        });

        test('cache marks', async () => {
            const mark = { type: 'ephemeral' };
            const part = (text) => [{ type: 'text', text, cache_control: mark }];
            const ask = (text) => w.openai().chat.completions.create({ model, messages: [
                { role: 'system', content: part('x'.repeat(400)) }, { role: 'user', content: part(text) }] });
            const { usage } = await ask('a');
            assert.ok(usage.prompt_tokens > 100);
            const { body } = await w.last();
            const marks = JSON.stringify(body).match(/"cache_control":\{"type":"ephemeral"\}/g);
            assert.equal(marks.length, 2, JSON.stringify(body));
            if (up === 'anthropic')
                assert.ok(usage.prompt_tokens_details.cache_write_tokens > 100
                          || usage.prompt_tokens_details.cached_tokens > 100, JSON.stringify(usage));
        });

        test('a refusal in the history', async () => {
            assert.match(await openai([
                { role: 'user', content: 'a' },
                { role: 'assistant', content: null, refusal: 'No.' }, { role: 'user', content: 'b' },
            ]), /b/);
        });

        test('temperatures that only one of them has', async () => {
            assert.match(await openai([{ role: 'user', content: 'a' }], { temperature: 1.7 }), /a/);
        });
    });

    describe(`anthropic front, ${up} upstream`, () => {
        test('results and words in one turn, results with images', async () => {
            const use = (id) => ({ type: 'tool_use', id, name: 'f', input: {} });
            const said = await anthropic([
                { role: 'user', content: 'a' },
                { role: 'assistant', content: [{ type: 'text', text: 'Well.' }, use('c1'), use('c2')] },
                { role: 'user', content: [
                    { type: 'tool_result', tool_use_id: 'c1', content: [{ type: 'image', source: {
                        type: 'base64', media_type: 'image/png',
                        data: png.toString('base64') } }] },
                    { type: 'tool_result', tool_use_id: 'c2', content: 'r2' },
                    { type: 'text', text: 'b' },
                ] },
            ], { tools: [{ name: 'f', input_schema: { type: 'object' } }] });
            assert.match(said, /^You said: b/);
            assert.match(said, /Result of c2: r2\./);
            assert.ok(said.includes(seen('image/png', png)), said);
        });

        test('a result without content', async () => {
            assert.match(await anthropic([
                { role: 'user', content: 'a' },
                { role: 'assistant', content: [{ type: 'tool_use', id: 'c1', name: 'f', input: {} }] },
                { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c1' }] },
            ], { tools: [{ name: 'f', input_schema: { type: 'object' } }] }), /Result of c1/);
        });

        test('an assistant who shall go on', async () => {
            assert.ok(await anthropic([{ role: 'user', content: 'a' },
                                       { role: 'assistant', content: 'The answer is' }]));
        });

        test('cache marks everywhere', async () => {
            const cache_control = { type: 'ephemeral', ttl: '1h' };
            const m = await w.anthropic().messages.create({
                model, max_tokens: 100,
                system: [{ type: 'text', text: 'Be brief.', cache_control }],
                tools: [{ name: 'f', input_schema: { type: 'object' }, cache_control }],
                messages: [{ role: 'user', content: [{ type: 'text', text: 'a', cache_control }] }],
            });
            assert.equal(m.content[0].text, 'You said: a. Instructions: Be brief..');
            const { usage } = m;
            assert.ok(usage.cache_creation_input_tokens || usage.cache_read_input_tokens);
        });
    });
}

test('media in the result of a tool, from the OpenAI dialect to itself', async () => {
    // Tool messages take text only, so what comes from elsewhere follows as a user's message.
    const r = await w.openai().chat.completions.create({
        model: 'openai/echo', tools, messages: [
            { role: 'user', content: 'a' },
            { role: 'assistant', content: null, tool_calls: [call('c1')] },
            { role: 'tool', tool_call_id: 'c1', content: [{ type: 'text', text: 'r' }] },
            { role: 'user', content: [{ type: 'image_url',
                                        image_url: { url: dataUrl('image/png', png) } }] },
        ],
    });
    assert.ok(r.choices[0].message.content.includes(seen('image/png', png)));
});
