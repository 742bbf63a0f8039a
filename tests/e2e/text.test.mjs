// Texts through every pair of front and upstream, whole and streamed.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { upstreams, World } from './lib/world.mjs';

let w;
before(async () => { w = await World.start(); });
after(() => w.stop());

const user = (content) => [{ role: 'user', content }];

for (const up of upstreams) {
    describe(`openai front, ${up} upstream`, () => {
        const model = `${up}/echo`;

        test('answers whole', async () => {
            const r = await w.openai().chat.completions.create({
                model, messages: [{ role: 'system', content: 'Be brief.' }, ...user('Hello')],
            });
            assert.equal(r.object, 'chat.completion');
            assert.equal(r.choices[0].message.role, 'assistant');
            assert.equal(r.choices[0].message.content,
                         'You said: Hello. Instructions: Be brief..');
            assert.equal(r.choices[0].finish_reason, 'stop');
            assert.equal(r.usage.total_tokens, r.usage.prompt_tokens + r.usage.completion_tokens);
            assert.ok(r.usage.completion_tokens > 0);
        });

        test('streams', async () => {
            const s = await w.openai().chat.completions.create({
                model, messages: user('Hello'), stream: true, stream_options: { include_usage: true },
            });
            let text = '', usage, finish, chunks = 0;
            for await (const c of s) {
                chunks++;
                assert.equal(c.object, 'chat.completion.chunk');
                text += c.choices[0]?.delta.content ?? '';
                finish = c.choices[0]?.finish_reason ?? finish;
                usage = c.usage ?? usage;
            }
            assert.equal(text, 'You said: Hello.');
            assert.equal(finish, 'stop');
            assert.ok(chunks > 4);
            assert.ok(usage.completion_tokens > 0);
            assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
        });

        test('sends no usage in a stream that did not ask', async () => {
            const s = await w.openai().chat.completions.create({
                model, messages: user('Hello'), stream: true,
            });
            for await (const c of s)
                assert.equal(c.usage ?? null, null);
        });

        test('streams through the helper', async () => {
            const s = w.openai().chat.completions.stream({ model, messages: user('Hello') });
            let deltas = '';
            s.on('content', (delta) => { deltas += delta; });
            assert.equal(await s.finalContent(), 'You said: Hello.');
            assert.equal(deltas, 'You said: Hello.');
            assert.equal((await s.finalChatCompletion()).choices[0].finish_reason, 'stop');
        });

        test('tells why it stopped', async () => {
            const ask = async (more) => (await w.openai().chat.completions.create({
                model, messages: user('one two three'), ...more,
            })).choices[0];
            const matched = await ask({ stop: ['two'] });
            assert.deepEqual([matched.finish_reason, matched.message.content],
                             ['stop', 'You said: one ']);
            const cut = await ask({ max_completion_tokens: 3 });
            assert.deepEqual([cut.finish_reason, cut.message.content], ['length', 'You said: on']);
            const refused = await ask({ messages: user('refuse:Not this.') });
            assert.equal(refused.finish_reason, 'content_filter');
            assert.equal(refused.message.refusal ?? refused.message.content, 'Not this.');
        });

        test('streams why it stopped', async () => {
            const finish = async (more) => {
                const s = w.openai().chat.completions.stream({
                    model, messages: user('one two three'), ...more,
                });
                return (await s.finalChatCompletion()).choices[0].finish_reason;
            };
            assert.equal(await finish({ stop: 'two' }), 'stop');
            assert.equal(await finish({ messages: user('refuse:') }), 'content_filter');
            const s = await w.openai().chat.completions.create({
                model, messages: user('one two three'), max_tokens: 3, stream: true,
            });
            const reasons = [];
            for await (const c of s)
                reasons.push(c.choices[0]?.finish_reason);
            assert.deepEqual(reasons.filter(Boolean), ['length']);
        });

        test('counts what came from a cache', async () => {
            const r = await w.openai().chat.completions.create({
                model, messages: [{ role: 'system', content: 'x'.repeat(400) }, ...user('Hello')],
            });
            assert.equal(r.usage.prompt_tokens_details.cached_tokens, 100);
            assert.ok(r.usage.prompt_tokens > 100);
        });
    });

    describe(`anthropic front, ${up} upstream`, () => {
        const model = `${up}/echo`, max_tokens = 1000;

        test('answers whole', async () => {
            const m = await w.anthropic().messages.create({
                model, max_tokens, system: 'Be brief.', messages: user('Hello'),
            });
            assert.equal(m.type, 'message');
            assert.equal(m.role, 'assistant');
            assert.deepEqual(m.content.map((b) => [b.type, b.text]),
                             [['text', 'You said: Hello. Instructions: Be brief..']]);
            assert.equal(m.stop_reason, 'end_turn');
            assert.ok(m.usage.input_tokens > 0 && m.usage.output_tokens > 0);
        });

        test('streams', async () => {
            const s = await w.anthropic().messages.create({
                model, max_tokens, messages: user('Hello'), stream: true,
            });
            const types = [];
            let text = '';
            for await (const e of s) {
                if (types.at(-1) !== e.type)
                    types.push(e.type);
                text += e.delta?.text ?? '';
            }
            assert.equal(text, 'You said: Hello.');
            assert.deepEqual(types, ['message_start', 'content_block_start', 'content_block_delta',
                                     'content_block_stop', 'message_delta', 'message_stop']);
        });

        test('streams through the helper', async () => {
            const s = w.anthropic().messages.stream({ model, max_tokens, messages: user('Hello') });
            let deltas = '';
            s.on('text', (delta) => { deltas += delta; });
            const m = await s.finalMessage();
            assert.equal(await s.finalText(), 'You said: Hello.');
            assert.equal(deltas, 'You said: Hello.');
            assert.equal(m.stop_reason, 'end_turn');
            assert.ok(m.usage.input_tokens > 0 && m.usage.output_tokens > 1);
        });

        test('tells why it stopped', async () => {
            const ask = (more) => w.anthropic().messages.create({
                model, max_tokens, messages: user('one two three'), ...more,
            });
            const matched = await ask({ stop_sequences: ['two'] });
            // The OpenAI dialect does not say whether it was a stop sequence.
            assert.equal(matched.stop_reason, up === 'openai' ? 'end_turn' : 'stop_sequence');
            assert.equal(matched.stop_sequence, up === 'openai' ? null : 'two');
            assert.equal(matched.content[0].text, 'You said: one ');
            const cut = await ask({ max_tokens: 3 });
            assert.deepEqual([cut.stop_reason, cut.content[0].text], ['max_tokens', 'You said: on']);
            const refused = await ask({ messages: user('refuse:Not this.') });
            assert.deepEqual([refused.stop_reason, refused.content[0].text],
                             ['refusal', 'Not this.']);
        });

        test('streams why it stopped', async () => {
            const finish = async (more) => {
                const m = await w.anthropic().messages.stream({
                    model, max_tokens, messages: user('one two three'), ...more,
                }).finalMessage();
                return [m.stop_reason, m.stop_sequence, m.content[0].text];
            };
            assert.deepEqual(await finish({ stop_sequences: ['two'] }),
                             up === 'openai' ? ['end_turn', null, 'You said: one ']
                                 : ['stop_sequence', 'two', 'You said: one ']);
            assert.deepEqual(await finish({ max_tokens: 3 }), ['max_tokens', null, 'You said: on']);
            assert.deepEqual(await finish({ messages: user('refuse:Not this.') }),
                             ['refusal', null, 'Not this.']);
        });

        test('counts what came from a cache and what went there', async () => {
            const system = [{ type: 'text', text: 'x'.repeat(400),
                              cache_control: { type: 'ephemeral' } }];
            const first = await w.anthropic().messages.create({
                model, max_tokens, system, messages: user('Hello'),
            });
            const next = await w.anthropic().messages.stream({
                model, max_tokens, system, messages: [
                    ...user('Hello'), { role: 'assistant', content: 'Hi' }, ...user('Again'),
                ],
            }).finalMessage();
            assert.ok(first.usage.input_tokens < 100 && next.usage.input_tokens < 100);
            assert.equal(next.usage.cache_read_input_tokens, 100);
            if (up === 'anthropic') // the OpenAI dialect has no mark for the system prompt
                assert.equal(first.usage.cache_creation_input_tokens, 100);
        });
    });

    test(`the same words in and out, ${up} upstream`, async () => {
        const text = 'ümläut € 😀 "quoted" \\ \u2028 \u0007 </script> ' + 'long '.repeat(20000);
        const say = user(`say:${text}`);
        const model = `${up}/echo`;
        const o = w.openai(), a = w.anthropic();
        const max_tokens = 60000; // where the client sets no limit, the gateway must for some
        const texts = [
            (await o.chat.completions.create({ model, max_tokens, messages: say }))
                .choices[0].message.content,
            await o.chat.completions.stream({ model, max_tokens, messages: say }).finalContent(),
            (await a.messages.create({ model, max_tokens, messages: say }, { timeout: 60000 }))
                .content[0].text,
            await a.messages.stream({ model, max_tokens, messages: say }).finalText(),
        ];
        assert.deepEqual(texts.map((t) => t === text), [true, true, true, true]);
    });
}

