// Breakers, cooldowns, budgets, limits, deadlines and hedges; what becomes of each kind of failure is in
// outcomes.test.mjs.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { answer, call, fronts } from './lib/calls.mjs';
import { Fake } from './lib/fakes.mjs';
import { program } from './lib/process.mjs';
import { eventually, forgetful, metric, UPSTREAM_KEY, World } from './lib/world.mjs';

const timeouts = { connect: '1s', first_byte: '400ms', idle: '400ms', total: '5s' };
let serial = 0;

// A deployment at the emulator, which does `manner` for its models.
const deployment = (name, type, models, more) => ({
    name, type, base_url: '{emulator}', api_key: UPSTREAM_KEY, timeouts, models, ...more,
});

// --- breakers, cooldowns, budgets -------------------------------------------------------------------

describe('a deployment that is down', () => {
    let w;
    before(async () => {
        w = await World.start({
            retries: 0,
            resilience: { ...forgetful, breaker: { failures: 3, open: '700ms', successes: 1 } },
            providers: [deployment('flaky', 'openai.chat', [{ name: 'flaky', upstream: 'f!500!times=4' }])],
        });
    });
    after(() => w.stop());

    test('its breaker opens, says when to come back, probes and closes', async () => {
        const seen = async () => (await w.stats()).requests;
        const before = await seen();
        for (let i = 0; i < 3; i++)
            assert.equal((await call(w, 'openai', 'flaky', false)).error.status, 500);
        const start = Date.now();
        for (let i = 0; i < 5; i++) {
            const { error } = await call(w, 'openai', 'flaky', false);
            assert.equal(error.status, 503);
            assert.equal(error.headers.get('retry-after'), '1');
        }
        assert.ok(Date.now() - start < 600, 'refusals are slow');
        assert.equal(await seen(), before + 3);
        await sleep(750);
        assert.equal((await call(w, 'openai', 'flaky', false)).error.status, 500); // the probe
        assert.equal((await call(w, 'openai', 'flaky', false)).error.status, 503);
        await sleep(1450); // twice as long
        for (let i = 0; i < 3; i++)
            assert.equal((await call(w, 'openai', 'flaky', false)).error, undefined);
        assert.equal(await seen(), before + 7);
        const changes = await eventually(() => {
            const all = w.gateway.lines.map((l) => JSON.parse(l)).filter((l) => l.event === 'breaker');
            return all.length >= 5 && all;
        });
        assert.deepEqual(changes.map((l) => [l.provider, l.from, l.to].join(' ')),
                         ['flaky closed open', 'flaky open half_open', 'flaky half_open open',
                          'flaky open half_open', 'flaky half_open closed']);
    });
});

describe('Retry-After', () => {
    let w;
    before(async () => {
        w = await World.start({
            retries: 1,
            resilience: { ...forgetful, cooldown: { time: '1s' }, retry_after_most: '2s' },
            providers: [
                deployment('short', 'openai.chat', [{ name: 'short', upstream: 's!429!retry-after=1!times=1' }]),
                deployment('long', 'anthropic.messages', [{ name: 'long', upstream: 'l!429!retry-after=7' }]),
            ],
        });
    });
    after(() => w.stop());

    test('is waited for when it is short', async () => {
        const start = Date.now();
        const { text, error } = await call(w, 'anthropic', 'short', true);
        assert.equal(error, undefined);
        assert.equal(text, answer);
        assert.ok(Date.now() - start >= 950);
    });

    test('is told the client when it is long, and the provider is left alone meanwhile', async () => {
        const first = (await call(w, 'openai', 'long', false)).error;
        assert.deepEqual([first.status, first.headers.get('retry-after')], [429, '7']);
        const before = (await w.stats()).requests;
        const second = (await call(w, 'openai', 'long', false)).error;
        assert.equal(second.status, 429);
        assert.match(second.message, /rate limit/);
        assert.ok(Number(second.headers.get('retry-after')) >= 6);
        assert.equal((await w.stats()).requests, before);
    });
});

