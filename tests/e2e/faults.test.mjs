// Providers that break in the middle: the client gets an error in its own dialect, never an end that
// looks like one, and the log says that it failed.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { answer, call, fronts } from './lib/calls.mjs';
import { upstreams, World } from './lib/world.mjs';

let w;
before(async () => {
    w = await World.start({
        timeouts: { connect: '1s', first_byte: '500ms', idle: '500ms', total: '5s' },
        providers: [{ name: 'nowhere', type: 'openai.chat', base_url: 'http://127.0.0.1:1/v1',
                      models: ['nowhere'] }],
    });
});
after(() => w.stop());

// The log line of the newest request for a model.
const log = (model) => w.gateway.line((l) => {
    const line = JSON.parse(l);
    return line.event === 'request' && line.model === model && line;
});

let serial = 0;
const named = (up, fault) => `${up}/f${serial++}!${fault}`;

// Before anything was said, or in a whole reply: a status. 408 is what the OpenAI dialect has for a
// time-out, 504 the Anthropic one.
const broken = { openai: 502, anthropic: 502 }, late = { openai: 408, anthropic: 504 };
const overloaded = { openai: 503, anthropic: 529 };
const early = [
    ['reset', broken, [false, true]],
    ['close', broken, [false, true]],
    ['html', broken, [false, true]],
    ['garbage', broken, [false, true]],
    ['disorder', broken, [true]],
    ['delay=2s', late, [false, true]],
    ['reset-after=20', broken, [false]],
    ['close-after=20', broken, [false]],
    ['truncate=20', broken, [false]],
    ['stall=2s', late, [false]],
    ['error-event=0', overloaded, [false, true]],
];

// In a stream that has begun: an error event, and the status stays 200.  The events come one by one:
// what comes in one piece with its error is known to be broken before the client gets any of it.
const midway = ['reset-after=5', 'close-after=5', 'truncate=5', 'garbage!after=5', 'error-event=5',
                'stall=2s!after=5'].map((fault) => `${fault}!rate=100`);

for (const front of Object.keys(fronts))
    for (const up of upstreams)
        describe(`${front} front, ${up} upstream`, () => {
            for (const [fault, status, forms] of early)
                test(fault, async () => {
                    for (const stream of forms) {
                        const model = named(up, fault);
                        const { text, error } = await call(w, front, model, stream);
                        assert.equal(text, '');
                        assert.equal(error?.status, status[front], `${error}`);
                        const line = await log(model);
                        assert.deepEqual([line.outcome, line.status], ['error', status[front]]);
                    }
                });

            for (const fault of midway)
                test(`${fault} in a stream`, async () => {
                    const model = named(up, fault);
                    const { text, error } = await call(w, front, model, true);
                    assert.ok(text && text !== answer && answer.startsWith(text), text);
                    assert.equal(error?.constructor.name, 'APIError', `${error}`);
                    assert.equal(error.status, undefined);
                    assert.ok(error.type, 'the error event has no type');
                    const line = await log(model);
                    assert.deepEqual([line.outcome, line.status, line.level],
                                     ['broken', 200, 'warn']);
                });

            test('what is odd but can be understood is not refused', async () => {
                for (const fault of ['wrong-type', 'split=1', 'whole', 'rate=500']) {
                    for (const stream of [false, true]) {
                        const { text, error } = await call(w, front, named(up, fault), stream);
                        assert.equal(error, undefined, `${fault}: ${error}`);
                        assert.equal(text, answer);
                    }
                }
            });

            test('the bytes of a broken stream end with the error', async () => {
                const body = { model: named(up, 'error-event=5!rate=100'), stream: true, max_tokens: 99,
                               messages: [{ role: 'user', content: 'Hello' }] };
                const path = front === 'openai' ? '/v1/chat/completions' : '/v1/messages';
                const r = await w.post(path, body, { 'anthropic-version': '2023-06-01' });
                let text = '';
                // No orderly end either: also those who do not read events shall notice.
                await assert.rejects(async () => {
                    for await (const bytes of r.body)
                        text += Buffer.from(bytes);
                });
                const last = text.trimEnd().split('\n').at(-1);
                assert.match(last, /^data: \{.*"error"/);
                assert.doesNotMatch(text, /\[DONE\]|message_stop/);
            });
        });

test('a provider that cannot be reached', async () => {
    for (const front of Object.keys(fronts))
        for (const stream of [false, true]) {
            const { error } = await call(w, front, 'nowhere', stream);
            assert.equal(error.status, 502);
            assert.match(error.message, /nowhere/);
        }
});