test('several choices, where the upstream has them', async () => {
    const messages = user('Hello');
    const r = await w.openai().chat.completions.create({ model: 'openai/echo', messages, n: 3 });
    assert.deepEqual(r.choices.map((c) => c.message.content),
                     ['You said: Hello.', 'You said: Hello. (choice 2)',
                      'You said: Hello. (choice 3)']);
    const s = w.openai().chat.completions.stream({ model: 'openai/echo', messages, n: 2 });
    const whole = await s.finalChatCompletion();
    assert.deepEqual(whole.choices.map((c) => c.message.content),
                     ['You said: Hello.', 'You said: Hello. (choice 2)']);
});

test('the reply names the deployment and the model', async () => {
    const { data, response } = await w.anthropic().messages.create({
        model: 'openai/echo', max_tokens: 9, messages: user('Hello'),
    }).withResponse();
    assert.equal(data.model, 'echo');
    assert.equal(response.headers.get('x-llmux-provider'), 'up-openai');
    assert.equal(response.headers.get('x-llmux-model'), 'echo');
    assert.equal(response.headers.get('x-llmux-attempts'), '1');
    assert.match(response.headers.get('x-llmux-overhead-us'), /^\d+$/);
    const log = await w.log(response.headers.get('x-request-id'));
    assert.equal(log.outcome, 'ok');
    assert.equal(log.tokens_out, data.usage.output_tokens);
});

