// A deployment that takes calls and says nothing: that is noticed long before the first of them runs into
// its deadline, and those that try it again cost no client its time.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { Fake } from './lib/fakes.mjs';
import { eventually, forgetful, UPSTREAM_KEY, World } from './lib/world.mjs';

const reply = { id: 'c-1', object: 'chat.completion', created: 1, model: 'm',
                choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Yes.' } }],
                usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } };

describe('one of two deployments falls silent', () => {
    let w, shy, silent = false;
    before(async () => {
        shy = await Fake.start(() => silent ? new Promise(() => {}) : { body: reply });
        w = await World.start({
            retries: 2, timeouts: {},
            resilience: { breaker: { failures: 3, open: '1s' }, cooldown: { share: '0%' },
                          retry_budget: { floor: 100 }, silence: { least: '300ms' } },
            routing: { strategy: 'round-robin' },
            providers: [
                { name: 'shy', type: 'openai.chat', base_url: `${shy.url}/v1`, models: ['pair'] },
                { name: 'firm', type: 'openai.chat', base_url: '{emulator}', api_key: UPSTREAM_KEY, models: ['pair'] },
            ],
        });
    });
    after(async () => {
        await w.stop();
        await shy.stop();
    });

    const ask = async () => {
        const start = performance.now();
        const r = await w.post('/v1/chat/completions',
                               { model: 'pair', messages: [{ role: 'user', content: 'Hello' }] });
        await r.text();
        return { status: r.status, by: r.headers.get('x-llmux-provider'), ms: performance.now() - start };
    };

    test('requests that wait there go elsewhere, its breaker opens, and nobody fails', async () => {
        for (let i = 0; i < 60; i++)
            assert.equal((await ask()).status, 200);
        silent = true;
        const all = await Promise.all(Array.from({ length: 20 }, ask));
        for (const { status, by, ms } of all) {
            assert.equal(status, 200);
            assert.equal(by, 'firm');
            assert.ok(ms < 5000, `${ms}`); // its deadline is two minutes
        }
        const change = await w.gateway.line((l) => {
            const line = JSON.parse(l);
            return line.event === 'breaker' && line;
        });
        assert.deepEqual([change.provider, change.to], ['shy', 'open']);
    });

    test('a probe has a rival at once', async () => {
        await sleep(1100);
        const before = shy.requests.length;
        const { status, by, ms } = await eventually(async () => {
            const r = await ask();
            return shy.requests.length > before && r;
        });
        assert.deepEqual([status, by], [200, 'firm']);
        assert.ok(ms < 2500, `${ms}`);
        // It has failed: open again, for twice as long.
        const changes = await eventually(() => {
            const all = w.gateway.lines.map((l) => JSON.parse(l)).filter((l) => l.event === 'breaker');
            return all.length >= 3 && all;
        });
        assert.deepEqual(changes.slice(1, 3).map((l) => l.to), ['half_open', 'open']);
    });

    test('when it speaks again it is asked again', async () => {
        silent = false;
        await sleep(2100);
        await eventually(async () => (await ask()).by === 'shy');
    });
});

test('who refuses whatever comes is not silent', async () => {
    let refuses = false;
    const fake = await Fake.start(() => refuses
        ? { status: 400, body: { error: { message: 'no', type: 'invalid_request_error' } } } : { body: reply });
    const w = await World.start({
        server: { admin_listen: '127.0.0.1:0' }, resilience: { ...forgetful, silence: { calls: 2, least: '100ms' } },
        providers: [{ name: 'strict', type: 'openai.chat', base_url: `${fake.url}/v1`, models: ['m'] }] });
    const ask = async () => {
        const r = await w.post('/v1/chat/completions', { model: 'm', messages: [{ role: 'user', content: 'Hello' }] });
        await r.text();
        return r.status;
    };
    try {
        const admin = await w.gateway.line((l) => JSON.parse(l).event === 'listening_admin' && `http://${JSON.parse(l).address}`);
        for (let i = 0; i < 30; i++) // until it is known what is usual
            assert.equal(await ask(), 200);
        refuses = true;
        for (let i = 0; i < 4; i++)
            assert.equal(await ask(), 400);
        await sleep(500);
        const { deployments } = await (await fetch(`${admin}/admin/state`)).json();
        assert.equal(deployments.find((d) => d.name === 'strict').state[0].standing, 'ready');
    } finally {
        await w.stop();
        await fake.stop();
    }
});
