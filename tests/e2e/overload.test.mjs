// A gateway that is late refuses the least important first, says when to come back, and recovers.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { eventually, forgetful, metric, World } from './lib/world.mjs';

const messages = [{ role: 'user', content: 'Hello' }];

// Stops a gateway's process again and again: its timer is late each time, by 300 ms at least.
const haltProcess = async (w, times) => {
    for (let i = 0; i < times; i++) {
        process.kill(w.gateway.pid, 'SIGSTOP');
        await sleep(400);
        process.kill(w.gateway.pid, 'SIGCONT');
        await sleep(20);
    }
};

describe('a gateway whose loop is late', () => {
    let w;
    const ask = (path, priority) => w.post(path, { model: 'openai/any', messages, max_tokens: 10 },
                                           { 'x-llmux-priority': priority });
    const halt = (times) => haltProcess(w, times);
    before(async () => {
        w = await World.start({ resilience: forgetful, server: { workers: 1, overload: { lag: '100ms' } } });
    });
    after(async () => {
        process.kill(w.gateway.pid, 'SIGCONT');
        await w.stop();
    });

    test('refuses in the client\'s dialect, and serves again when it is not late any more', async () => {
        // The timer runs as long as requests do.
        const running = w.post('/v1/chat/completions', { model: 'openai/any!delay=9s', messages });
        await eventually(async () => (await w.stats()).open > 0);
        await halt(12); // all of low and normal, half of high
        const refusals = await Promise.all([ask('/v1/chat/completions', 'low'), ask('/v1/chat/completions', 'normal'),
                                            ask('/v1/messages', 'normal')]);
        for (const r of refusals) {
            assert.ok(r.status === 503 || r.status === 529, `${r.status}`);
            assert.ok(Number(r.headers.get('retry-after')) >= 1);
        }
        assert.equal(refusals[0].status, 503);
        assert.match((await refusals[0].json()).error.message, /more to do/);
        assert.equal((await refusals[2].json()).type, 'error');
        await eventually(async () => (await ask('/v1/chat/completions', 'high')).status === 200);
        assert.equal((await ask('/v1/chat/completions', 'low')).status, 503);
        assert.equal(await metric(w, 'llmux_overload_refused_requests_total', { priority: 'low' }), 2);
        assert.equal(await metric(w, 'llmux_overload_refused_requests_total', { priority: 'normal' }), 2);
        assert.equal(await metric(w, 'llmux_overloaded_workers', {}), 1);
        await w.gateway.line((l) => JSON.parse(l).event === 'overload');
        await w.gateway.line((l) => JSON.parse(l).event === 'overload_over');
        assert.equal(await metric(w, 'llmux_overloaded_workers', {}), 0);
        assert.equal((await ask('/v1/chat/completions', 'low')).status, 200);
        assert.equal((await running).status, 200); // who runs is not touched
    });

    test('being late now and then is nothing', async () => {
        const begun = () => w.gateway.lines.filter((l) => JSON.parse(l).event === 'overload').length;
        const before = begun();
        for (let i = 0; i < 6; i++) {
            const r = await w.post('/v1/chat/completions', '{', { 'x-llmux-priority': 'high' }); // ends at once
            assert.equal(r.status, 400);
            await halt(1);
            await sleep(300);
        }
        assert.equal(begun(), before);
    });

    test('being late once is nothing', async () => {
        const running = w.post('/v1/chat/completions', { model: 'openai/any!delay=2s', messages });
        await eventually(async () => (await w.stats()).open > 0);
        await halt(2);
        assert.equal((await ask('/v1/chat/completions', 'low')).status, 200);
        assert.equal((await running).status, 200);
    });
});

test('refuses by itself: a config need not say when late is too late', async () => {
    const w = await World.start({ resilience: forgetful, server: { workers: 1, overload: undefined } });
    const leave = new AbortController();
    try {
        const running = fetch(`${w.url}/v1/chat/completions`, {
            method: 'POST', headers: { 'content-type': 'application/json' }, signal: leave.signal,
            body: JSON.stringify({ model: 'openai/any!delay=60s', messages }) });
        await eventually(async () => (await w.stats()).open > 0);
        await eventually(async () => {
            await haltProcess(w, 5);
            const r = await w.post('/v1/chat/completions', { model: 'openai/any', messages }, { 'x-llmux-priority': 'low' });
            return r.status === 503 && /more to do/.test(await r.text());
        }, 60_000);
        leave.abort();
        await assert.rejects(running);
    } finally {
        await w.stop();
    }
});
