// Which of several deployments gets a request: strategies, tags, tiers, names, kinds of fallbacks, and
// conversations that stay where they must.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Fake } from './lib/fakes.mjs';
import { forgetful, World } from './lib/world.mjs';

// A provider that refuses every request in these words.
const refusing = (code) => Fake.start(() => ({
    status: 400,
    body: { error: { message: 'No.', type: 'invalid_request_error', param: 'messages', code } },
}));

let w, short, prim;
before(async () => {
    short = await refusing('context_length_exceeded');
    prim = await refusing('content_policy_violation');
    const at = (name, models, more) => ({ name, type: 'openai.chat', base_url: '{emulator}', models, ...more });
    const model = (name, more) => ({ name, upstream: 'any', ...more });
    const claude = (name) => ({ name, type: 'anthropic.messages', base_url: '{emulator}', api_key: `key-${name}`,
                                models: [model('thinker'), model('chatty')] });
    w = await World.start({
        mock: { api_key: undefined },
        resilience: { ...forgetful, breaker: { failures: 2, open: '60s', open_most: '60s' } },
        providers: [
            at('one', [model('turns'), model('dear', { price: { input: 5, output: 5 } }),
                       model('speed', { upstream: 'slow!delay=150ms' }), model('tagged', { tags: ['eu', 'test'] }),
                       model('heavy', { weight: 3 })]),
            at('two', [model('turns'), model('dear', { price: { input: 1, output: 1 } }), model('speed'),
                       model('tagged', { tags: ['us'] }), model('tiers', { tier: 2 }), model('heavy')]),
            at('three', [model('turns'), model('tagged'), model('secret', { tags: ['eu'] })]),
            at('gone', [model('tiers')], { base_url: 'http://127.0.0.1:1/v1' }),
            at('short', ['small', 'small-alone'], { base_url: `${short.url}/v1` }),
            at('prim', ['strict'], { base_url: `${prim.url}/v1` }),
            claude('x'), claude('y'), claude('z'),
        ],
        routing: {
            retries: 2,
            groups: {
                turns: { strategy: 'round-robin' }, dear: { strategy: 'lowest-cost' },
                speed: { strategy: 'lowest-latency' }, tagged: { strategy: 'tag' }, tiers: { strategy: 'priority' },
                chatty: { strategy: 'cache-affinity' },
                team: { models: ['dear', 'heavy'], strategy: 'least-busy' },
            },
            aliases: { circle: 'turns', 'old-*': 'heavy' },
            context_window_fallbacks: { small: ['anthropic/large'] },
            content_policy_fallbacks: { strict: ['anthropic/bold'] },
        },
    });
});
after(async () => {
    await w.stop();
    await short.stop();
    await prim.stop();
});

const hello = (model) => ({ model, messages: [{ role: 'user', content: 'Hello' }] });

// Who answered; fails when nobody did.
async function served(body, headers) {
    const r = await w.post('/v1/chat/completions', typeof body === 'string' ? hello(body) : body, headers);
    const text = await r.text();
    assert.equal(r.status, 200, text);
    return r.headers.get('x-llmux-provider');
}

// How often each answered n requests, at most `width` of them at a time.
async function shares(model, n, headers, width = 1) {
    const hits = {};
    for (let i = 0; i < n; i += width)
        for (const name of await Promise.all(Array.from({ length: width }, () => served(model, headers))))
            hits[name] = (hits[name] ?? 0) + 1;
    return hits;
}

test('round-robin: everybody in turn, whichever worker it is', async () => {
    assert.deepEqual(await shares('turns', 30, undefined, 5), { one: 10, two: 10, three: 10 });
});

test('simple-shuffle: by weight', async () => {
    const hits = await shares('heavy', 200, undefined, 10);
    assert.ok(hits.one > 120 && hits.one < 180 && hits.one + hits.two === 200, JSON.stringify(hits));
});

test('lowest-cost: the cheapest', async () => {
    assert.deepEqual(await shares('dear', 10), { two: 10 });
});

test('lowest-latency: the fastest, once it is known', async () => {
    await shares('speed', 30, undefined, 3);
    const hits = await shares('speed', 40);
    assert.ok(hits.two >= 38, JSON.stringify(hits));
});

test('priority: the second tier when the first is gone', async () => {
    assert.deepEqual(await shares('tiers', 5), { two: 5 });
    const r = await w.post('/v1/chat/completions', hello('tiers'));
    assert.equal(r.headers.get('x-llmux-attempts'), '1'); // the breaker of the first is open by now
});