// Heads that speak of limits, as each provider writes them.
describe('a limit that is used up', () => {
    const of = (type, i) => deployment(`spent${i}`, type, [{ name: `m${i}`, upstream: `x${i}!spent=30s!times=1`, weight: 1000 }]);
    const types = ['openai.chat', 'anthropic.messages', 'cerebras', 'openrouter'];
    let w, admin;
    before(async () => {
        w = await World.start({
            server: { admin_listen: '127.0.0.1:0' },
            resilience: { ...forgetful, cooldown: { time: '1s' } },
            providers: (emulator) => [
                ...types.flatMap((type, i) => [
                    { ...of(type, i), base_url: type.includes('.') ? emulator : emulator.replace('/v1', `/${type}`) },
                    deployment(`free${i}`, 'openai.chat', [{ name: `m${i}`, upstream: `y${i}`, weight: 1 }])]),
                deployment('lone', 'openai.chat', [{ name: 'lone', upstream: 'z!spent=30s' }]),
            ],
        });
        admin = await w.gateway.line((l) => JSON.parse(l).event === 'listening_admin' && `http://${JSON.parse(l).address}`);
    });
    after(() => w.stop());
    const state = async (name) => (await (await fetch(`${admin}/admin/state`)).json())
        .deployments.find((d) => d.name === name).state[0];

    for (const [i, type] of types.entries())
        test(`${type}: others are asked until it is made good`, async () => {
            const who = async () => {
                const id = `spent-${serial++}`;
                assert.equal((await call(w, 'openai', `m${i}`, i % 2 === 1, {}, { headers: { 'x-request-id': id } })).error, undefined);
                return (await w.log(id)).provider;
            };
            while (await who() !== `spent${i}`);
            for (let k = 0; k < 5; k++)
                assert.equal(await who(), `free${i}`);
            const s = await state(`spent${i}`);
            assert.deepEqual([s.standing, s.why, s.left], ['last', 'limit of the provider used up', { requests: 0 }]);
            assert.ok(s.for_ms > 25_000 && s.for_ms <= 31_000, s.for_ms);
            const labels = `deployment="spent${i}",provider="${type}",model="x${i}!spent=30s!times=1",unit="requests"`;
            assert.ok((await (await fetch(`${w.url}/metrics`)).text())
                .includes(`llmux_provider_limit_remaining{${labels}} 0\n`));
            const told = await (await fetch(`${admin}/admin/explain?path=/v1/chat/completions`, {
                method: 'POST', headers: { 'content-type': 'application/json' },
                body: JSON.stringify({ model: `m${i}`, messages: [{ role: 'user', content: 'Hi' }] }),
            })).json();
            const all = [...told.candidates, ...told.not_tried];
            assert.deepEqual(all.map((c) => [c.provider, c.standing, c.why]),
                             [[`free${i}`, 'ready', undefined], [`spent${i}`, 'resting', 'limit of the provider used up']]);
        });

    test('the command line says so, too', async () => {
        const file = join(w.folder, 'request.json');
        await writeFile(file, JSON.stringify({ model: 'm0', messages: [{ role: 'user', content: 'Hi' }] }));
        const { stdout } = await promisify(execFile)(program, ['explain', '--admin', admin, file]);
        assert.match(stdout, /^strategy +simple-shuffle$/m);
        assert.match(stdout, /^1 +free0 +m0 +y0 +ready +- +- +patched$/m);
        assert.match(stdout, /^no +spent0 .* resting +limit of the provider used up +[\d.]+ s +patched$/m);
    });

    test('who has no other deployment is served all the same', async () => {
        for (let k = 0; k < 3; k++)
            assert.equal((await call(w, 'anthropic', 'lone', k === 1)).error, undefined);
        assert.equal((await state('lone')).standing, 'last');
    });
});

test('retries keep to their budget', async () => {
    const w = await World.start({
        retries: 3,
        resilience: { ...forgetful, retry_budget: { share: '10%', floor: 4, window: '60s' } },
    });
    try {
        for (let i = 0; i < 20; i++)
            assert.equal((await call(w, 'openai', 'openai/down!500', false)).error.status, 500);
        assert.equal((await w.stats()).requests, 24);
    } finally {
        await w.stop();
    }
});

test('a limit of ours holds no more than the provider has left', async () => {
    const fake = await Fake.start(() => ({
        headers: fake.requests.length === 1 ? { 'x-ratelimit-remaining-requests': '1' } : {},
        body: { id: 'c', object: 'chat.completion', created: 1, model: 'm', choices: [
            { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: answer } }] } }));
    const w = await World.start({ resilience: forgetful, providers: [
        deployment('left', 'openai.chat', ['m'], { base_url: fake.url, limits: { requests_per_minute: 1, request_burst: 100 } }),
    ] });
    try {
        assert.equal((await call(w, 'openai', 'm', false)).text, answer);
        assert.equal((await call(w, 'openai', 'm', false)).text, answer);
        const { error } = await call(w, 'openai', 'm', false);
        assert.equal(error.status, 429, error.message);
        assert.match(error.message, /every deployment of m has reached a limit/);
        assert.ok(Number(error.headers.get('retry-after')) > 50);
        assert.equal(fake.requests.length, 2);
    } finally {
        await w.stop();
        await fake.stop();
    }
});