test('the upstream gets the deployment\'s key and not the client\'s', async () => {
    await w.openai().chat.completions.create({ model: 'anthropic/echo', messages: user('Hello') });
    const last = await w.last();
    assert.equal(last.path, '/v1/messages');
    assert.equal(last.headers['x-api-key'], 'sk-upstream-0123456789abcdef');
    assert.equal(last.headers.authorization, undefined);
    assert.equal(last.body.model, 'echo');
});

test('what the upstream cannot be told is named, in the client\'s words', async () => {
    const dropped = async (call) => (await call.withResponse()).response.headers
        .get('x-llmux-dropped')?.split(/, */).sort();
    const messages = user('Hello');
    const o = (model, more) => w.openai().chat.completions.create({ model, messages, ...more });
    const all = { seed: 1, logit_bias: { 5: 1 }, presence_penalty: 0.5 };
    assert.deepEqual(await dropped(o('anthropic/echo', all)),
                     ['logit_bias', 'presence_penalty', 'seed']);
    assert.equal(await dropped(o('openai/echo', all)), undefined);
    const a = (model, more) => w.anthropic().messages.create({ model, max_tokens: 9, messages,
                                                               ...more });
    assert.deepEqual(await dropped(a('openai/echo', { top_k: 5 })), ['top_k']);
    assert.equal(await dropped(a('anthropic/echo', { top_k: 5 })), undefined);
});

test('members that nobody knows go through to the same dialect', async () => {
    await w.openai().chat.completions.create({
        model: 'openai/echo', messages: [{ role: 'user', content: 'Hello', x_mark: [1.0, 'é'] }],
        x_future: { deep: [null, 1.5] },
    });
    const { body } = await w.last();
    assert.deepEqual(body.messages[0].x_mark, [1, 'é']);
    assert.ok('x_future' in body);
});
