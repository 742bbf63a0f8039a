// The Responses API: items whole and streamed, tools in a loop, what a provider keeps, errors; through
// upstreams that speak it, and that do not.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { failure, UPSTREAM_KEY, World } from './lib/world.mjs';

let w;
before(async () => {
    w = await World.start({ providers: [{
        name: 'up-responses', type: 'openai.responses', base_url: '{emulator}',
        api_key: UPSTREAM_KEY, models: [{ name: 'responses/*', upstream: '*' }],
    }] });
});
after(() => w.stop());

const parameters = {
    type: 'object', properties: { city: { type: 'string' } }, required: ['city'],
    additionalProperties: false,
};
const tools = ['weather', 'time'].map((name) => ({
    type: 'function', name, description: `the ${name}`, parameters, strict: false,
}));

for (const up of ['openai', 'anthropic', 'responses']) {
    const model = `${up}/echo`;

    describe(`responses front, ${up} upstream`, () => {
        test('a text', async () => {
            const r = await w.openai().responses.create({ model, instructions: 'Be brief.',
                                                          input: 'Hello there' });
            assert.equal(r.object, 'response');
            assert.equal(r.status, 'completed');
            assert.match(r.output_text, /^You said: Hello there\./);
            assert.match(r.output_text, /Be brief/);
            assert.equal(r.output[0].type, 'message');
            assert.match(r.output[0].id, /^msg_/);
            assert.ok(r.usage.input_tokens > 0 && r.usage.output_tokens > 0);
            assert.equal(r.usage.total_tokens, r.usage.input_tokens + r.usage.output_tokens);
        });

        test('a text, streamed', async () => {
            const s = w.openai().responses.stream({ model, input: [
                { role: 'user', content: [{ type: 'input_text', text: 'Hello there' }] }] });
            const types = [], numbers = [];
            let said = '';
            for await (const e of s) {
                types.push(e.type);
                numbers.push(e.sequence_number);
                said += e.type === 'response.output_text.delta' ? e.delta : '';
            }
            const r = await s.finalResponse();
            assert.equal(said, 'You said: Hello there.');
            assert.equal(r.output_text, said);
            assert.equal(r.status, 'completed');
            assert.ok(r.usage.output_tokens > 0);
            assert.equal(types[0], 'response.created');
            assert.equal(types.at(-1), 'response.completed');
            for (const type of ['output_item.added', 'content_part.added', 'output_text.done',
                                'content_part.done', 'output_item.done'])
                assert.equal(types.filter((t) => t === `response.${type}`).length, 1, type);
            assert.deepEqual(numbers, numbers.map((_, i) => i));
        });

        test('parallel calls', async () => {
            const r = await w.openai().responses.create({ model, tools,
                input: 'call:weather {"city": "Łódź"}\ncall:time {"n": 12345678901234567890}' });
            const calls = r.output.filter((i) => i.type === 'function_call');
            assert.deepEqual(calls.map((c) => c.name), ['weather', 'time']);
            assert.deepEqual(JSON.parse(calls[0].arguments), { city: 'Łódź' });
            assert.match(calls[1].arguments, /12345678901234567890/);
            assert.notEqual(calls[0].call_id, calls[1].call_id);
        });

        test('the whole loop, streamed', async () => {
            const input = [{ role: 'user', content: 'say:One moment.\ncall:weather {"city":"A"}\n'
                + 'call:time {"city":"B"}' }];
            const answers = { weather: 'rain', time: 'noon' };
            let r;
            for (let turn = 0; turn < 3; turn++) {
                const s = w.openai().responses.stream({ model, tools, input });
                const done = [];
                s.on('response.function_call_arguments.delta', (e) => done.push(e.output_index));
                r = await s.finalResponse();
                const calls = r.output.filter((i) => i.type === 'function_call');
                if (!calls.length)
                    break;
                assert.deepEqual([...new Set(done)], calls.map((c) => r.output.indexOf(c)));
                input.push(...r.output);
                for (const c of calls)
                    input.push({ type: 'function_call_output', call_id: c.call_id,
                                 output: answers[c.name] });
            }
            assert.match(r.output_text, /^Result of \S+: rain\. Result of \S+: noon\./);
        });

        test('a choice of tools', async () => {
            const ask = async (tool_choice) => (await w.openai().responses.create({
                model, tools, tool_choice, input: 'Hi',
            })).output.filter((i) => i.type === 'function_call').map((c) => c.name);
            assert.deepEqual(await ask('auto'), []);
            assert.deepEqual(await ask('required'), ['weather']);
            assert.deepEqual(await ask({ type: 'function', name: 'time' }), ['time']);
        });

        test('a limit', async () => {
            const r = await w.openai().responses.create({ model, max_output_tokens: 2,
                                                          input: 'Hello there' });
            assert.equal(r.status, 'incomplete');
            assert.equal(r.incomplete_details.reason, 'max_output_tokens');
        });

        test('what a provider keeps', async () => {
            const call = w.openai().responses.create({ model, input: 'x',
                                                       previous_response_id: 'resp_1' });
            if (up === 'responses')
                return void await call.catch(() => {}); // the provider may know it, or not
            const e = await failure(call);
            assert.equal(e.status, 400);
            assert.match(e.message, /previous_response_id/);
        });

        test('an error, and one in the middle', async () => {
            const e = await failure(w.openai().responses.create({ model: `${up}/any!429`,
                                                                  input: 'x' }));
            assert.equal(e.status, 429);
            const types = [];
            await failure((async () => {
                const s = await w.openai().responses.create({
                    model: `${up}/echo!error-event=6`, stream: true, input: 'Hello there, how are you?' });
                for await (const event of s) {
                    types.push(event.type);
                    if (event.type === 'response.failed')
                        throw new Error(event.response.error.message);
                }
            })());
            assert.ok(!types.includes('response.completed'), types.join(' '));
        });
    });
}