test('tries elsewhere keep to it, too', async () => {
    const w = await World.start({
        retries: 3,
        resilience: { ...forgetful, retry_budget: { share: '10%', floor: 4, window: '60s' } },
        providers: ['a', 'b'].map((name) => deployment(name, 'openai.chat', [{ name: 'm', upstream: 'down!500' }])),
    });
    try {
        for (let i = 0; i < 20; i++)
            assert.equal((await call(w, 'openai', 'm', false)).error.status, 500);
        assert.equal((await w.stats()).requests, 24);
    } finally {
        await w.stop();
    }
});

// --- limits -----------------------------------------------------------------------------------------

describe('limits', () => {
    let w;
    const slow = 'z!delay=800ms';
    const narrow = (name, limits) => deployment(name, 'openai.chat', [{ name, upstream: slow }],
                                                { limits, timeouts: {} });
    before(async () => {
        w = await World.start({
            providers: [
                narrow('queued', { parallel: 1, queue: 1, wait: '5s' }),
                narrow('hasty', { parallel: 1, queue: 10, wait: '50ms' }),
                deployment('rated', 'anthropic.messages', [{ name: 'rated', upstream: 'r' }]),
                deployment('tight', 'anthropic.messages', [{ name: 'tight', upstream: 't' }],
                           { limits: { tokens_per_minute: 60, token_burst: 20 } }),
            ],
            limits: { models: { rated: { requests_per_minute: 60, request_burst: 2 } } },
        });
    });
    after(() => w.stop());

    test('one at a time, one waits, the others are told at once', async () => {
        const start = Date.now();
        const order = [];
        const all = await Promise.all([1, 2, 3, 4].map(async () => {
            const r = await call(w, 'openai', 'queued', false);
            order.push(r.error?.status ?? 200);
            return r;
        }));
        assert.deepEqual(order, [503, 503, 200, 200]);
        assert.ok(Date.now() - start >= 1590);
        for (const { error } of all)
            assert.ok(!error || Number(error.headers.get('retry-after')) >= 1);
    });

    test('who waits too long is told so', async () => {
        const all = await Promise.all([1, 2, 3].map(() => call(w, 'anthropic', 'hasty', true)));
        assert.equal(all.filter(({ error }) => !error).length, 1);
        for (const { error } of all)
            assert.ok(!error || /too many requests at a time/.test(error.message), error?.message);
    });

    test('a client that leaves the queue frees its place, and one that leaves a call its permit', async () => {
        const controllers = [1, 2].map(() => new AbortController());
        const asked = controllers.map((c) => call(w, 'openai', 'queued', false, {}, { signal: c.signal }));
        await eventually(async () => (await w.stats()).open > 0);
        await sleep(50);
        for (const c of controllers)
            c.abort();
        await Promise.all(asked);
        await eventually(async () => (await w.stats()).open === 0);
        const start = Date.now();
        assert.equal((await call(w, 'openai', 'queued', false)).error, undefined);
        assert.ok(Date.now() - start < 1500, 'it had to wait for one that has gone');
    });

    test('so many a minute, in the client\'s dialect', async () => {
        for (const front of Object.keys(fronts)) {
            const all = [];
            for (let i = 0; i < 3; i++)
                all.push(await call(w, front, 'rated', false));
            const error = all.at(-1).error;
            assert.equal(error.status, 429);
            assert.equal(error.headers.get('retry-after'), '1');
            assert.match(error.constructor.name, /RateLimitError/);
            await sleep(front === 'openai' ? 2100 : 0);
        }
    });

    test('tokens are settled when they are known', async () => {
        assert.equal((await call(w, 'openai', 'tight', false)).error, undefined);
        const { error } = await call(w, 'openai', 'tight', false);
        assert.equal(error.status, 429);
        assert.match(error.message, /tokens a minute/);
    });
});