test('tag: requests go to those who have their tag, others do not', async () => {
    assert.deepEqual(await shares('tagged', 10, { 'x-llmux-tags': 'eu' }), { one: 10 });
    assert.deepEqual(await shares('tagged', 10, { 'x-llmux-tags': 'x, us' }), { two: 10 });
    assert.deepEqual(await shares('tagged', 10), { three: 10 });
    assert.equal(await served('secret', { 'x-llmux-tags': 'eu' }), 'three');
    const r = await w.post('/v1/chat/completions', hello('secret'));
    assert.equal(r.status, 404);
    assert.match((await r.json()).error.message, /no deployment of secret serves requests with these tags/);
});

test('groups and aliases are models', async () => {
    assert.deepEqual(Object.keys(await shares('team', 40, undefined, 10)).sort(), ['one', 'two']);
    assert.ok(['one', 'two', 'three'].includes(await served('circle')));
    assert.ok(['one', 'two'].includes(await served('old-model')));
    const names = (await (await fetch(`${w.url}/v1/models`)).json()).data.map((m) => m.id);
    for (const name of ['team', 'circle', 'turns', 'old-*'])
        assert.ok(names.includes(name), name);
});

test('a request that is too long goes to a model that takes it, in another dialect', async () => {
    for (const stream of [false, true]) {
        const r = await w.post('/v1/chat/completions', { ...hello('small'), stream });
        assert.equal(r.status, 200);
        assert.equal(r.headers.get('x-llmux-provider'), 'up-anthropic');
        assert.equal(r.headers.get('x-llmux-attempts'), '2');
        assert.match(await r.text(), /said/);
    }
});

test('without such a model the client hears that it is too long', async () => {
    const before = short.requests.length;
    const r = await w.post('/v1/chat/completions', hello('small-alone'));
    assert.equal(r.status, 400);
    assert.equal((await r.json()).error.code, 'context_length_exceeded');
    assert.equal(short.requests.length, before + 1);
});

test('a request that a content policy refuses goes to a model with another', async () => {
    assert.equal(await served('strict'), 'up-anthropic');
});

test('conversations stay where their cache is warm, and spread', async () => {
    const homes = {};
    for (let n = 0; n < 12; n++) {
        const messages = [{ role: 'user', content: `I am client ${n}.` }];
        const seen = new Set();
        for (let turn = 0; turn < 4; turn++) {
            seen.add(await served({ model: 'chatty', messages }));
            messages.push({ role: 'assistant', content: `Yes ${turn}.` }, { role: 'user', content: 'And?' });
        }
        assert.equal(seen.size, 1);
        homes[[...seen][0]] = true;
    }
    assert.ok(Object.keys(homes).length > 1);
});

const ask = 'think:Hm\nseal:secret';

test('what an account has sealed goes back to it, in its own dialect', async () => {
    for (let n = 0; n < 8; n++) {
        const params = { model: 'thinker', max_tokens: 4000, thinking: { type: 'enabled', budget_tokens: 2000 } };
        const messages = [{ role: 'user', content: `Number ${n}.\n${ask}` }];
        const seen = new Set();
        for (let turn = 0; turn < 4; turn++) {
            const r = await w.post('/v1/messages', { ...params, messages });
            assert.equal(r.status, 200);
            seen.add(r.headers.get('x-llmux-provider'));
            messages.push({ role: 'assistant', content: (await r.json()).content },
                          { role: 'user', content: ask });
        }
        assert.equal(seen.size, 1, `conversation ${n}: ${[...seen]}`);
    }
});

test('what an account has sealed goes back to it, from another dialect', async () => {
    for (let n = 0; n < 8; n++) {
        const messages = [{ role: 'user', content: `Number ${n}.\n${ask}` }];
        const seen = new Set();
        for (let turn = 0; turn < 4; turn++) {
            const r = await w.post('/v1/chat/completions', { model: 'thinker', reasoning_effort: 'low', messages });
            assert.equal(r.status, 200);
            seen.add(r.headers.get('x-llmux-provider'));
            const { message } = (await r.json()).choices[0];
            assert.ok(message.thinking_blocks?.length);
            messages.push(message, { role: 'user', content: ask });
        }
        assert.equal(seen.size, 1, `conversation ${n}: ${[...seen]}`);
    }
});