// What it thought, with a summary and without: the emulator wants it back as it was.
describe('clients of other dialects, responses upstream', () => {
    const model = 'responses/echo';
    const ask = 'think:Hm, "so"\nseal:secret\ncall:time {"city": "A"}';

    test('a tool loop of a chat client', async () => {
        const params = { model, reasoning_effort: 'low', tools: [{ type: 'function',
            function: { name: 'time', parameters } }] };
        for (const stream of [false, true]) {
            const messages = [{ role: 'user', content: ask }];
            const r = stream
                ? await w.openai().chat.completions.stream({ ...params, messages })
                    .finalChatCompletion()
                : await w.openai().chat.completions.create({ ...params, messages });
            const m = r.choices[0].message;
            if (!stream) {
                assert.equal(m.reasoning_content, 'Hm, "so"');
                assert.deepEqual(m.thinking_blocks.map((b) => b.type),
                                 ['thinking', 'redacted_thinking']);
            }
            messages.push(m, { role: 'tool', tool_call_id: m.tool_calls[0].id, content: 'noon' });
            if (stream)
                continue; // the SDK keeps only what it knows
            const end = await w.openai().chat.completions.create({ ...params, messages });
            assert.match(end.choices[0].message.content, /^Result of \S+: noon\./);
        }
    });

    test('a tool loop of an anthropic client', async () => {
        const params = { model, max_tokens: 4000, thinking: { type: 'enabled', budget_tokens: 2000 },
                         tools: [{ name: 'time', input_schema: parameters }] };
        const messages = [{ role: 'user', content: ask }];
        const m = await w.anthropic().messages.stream({ ...params, messages }).finalMessage();
        assert.deepEqual(m.content.map((b) => b.type),
                         ['thinking', 'redacted_thinking', 'tool_use']);
        messages.push({ role: 'assistant', content: m.content }, { role: 'user', content: [
            { type: 'tool_result', tool_use_id: m.content[2].id, content: 'noon' }] });
        const end = await w.anthropic().messages.create({ ...params, messages });
        assert.match(end.content.at(-1).text, /^Result of \S+: noon\./);
    });

    test('a tool loop of a responses client with an anthropic upstream', async () => {
        const params = { model: 'anthropic/echo', reasoning: { effort: 'low' }, tools };
        const input = [{ role: 'user', content: ask }];
        const r = await w.openai().responses.stream({ ...params, input }).finalResponse();
        assert.deepEqual(r.output.map((i) => i.type), ['reasoning', 'reasoning', 'function_call']);
        input.push(...r.output, { type: 'function_call_output', call_id: r.output[2].call_id,
                                  output: 'noon' });
        const end = await w.openai().responses.create({ ...params, input });
        assert.match(end.output_text, /^Result of \S+: noon\./);
    });
});

describe('a provider that speaks both', () => {
    test('serves each client in its own dialect', async () => {
        const own = await World.start({ providers: [{
            name: 'both', type: 'openai', base_url: '{emulator}', api_key: UPSTREAM_KEY,
            models: ['echo'],
        }] });
        try {
            await own.openai().responses.create({ model: 'echo', input: 'Hi' });
            assert.match((await own.last()).path, /\/responses$/);
            await own.openai().chat.completions.create({
                model: 'echo', messages: [{ role: 'user', content: 'Hi' }] });
            assert.match((await own.last()).path, /\/chat\/completions$/);
        } finally {
            await own.stop();
        }
    });
});
