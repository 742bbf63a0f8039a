// What the gateway does about failures before it tells the client: try again, or elsewhere.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { answer, call, fronts } from './lib/calls.mjs';
import { World } from './lib/world.mjs';

let w;
before(async () => {
    w = await World.start({
        retries: 2,
        timeouts: { connect: '1s', first_byte: '500ms', idle: '500ms', total: '5s' },
        providers: [{ name: 'nowhere', type: 'openai.chat', base_url: 'http://127.0.0.1:1/v1',
                      models: ['first', 'alone'] }],
        fallbacks: { first: ['openai/second!500', 'anthropic/third'] },
    });
});
after(() => w.stop());

let serial = 0;
const once = (fault, times = 1) => `any-${serial++}!${fault}!times=${times}`;

for (const front of Object.keys(fronts))
    for (const fault of ['500', '503', '429', 'reset', 'close', 'html', 'delay=2s', 'garbage'])
        test(`${front}: ${fault} and then an answer`, async () => {
            for (const stream of [false, true]) {
                const before = (await w.stats()).requests;
                const { text, error } = await call(w, front, `anthropic/${once(fault)}`, stream);
                assert.equal(error, undefined);
                assert.equal(text, answer);
                assert.equal((await w.stats()).requests, before + 2);
            }
        });

test('no more tries than the config says', async () => {
    const before = (await w.stats()).requests;
    const { error } = await call(w, 'openai', `openai/${once('500', 9)}`, false);
    assert.equal(error.status, 500);
    assert.equal(error.headers.get('x-llmux-attempts'), '3');
    assert.equal((await w.stats()).requests, before + 3);
});

test('a request that is wrong is not tried again', async () => {
    for (const status of [400, 401, 403, 404, 413, 422]) {
        const before = (await w.stats()).requests;
        const { error } = await call(w, 'anthropic', `openai/any!${status}`, false);
        assert.equal(error.status, status);
        assert.equal((await w.stats()).requests, before + 1);
    }
});

test('the fallback of a fallback answers', async () => {
    for (const front of Object.keys(fronts))
        for (const stream of [false, true])
            assert.equal((await call(w, front, 'first', stream)).text, answer);
});

test('a provider that is not there', async () => {
    const { error } = await call(w, 'openai', 'alone', false);
    assert.equal(error.status, 502);
    assert.match(error.message, /nowhere/);
    const log = await w.log(error.headers.get('x-request-id'));
    assert.deepEqual([log.outcome, log.attempts], ['error', 3]);
});

test('once the client has bytes, there is no second try', async () => {
    const before = (await w.stats()).requests;
    const { text, error } = await call(w, 'openai', 'anthropic/any!reset-after=5!rate=100', true);
    assert.ok(answer.startsWith(text) && text !== answer && text !== '');
    assert.ok(error);
    assert.equal((await w.stats()).requests, before + 1);
});
