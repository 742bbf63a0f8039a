// Breakers tell an address of the operator's: what, signed, in order, again when it was not taken.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { call } from './lib/calls.mjs';
import { Fake } from './lib/fakes.mjs';
import { eventually, forgetful, UPSTREAM_KEY, World } from './lib/world.mjs';

const SECRET = 'whsec-0123456789abcdef';

const broken = (name, n) => ({
    name, type: 'openai.chat', base_url: '{emulator}', api_key: UPSTREAM_KEY,
    models: Array.from({ length: n }, (_, i) => ({ name: `${name}${i}`, upstream: `${name}${i}!500` })),
});

async function world(hook, more) {
    const w = await World.start({
        resilience: { ...forgetful, breaker: { failures: 1, open: '60s' },
                      webhook: { url: `${hook.url}/services/T000?x=1`, secret: SECRET, backoff: '10ms',
                                 headers: { 'x-team': 'blue' }, ...more } },
        providers: [broken('b', 7)],
    });
    return w;
}

const count = async (w, outcome) => Number(new RegExp(`llmux_webhook_deliveries_total\\{outcome="${outcome}"\\} (\\d+)`)
    .exec(await (await fetch(`${w.url}/metrics`)).text())[1]);

describe('a breaker that opens', () => {
    let hook, w;
    before(async () => {
        hook = await Fake.start(() => hook.answers.shift() ?? {});
        hook.answers = [];
        w = await world(hook, { tries: 3 });
    });
    after(async () => {
        await w.stop();
        await hook.stop();
    });
    const told = (n) => eventually(() => hook.requests.length >= n && hook.requests);

    test('is told, in words and in fields, and signed', async () => {
        await call(w, 'openai', 'b0', false);
        const [r] = await told(1);
        assert.deepEqual([r.method, r.url, r.headers['content-type'], r.headers['x-team']],
                         ['POST', '/services/T000?x=1', 'application/json', 'blue']);
        const body = JSON.parse(r.body);
        const { at, id, ...rest } = body;
        assert.deepEqual(rest, { text: 'llmux: breaker of b (b0!500): open, was closed', event: 'breaker',
                                 deployment: 'b', model: 'b0!500', from: 'closed', to: 'open', service: 'llmux' });
        assert.ok(Math.abs(Date.parse(at) - Date.now()) < 10_000, at);
        assert.ok(id.length > 5);
        const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(r.headers['x-llmux-signature']);
        assert.equal(v1, createHmac('sha256', SECRET).update(`${t}.${r.body}`).digest('hex'));
        assert.ok(Math.abs(t * 1000 - Date.parse(at)) < 10_000, t);
        assert.equal(await count(w, 'sent'), 1);
    });

    test('is told again when that was not taken', async () => {
        hook.requests.length = 0;
        hook.answers = [{ status: 500 }, { status: 429 }];
        await call(w, 'openai', 'b1', false);
        await told(3);
        await eventually(async () => await count(w, 'sent') === 2);
        const ids = new Set(hook.requests.map((r) => JSON.parse(r.body).id));
        assert.equal(ids.size, 1, 'the id tells that it is the same');
    });

    test('and given up in the end, or at once when it was refused', async () => {
        hook.requests.length = 0;
        hook.answers = [{ status: 503 }, { status: 503 }, { status: 503 }, { status: 404 }];
        await call(w, 'openai', 'b2', false);
        await eventually(async () => await count(w, 'failed') === 1);
        assert.equal(hook.requests.length, 3);
        await call(w, 'openai', 'b3', false);
        await eventually(async () => await count(w, 'failed') === 2);
        assert.equal(hook.requests.length, 4);
        await eventually(() => w.gateway.lines.filter((l) => l.includes('"event":"webhook"')).length === 2);
        assert.ok(!w.gateway.lines.some((l) => l.includes('T000') || l.includes(SECRET)), 'the address is a secret');
    });
});

// The address may be anybody's, and who reads metrics is not who wrote the request.
test('of names that clients make up no more is told than in the log, and they make no series', async () => {
    const hook = await Fake.start(() => ({}));
    const w = await World.start({
        resilience: { ...forgetful, breaker: { failures: 1, open: '60s' }, webhook: { url: hook.url } },
        providers: [{ name: 'wild', type: 'openai.chat', base_url: '{emulator}', api_key: UPSTREAM_KEY, models: ['w-*', 'plain'] }],
    });
    try {
        await call(w, 'openai', 'w-ann@example.org!500', false);
        const [r] = await eventually(() => hook.requests.length > 0 && hook.requests);
        const body = JSON.parse(r.body);
        assert.equal(body.model, '[REDACTED:email]!500');
        assert.ok(!r.body.includes('ann@'), r.body);
        for (const name of ['bob', 'cat'])
            await call(w, 'openai', `w-${name}@example.org!spent=30s!times=1`, false);
        await call(w, 'openai', 'plain', false);
        const text = await (await fetch(`${w.url}/metrics`)).text();
        assert.ok(!text.includes('example.org'), text);
        assert.deepEqual(text.split('\n').filter((l) => l.startsWith('llmux_provider_limit_remaining{')),
                         ['llmux_provider_limit_remaining{deployment="wild",provider="openai.chat",model="*",unit="requests"} 0']);
    } finally {
        await w.stop();
        await hook.stop();
    }
});

test('what is too much is dropped and counted, and clients do not wait', async () => {
    let open;
    const gate = new Promise((resolve) => { open = resolve; });
    const hook = await Fake.start(async () => { await gate; return {}; });
    const w = await world(hook, { queue: 1 });
    try {
        for (let i = 0; i < 6; i++) // they are answered, though the gate is shut
            await call(w, 'anthropic', `b${i}`, false);
        await eventually(async () => await count(w, 'dropped') >= 4);
        open();
        await eventually(async () => await count(w, 'sent') + await count(w, 'dropped') === 6);
        assert.equal(hook.requests.length, await count(w, 'sent'));
    } finally {
        open();
        await w.stop();
        await hook.stop();
    }
});

test('what waits when the address goes away is dropped, counted, and named in the log', async () => {
    const hook = await Fake.start(() => new Promise(() => {}));
    const w = await world(hook, { timeout: '10s', tries: 3 });
    const lines = () => w.gateway.lines.map((l) => JSON.parse(l)).filter((l) => l.event === 'webhook');
    try {
        for (let i = 0; i < 6; i++)
            await call(w, 'openai', `b${i}`, false);
        await eventually(() => hook.requests.length === 1);
        const file = join(w.folder, 'llmux.yaml');
        const config = JSON.parse(await readFile(file, 'utf8'));
        delete config.resilience.webhook;
        await writeFile(file, JSON.stringify(config));
        await eventually(async () => await count(w, 'dropped') === 5);
        await eventually(() => lines().length === 1);
        assert.equal(lines()[0].msg, '5 changes are not told: there is no address any more');
        await hook.stop(); // the one that is on its way cannot be sent again
        await eventually(async () => await count(w, 'dropped') === 6);
        await eventually(() => lines().length === 2);
        assert.equal(lines()[1].msg, 'breaker of b is not told: there is no address any more');
        assert.equal(hook.requests.length, 1);
        // From now on nobody wants to be told: nothing is dropped.
        await call(w, 'openai', 'b6', false);
        await eventually(() => w.gateway.lines.filter((l) => JSON.parse(l).event === 'breaker').length === 7);
        await sleep(200);
        assert.equal(await count(w, 'dropped'), 6);
        assert.equal(lines().length, 2);
    } finally {
        await w.stop();
    }
});
