// What a process has learnt of its deployments, the one that takes over knows.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { call } from './lib/calls.mjs';
import { program } from './lib/process.mjs';
import { eventually, forgetful, UPSTREAM_KEY, World } from './lib/world.mjs';

let w, admin, pid;

before(async () => {
    const deployment = (name, upstream) => ({ name, type: 'openai.chat', base_url: '{emulator}', api_key: UPSTREAM_KEY,
                                              models: [{ name, upstream }] });
    w = await World.start({
        server: { admin_listen: '127.0.0.1:0' },
        resilience: { ...forgetful, breaker: { failures: 2, open: '60s' }, cooldown: { time: '1s' } },
        providers: [deployment('down', 'd!500'), deployment('told', 't!429!retry-after=50'), deployment('rated', 'r'),
                    deployment('spent', 's!spent=50s')],
        limits: { models: { rated: { requests_per_minute: 1, request_burst: 2 } } },
    });
    pid = w.gateway.pid;
    admin = await w.gateway.line((l) => JSON.parse(l).event === 'listening_admin' && `http://${JSON.parse(l).address}`);
});
after(async () => {
    process.kill(pid, 'SIGTERM');
    await w.stop();
});

// Over connections of their own: those that are kept alive end at the old process.
const state = () => new Promise((resolve, reject) => {
    get(`${admin}/admin/state`, { agent: false }, (reply) => {
        let text = '';
        reply.on('data', (d) => { text += d; });
        reply.on('end', () => resolve(JSON.parse(text)));
    }).on('error', reject);
});
const ask = (model) => call(w, 'openai', model, false, {}, { headers: { connection: 'close' } });

test('breakers, cooldowns and buckets are as they were', async () => {
    for (const [model, times] of [['down', 2], ['told', 1], ['spent', 1], ['rated', 2]])
        for (let i = 0; i < times; i++)
            await ask(model);
    const of = (all, name) => {
        const s = all.deployments.find((d) => d.name === name).state[0];
        return [s.standing, s.why, s.breaker, s.requests, s.failures, s.for_ms > 45_000];
    };
    const before = await state();
    const { requests } = await w.stats();

    process.kill(pid, 'SIGUSR2');
    const { msg } = JSON.parse(await w.gateway.line((l) => l.includes('"event":"upgraded"') && l));
    pid = Number(/^process (\d+) serves/.exec(msg)[1]);
    const after = await eventually(async () => {
        const s = await state();
        return s.started >= before.started && w.gateway.lines.some((l) => l.includes('"event":"state"')) && s;
    });

    for (const name of ['down', 'told', 'spent', 'rated'])
        assert.deepEqual(of(after, name), of(before, name));
    assert.deepEqual(of(after, 'down').slice(0, 3), ['shut', 'breaker open', 'open']);
    assert.deepEqual((await ask('down')).error.status, 503);
    const { error } = await ask('told');
    assert.equal(error.status, 429);
    assert.ok(Number(error.headers.get('retry-after')) > 45);
    assert.equal((await ask('rated')).error.status, 429);
    assert.equal((await w.stats()).requests, requests, 'nobody was asked');
    assert.equal((await ask('spent')).error, undefined);
});

test('what is not understood is ignored, with a word', async () => {
    const other = await World.start({ program: async (folder) => {
        const path = join(folder, 'llmux.sh');
        await writeFile(join(folder, 'state'), 'llmux-state 9 2 0\n{}');
        await writeFile(path, `#!/bin/sh\nexec 9<${folder}/state\nLLMUX_STATE_FD=9 exec ${program} "$@"\n`, { mode: 0o755 });
        return path;
    } });
    try {
        const line = await other.gateway.line((l) => l.includes('"event":"state_ignored"') && JSON.parse(l));
        assert.equal(line.msg, 'state: it is of another version');
        assert.equal((await call(other, 'openai', 'openai/m', false)).error, undefined);
    } finally {
        await other.stop();
    }
});