test('each client has its own limit', async () => {
    const w = await World.start({ limits: { client: { requests_per_minute: 60, request_burst: 2 } } });
    try {
        for (const apiKey of ['a', 'b'])
            for (const ok of [true, true, false]) {
                const asked = w.openai({ apiKey }).chat.completions.create(
                    { model: 'openai/m', messages: [{ role: 'user', content: 'Hi' }] });
                await (ok ? asked : assert.rejects(asked, { status: 429 }));
            }
    } finally {
        await w.stop();
    }
});

test('when too much is asked of the gateway, the important goes first', async () => {
    const w = await World.start({ timeouts: {},
                                  limits: { gateway: { parallel: 1, queue: 2, wait: '5s' } } });
    try {
        const order = [];
        const ask = async (name, priority) => {
            const r = await call(w, 'openai', `openai/${name}!delay=900ms`, false, {},
                                 { headers: { 'x-llmux-priority': priority } });
            order.push(r.error ? `${name}: ${r.error.status}` : name);
        };
        const all = [ask('first', 'low')];
        await eventually(async () => (await w.stats()).open === 1);
        for (const [name, priority] of [['poor', 'low'], ['fair', 'normal'], ['rich', 'high']]) {
            all.push(ask(name, priority));
            await sleep(150);
        }
        await Promise.all(all);
        assert.deepEqual(order, ['poor: 503', 'first', 'rich', 'fair']);
    } finally {
        await w.stop();
    }
});

// --- time -------------------------------------------------------------------------------------------

describe('x-llmux-timeout', () => {
    let w;
    before(async () => {
        w = await World.start({
            retries: 3, timeouts: { ...timeouts, first_byte: '5s' },
            resilience: { ...forgetful, breaker: { failures: 1 } },
        });
    });
    after(() => w.stop());
    const within = (ms) => ({ headers: { 'x-llmux-timeout': ms } });

    test('ends a request in time, and is no fault of the provider', async () => {
        for (const stream of [false, true])
            for (let i = 0; i < 2; i++) {
                const start = Date.now();
                const { error } = await call(w, 'anthropic', 'openai/slow!delay=3s', stream, {}, within('300ms'));
                assert.equal(error.status, 504);
                const ms = Date.now() - start;
                assert.ok(ms >= 290 && ms < 1500, `${ms}`);
            }
    });

    test('covers all tries', async () => {
        const start = Date.now();
        const { error } = await call(w, 'openai', 'anthropic/x!429!retry-after=2', false, {}, within('1'));
        assert.equal(error.status, 429);
        assert.ok(Date.now() - start < 900);
    });

    test('must be a time', async () => {
        for (const text of ['soon', '0', '-1s', '1 year'])
            assert.equal((await call(w, 'openai', 'openai/m', false, {}, within(text))).error.status, 400);
    });
});

// --- hedges -----------------------------------------------------------------------------------------

test('a request that is slow to begin gets a second call elsewhere, and both are booked', async () => {
    const w = await World.start({
        retries: 1, timeouts: {},
        resilience: { ...forgetful, hedge: { share: '20%', quantile: '90%', least: '30ms' } },
        mock: { reply: { manner: 'delay=2ms' }, faults: [{ manner: 'delay=900ms', one_in: 25 }] },
        providers: ['left', 'right'].map((name) => deployment(name, 'openai.chat', ['pair'], { timeouts: {} })),
    });
    try {
        const times = [];
        let hedged = 0, n = 0;
        const ask = async (stream) => {
            const id = `h-${n++}`;
            const start = performance.now();
            const { text, error } = await call(w, 'anthropic', 'pair', stream, {},
                                               { headers: { 'x-request-id': id } });
            assert.deepEqual([text, error], [answer, undefined]);
            hedged += (await w.log(id)).attempts - 1;
            return performance.now() - start;
        };
        for (let i = 0; i < 60; i++) // until it is known what is usual
            await ask(i % 2 === 0);
        for (let i = 0; i < 100; i++)
            times.push(await ask(i % 2 === 0));
        // A second call may be slow, too.
        const slow = times.filter((ms) => ms > 850).length;
        assert.ok(slow <= 1, `${slow} were slow`);
        assert.ok(hedged >= 2 && hedged <= 0.2 * n, `${hedged} of ${n} were hedged`);
        assert.equal(await metric(w, 'llmux_deployment_requests_total', { model: 'pair' }), n + hedged);
        assert.equal(await metric(w, 'llmux_deployment_requests_total', { outcome: 'cut' }), hedged);
        await eventually(async () => (await w.stats()).open === 0);
    } finally {
        await w.stop();
    }
});
