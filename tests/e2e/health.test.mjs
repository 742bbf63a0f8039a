// Probes of deployments: who fails them leaves the choice before any client has met it, and comes back.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { call } from './lib/calls.mjs';
import { Fake } from './lib/fakes.mjs';
import { eventually, forgetful, World } from './lib/world.mjs';

const KEY = 'sk-probed-0123456789';
const reply = { id: 'c-1', object: 'chat.completion', created: 1, model: 'm',
                choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Yes.' } }],
                usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } };

// A provider whose list and chats work or not, as `works` says.
async function provider() {
    const fake = await Fake.start(({ method, url }) => {
        if (!fake.works)
            return { status: 503, body: { error: { message: 'down', type: 'server_error' } } };
        return { body: method === 'GET' && url.endsWith('/models') ? { object: 'list', data: [] } : reply };
    });
    fake.works = true;
    fake.probes = () => fake.requests.filter((r) => r.method === 'GET');
    fake.chats = () => fake.requests.filter((r) => r.method === 'POST');
    return fake;
}

const deployment = (name, fake, weight, health_check) => ({
    name, type: 'openai.chat', base_url: `${fake.url}/v1`, api_key: KEY,
    models: [{ name: 'm', weight }], health_check,
});

describe('probes', () => {
    let w, one, two, asked, wild, hook, admin;
    const often = { interval: '300ms', timeout: '300ms' };
    before(async () => {
        [one, two, asked, wild] = await Promise.all([provider(), provider(), provider(), provider()]);
        hook = await Fake.start(() => ({}));
        w = await World.start({
            server: { admin_listen: '127.0.0.1:0' },
            resilience: { ...forgetful, breaker: { failures: 3, open: '60s', successes: 2 }, health_check: { unhealthy: 2, healthy: 2 },
                          webhook: { url: hook.url } },
            providers: [
                deployment('one', one, 1000, often), deployment('two', two, 1),
                { ...deployment('asked', asked, 1, { ...often, by: 'request', unhealthy: 1 }), models: ['lone'] },
                { ...deployment('wild', wild, 1, often), models: ['w-*'] },
            ],
        });
        admin = await w.gateway.line((l) => JSON.parse(l).event === 'listening_admin' && `http://${JSON.parse(l).address}`);
    });
    after(async () => {
        await w.stop();
        await Promise.all([one, two, asked, wild, hook].map((f) => f.stop()));
    });

    const state = async (name) => (await (await fetch(`${admin}/admin/state`)).json())
        .deployments.find((d) => d.name === name).state[0];
    const stands = (name, standing) => eventually(async () => {
        const s = await state(name);
        return s?.health && s.standing === standing && s;
    });

    test('ask for the list of models, as who pays', async () => {
        const s = await eventually(async () => {
            const seen = await state('one');
            return seen?.health?.ok && seen;
        });
        assert.deepEqual([s.standing, s.health.state], ['ready', 'well']);
        const p = one.probes()[0];
        assert.equal(p.url, '/v1/models');
        assert.equal(p.headers.authorization, `Bearer ${KEY}`);
        assert.equal(p.body, '');
        assert.equal(two.requests.length, 0, 'nobody wanted that one to be probed');
    });

    test('a deployment that fails them is not met by clients, and comes back', async () => {
        one.works = false;
        const s = await stands('one', 'last');
        assert.deepEqual([s.why, s.health.state, s.requests], ['health checks fail', 'failing', 0]);
        for (let i = 0; i < 10; i++)
            assert.equal((await call(w, 'openai', 'm', false)).error, undefined);
        assert.equal(one.chats().length, 0);
        assert.equal(two.chats().length, 10);
        const told = await (await fetch(`${admin}/admin/explain?path=/v1/chat/completions`, {
            method: 'POST', headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] }),
        })).json();
        assert.equal([...told.candidates, ...told.not_tried].find((c) => c.provider === 'one').why, 'health checks fail');

        one.works = true;
        await stands('one', 'ready');
        await call(w, 'openai', 'm', false);
        await eventually(() => one.chats().length > 0 || call(w, 'openai', 'm', false).then(() => false));
        const lines = await eventually(() => {
            const all = w.gateway.lines.map((l) => JSON.parse(l)).filter((l) => l.event === 'health' && l.provider === 'one');
            return all.length >= 2 && all;
        });
        assert.deepEqual(lines.map((l) => [l.upstream_model, l.to, l.error, l.status]),
                         [['m', 'failing', 'overloaded', 503], ['m', 'well', undefined, 200]]);
    });

    test('count apart from the requests of clients', async () => {
        const text = await (await fetch(`${w.url}/metrics`)).text();
        const count = (outcome) => Number(new RegExp(
            `llmux_health_checks_total\\{deployment="one",provider="openai.chat",model="m",outcome="${outcome}"\\} (\\d+)`).exec(text)[1]);
        assert.ok(count('ok') >= 3 && count('failed') >= 2, `${count('ok')} ok, ${count('failed')} failed`);
        const s = await state('one');
        assert.equal(s.requests, one.chats().length);
        assert.equal(s.failures, 0);
    });

    test('stop while clients are answered', async () => {
        const end = Date.now() + 1500;
        await call(w, 'openai', 'm', false);
        await eventually(() => one.chats().length > 2 || call(w, 'openai', 'm', false).then(() => false));
        const before = one.requests.length;
        while (Date.now() < end) {
            await call(w, 'openai', 'm', false);
            await sleep(20);
        }
        // Where the machine was busy with something else there may be a probe, as nobody was answered meanwhile.
        for (let i = before; i < one.requests.length; i++)
            if (one.requests[i].method === 'GET') {
                const waited = one.requests[i].at - one.requests[i - 1].at;
                assert.ok(waited > 200, `a probe ${waited} ms after a client`);
            }
    });

    test('by request they ask for a token, and close a breaker that has opened', async () => {
        const p = await eventually(() => asked.chats()[0]);
        const body = JSON.parse(p.body);
        assert.deepEqual([p.url, body.model, body.max_completion_tokens, body.stream], ['/v1/chat/completions', 'lone', 1, undefined]);
        asked.works = false;
        await stands('asked', 'last');
        for (let i = 0; i < 3; i++)
            assert.equal((await call(w, 'openai', 'lone', false)).error.status, 503);
        assert.equal((await state('asked')).breaker, 'open');
        asked.works = true;
        const s = await stands('asked', 'ready');
        assert.equal(s.breaker, 'closed');
        assert.equal((await call(w, 'openai', 'lone', false)).error, undefined);
    });

    test('are for names that clients make up, once they were asked for', async () => {
        await call(w, 'openai', 'w-7', false);
        wild.works = false;
        const s = await stands('wild', 'last');
        assert.deepEqual([s.model, s.why], ['w-7', 'health checks fail']);
    });

    test('tell the webhook', async () => {
        const told = await eventually(() => {
            const all = hook.requests.map((r) => JSON.parse(r.body)).filter((b) => b.deployment === 'one');
            return all.length >= 2 && all;
        });
        assert.deepEqual(told.slice(0, 2).map((b) => [b.event, b.model, b.from, b.to, b.text]),
                         [['health', 'm', 'well', 'failing', 'llmux: health of one (m): failing, was well'],
                          ['health', 'm', 'failing', 'well', 'llmux: health of one (m): well, was failing']]);
    });

    test('a reload ends them and begins others', async () => {
        const file = join(w.folder, 'llmux.yaml');
        const config = JSON.parse(await readFile(file, 'utf8'));
        for (const p of config.providers)
            p.health_check = p.name === 'two' ? often : { interval: 0 };
        await writeFile(file, JSON.stringify(config));
        await eventually(() => two.probes().length >= 2);
        const before = [one, asked].map((f) => f.requests.length);
        await sleep(800);
        assert.deepEqual([one, asked].map((f) => f.requests.length), before);
    });
});

test('nobody is probed unless that is wanted', async () => {
    const fake = await provider();
    const w = await World.start({ providers: [deployment('quiet', fake, 1)] });
    try {
        await call(w, 'openai', 'm', false);
        await sleep(100);
        assert.equal(fake.probes().length, 0);
    } finally {
        await w.stop();
        await fake.stop();
    }
});
