// Clients that leave: the provider's work is cancelled at once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { call, fronts } from './lib/calls.mjs';
import { eventually, upstreams, World } from './lib/world.mjs';

let w;
before(async () => { w = await World.start(); });
after(() => w.stop());

// Leave as soon as the emulator is at it; true when it saw that the client of its own has gone.
async function leave(front, model, stream) {
    const before = await w.stats();
    const controller = new AbortController();
    const asked = call(w, front, model, stream, {}, { signal: controller.signal });
    await eventually(async () => (await w.stats()).open > before.open);
    controller.abort();
    const { error } = await asked;
    await eventually(async () => {
        const now = await w.stats();
        return now.aborted === before.aborted + 1 && now.open === before.open;
    });
    return error;
}

let serial = 0;
for (const front of Object.keys(fronts))
    for (const up of upstreams)
        for (const [what, fault, stream] of [['in a stream', 'rate=20!tokens=1000', true],
                                             ['before a stream', 'delay=20s', true],
                                             ['before a whole reply', 'delay=20s', false]])
            test(`${front} front, ${up} upstream: ${what}`, async () => {
                const model = `${up}/a${serial++}!${fault}`;
                const error = await leave(front, model, stream);
                // The Anthropic SDK ends a stream that its owner aborts without a word.
                assert.ok(!error || error.constructor.name === 'APIUserAbortError', `${error}`);
                const line = await w.gateway.line((l) => {
                    const e = JSON.parse(l);
                    return e.event === 'request' && e.model === model && e;
                });
                assert.deepEqual([line.outcome, line.status], ['gone', 499]);
            });

test('what was used until then is in the log', async () => {
    const model = 'anthropic/used!rate=100!tokens=1000';
    const controller = new AbortController();
    const s = await w.openai().chat.completions.create({
        model, stream: true, messages: [{ role: 'user', content: 'Hello' }],
    }, { signal: controller.signal });
    let n = 0;
    for await (const _ of s)
        if (++n === 5)
            controller.abort();
    const line = await w.gateway.line((l) => {
        const e = JSON.parse(l);
        return e.event === 'request' && e.model === model && e;
    });
    assert.equal(line.outcome, 'gone');
    assert.ok(line.tokens_in > 0);
});

test('a client that reads slowly gets everything in the end', async () => {
    const s = await w.openai().chat.completions.create({
        model: 'anthropic/any!tokens=50000', stream: true, max_tokens: 60000,
        messages: [{ role: 'user', content: 'Hello' }],
    });
    let length = 0, n = 0;
    for await (const c of s) {
        length += c.choices[0]?.delta.content?.length ?? 0;
        if (++n % 10000 === 0)
            await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.equal(length, 200000);
});
