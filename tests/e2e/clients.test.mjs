// Every SDK in front of every dialect of a provider: texts, tools, limits, errors, clients that leave; whole and
// streamed.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { isStepCount } from 'ai';

import { vendors } from './lib/sdks.mjs';
import { vercel } from './lib/vercel.mjs';
import { eventually, failure, UPSTREAM_KEY, World } from './lib/world.mjs';

const types = {
    chat: 'openai.chat', responses: 'openai.responses', anthropic: 'anthropic.messages',
    google: 'google.generate', converse: 'bedrock.converse', cohere: 'cohere.chat',
    mistral: 'mistral.chat', ollama: 'ollama.chat',
};
const tools = ['weather', 'time'];
const user = (text) => ({ user: text });
const twoCalls = user('call:weather {"city": "Łódź"}\ncall:time {"n": 12345}');
const expected = [['weather', { city: 'Łódź' }], ['time', { n: 12345 }]];

let w;
before(async () => {
    w = await World.start({
        // The emulator knows a dialect by its name.
        providers: (emulator) => Object.entries(types).map(([name, type]) => ({
            name: `at-${name}`, type, api_key: UPSTREAM_KEY,
            base_url: emulator.replace(/v1$/, `${type}/v1`),
            models: [{ name: `${name}-*`, upstream: '*' }],
        })),
    });
});
after(() => w.stop());

for (const [name, make] of Object.entries({ ...vendors, ...vercel }))
    for (const up of Object.keys(types))
        describe(`${name} SDK, ${up} upstream`, { timeout: 20_000 }, () => {
            const model = `${up}-echo`;
            let sdk;
            before(() => { sdk = make(w); });
            after(() => sdk.close?.());

            for (const stream of [false, true]) {
                const how = stream ? ', streamed' : '';

                test(`a text${how}`, async () => {
                    let heard = '';
                    const r = await sdk.say({ model, system: 'Be brief.', turns: [user('Grüße 😀')] },
                                            { stream, onText: (text) => { heard += text; } });
                    assert.equal(r.text, 'You said: Grüße 😀. Instructions: Be brief..');
                    assert.equal(r.stop, sdk.stops.end);
                    assert.ok(r.input > 0 && r.output > 0);
                    assert.equal(heard, stream ? r.text : '');
                });

                test(`a limit${how}`, async () => {
                    const r = await sdk.say({ model, limit: 16, turns: [user(`say:${'long '.repeat(99)}`)] },
                                            { stream });
                    assert.equal(r.stop, sdk.stops.length);
                    assert.equal(r.output, 16);
                });

                test(`a loop of parallel calls${how}`, async () => {
                    const first = await sdk.say({ model, tools, turns: [twoCalls] }, { stream });
                    assert.deepEqual(first.calls.map((k) => [k.name, k.args]), expected);
                    assert.equal(first.stop, sdk.stops.call);
                    const results = [[first.calls[0], 'rain'], [first.calls[1], 'noon']];
                    const next = await sdk.say({
                        model, tools, turns: [twoCalls, { reply: first.turn }, { results }],
                    }, { stream });
                    assert.match(next.text, /^Result of \S+: .*rain.*\. Result of \S+: .*noon.*\.$/);
                    assert.equal(next.stop, sdk.stops.end);
                    assert.deepEqual(next.calls, []);
                });

                test(`errors of the provider${how}`, async () => {
                    for (const status of [400, 401, 403, 404, 429, 500, 503]) {
                        const e = await failure(sdk.say({ model: `${up}-any!${status}`, turns: [user('Hi')] },
                                                        { stream }));
                        assert.equal(sdk.status(e), status, e);
                        assert.ok(sdk.isOwn(e, status), `${status}: ${e.constructor.name} ${e.name}`);
                        assert.match(`${e.message} ${JSON.stringify(e.body)}`, /says the mock/);
                    }
                });
            }

            for (const fault of ['error-event=6', 'close-after=6', 'truncate=6'])
                test(`a stream with ${fault} raises an error`, async () => {
                    await assert.rejects(sdk.say({
                        model: `${up}-echo!${fault}!rate=200`, turns: [user('Hello there, how are you today?')],
                    }, { stream: true }));
                });

            test('leaving cancels the provider\'s work', async () => {
                const before = await w.stats();
                const controller = new AbortController();
                await sdk.say({ model: `${up}-gone!rate=20!tokens=1000`, turns: [user('Hello')] }, {
                    stream: true, signal: controller.signal, onText: () => controller.abort(),
                }).catch(() => {}); // some SDKs end without a word
                assert.ok(controller.signal.aborted);
                await eventually(async () => {
                    const now = await w.stats();
                    return now.aborted === before.aborted + 1 && now.open === before.open;
                });
            });
        });

for (const name of Object.keys(vercel))
    for (const up of Object.keys(types))
        for (const stream of [false, true])
            test(`${name} SDK, ${up} upstream: it leads the loop itself${stream ? ', streamed' : ''}`, async () => {
                const asked = [];
                const execute = {
                    weather: ({ city }) => { asked.push(city); return 'rain'; },
                    time: ({ n }) => { asked.push(n); return 'noon'; },
                };
                const r = await vercel[name](w).say({
                    model: `${up}-echo`, tools, execute, stopWhen: isStepCount(5), turns: [twoCalls],
                }, { stream });
                assert.deepEqual(asked, ['Łódź', 12345]);
                assert.equal(r.steps.length, 2);
                assert.match(r.text, /^Result of \S+: .*rain.*\. Result of \S+: .*noon.*\.$/);
            });

for (const up of Object.keys(types))
    describe(`completions of the OpenAI SDK, ${up} upstream`, () => {
        const ask = { model: `${up}-echo`, prompt: 'Hello', max_tokens: 50 };

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
            const e = await failure(w.openai().completions.create({ ...ask, model: `${up}-any!429` }));
            assert.equal(e.status, 429);
        });
    });
