// What a probe blames a deployment for: what an attempt would, and nothing that is our own fault.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Fake, tokens } from './lib/fakes.mjs';
import { eventually, forgetful, World } from './lib/world.mjs';

const often = { interval: '200ms', timeout: '200ms', unhealthy: 2, idle_only: false };
const chat = { id: 'c-1', object: 'chat.completion', created: 1, model: 'm',
               choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Yes.' } }],
               usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } };

// A gateway whose only deployment of its own is `a`; what the admin port says of it, once `done` likes that.
async function probed(deployment, done, run = () => {}) {
    const w = await World.start({
        server: { admin_listen: '127.0.0.1:0' },
        resilience: { ...forgetful, cooldown: { time: '60s' } },
        providers: [{ name: 'a', models: ['m'], api_key: 'sk-probed-0123456789', health_check: often, ...deployment }],
    });
    try {
        const admin = await w.gateway.line((l) => JSON.parse(l).event === 'listening_admin' && `http://${JSON.parse(l).address}`);
        const state = await eventually(async () => {
            const all = await (await fetch(`${admin}/admin/state`)).json();
            const s = all.deployments.find((d) => d.name === 'a').state[0] ?? {}; // nothing is known at first
            return done(s, w) && s;
        });
        await run(w, state);
    } finally {
        await w.stop();
    }
}

const lines = (w) => w.gateway.lines.map((l) => JSON.parse(l)).filter((l) => l.event === 'health');

test('credentials that cannot be had are no fault of the deployment, and the log says why', async () => {
    const fake = await Fake.start(() => ({ body: { object: 'list', data: [] } }));
    const t = await tokens('ticket', 3600, () => ({ status: 503, body: 'down' }));
    const tried = (w) => lines(w).filter((l) => /^a cannot be probed: .*503/.test(l.msg));
    await probed({ type: 'azure', base_url: fake.url, settings: { resource: 'r' }, api_key: undefined,
                   auth: { client_id: 'me', client_secret: 'client-secret-0123', token_url: t.url } },
                 (s, w) => tried(w).length >= 4, (w, s) => {
        assert.equal(s.standing ?? 'ready', 'ready');
        assert.equal(s.health?.failed ?? 0, 0);
        assert.ok(!lines(w).some((l) => l.to === 'failing'));
        assert.equal(fake.requests.length, 0);
    });
    await Promise.all([fake.stop(), t.stop()]);
});

// What the provider of `type` answers, and how that makes the deployment stand.
const answers = [
    ['an error in a header alone is read', 'bedrock', 'request',
     { status: 400, headers: { 'x-amzn-errortype': 'ServiceQuotaExceededException:http://internal.amazon.com/' }, body: {} },
     'last', 'rate limit of the provider'],
    ['a redirection is no answer', 'openai.chat', 'list', { status: 302, headers: { location: '/elsewhere' } },
     'last', 'health checks fail'],
    ['an error under a good status is an error', 'openai.chat', 'request',
     { body: { error: { message: 'no worker is left', type: 'server_error' } } }, 'last', 'health checks fail'],
    ['nonsense is no reply', 'openai.chat', 'request', { body: '<html>Welcome to the hotel</html>' },
     'last', 'health checks fail'],
    ['a good reply is one', 'openai.chat', 'request', { body: chat }, 'ready', undefined],
    ['that there is no list is no fault of the models', 'openai.chat', 'list',
     { status: 404, body: { error: { message: 'no such path', type: 'not_found_error' } } }, 'ready', undefined],
    ['a list may have any form', 'openai.chat', 'list', { body: 'ok' }, 'ready', undefined],
];

for (const [name, type, by, answer, standing, why] of answers)
    test(name, async () => {
        const fake = await Fake.start(() => answer);
        const settings = type === 'bedrock' ? { settings: { region: 'r' } } : {};
        await probed({ type, base_url: fake.url, health_check: { ...often, by }, ...settings },
                     (s) => fake.requests.length >= 3 && s.health && s.standing === standing, (w, s) => {
            assert.equal(s.why, why);
            if (standing === 'ready')
                assert.deepEqual([s.health.failed, s.health.state], [0, 'well']);
        });
        await fake.stop();
    });

test('an address with a place for the model has no list', async () => {
    const fake = await Fake.start(() => ({ body: 'ok' }));
    const tried = (w) => lines(w).filter((l) => /^a cannot be probed: .*probe by request/.test(l.msg));
    await probed({ type: 'openai.chat', base_url: `${fake.url}/{model}/v1` }, (s, w) => tried(w).length >= 2, (w, s) => {
        assert.equal(s.standing ?? 'ready', 'ready');
        assert.equal(fake.requests.length, 0);
    });
    await fake.stop();
});

test('models that are checked in different ways are checked apart', async () => {
    const fake = await Fake.start(() => ({ body: { object: 'list', data: [] } }));
    await probed({ type: 'openai.chat', base_url: fake.url, models: [
        'm', { name: 'seldom', health_check: { ...often, interval: '1h' } }, 'also'] },
                 (s) => s.health?.ok >= 3, async (w, s) => {
        const admin = await w.gateway.line((l) => JSON.parse(l).event === 'listening_admin' && `http://${JSON.parse(l).address}`);
        const all = await (await fetch(`${admin}/admin/state`)).json();
        const ok = (model) => all.deployments.find((d) => d.name === 'a').state.find((x) => x.model === model)?.health?.ok ?? 0;
        assert.ok(ok('m') >= 3 && ok('also') >= 3, `${ok('m')}, ${ok('also')}`);
        assert.equal(ok('seldom'), 0);
        assert.ok(fake.requests.length <= ok('m') + 1, 'one list is for all that are checked alike');
    });
    await fake.stop();
});

test('who fails probes is probed until it is well, even if it answers clients', async () => {
    let works = false;
    const fake = await Fake.start(({ method }) => method === 'POST' ? { body: chat }
        : works ? { body: { object: 'list', data: [] } } : { status: 503, body: { error: { message: 'down' } } });
    await probed({ type: 'openai.chat', base_url: fake.url, health_check: { ...often, idle_only: true } },
                 (s) => s.standing === 'last', async (w) => {
        const admin = await w.gateway.line((l) => JSON.parse(l).event === 'listening_admin' && `http://${JSON.parse(l).address}`);
        works = true;
        await eventually(async () => {
            await (await w.post('/v1/chat/completions', { model: 'm', messages: [{ role: 'user', content: 'Hi' }] })).text();
            const all = await (await fetch(`${admin}/admin/state`)).json();
            const [{ standing, health }] = all.deployments.find((d) => d.name === 'a').state;
            return standing === 'ready' && health.ok > 0; // and not for being forgotten
        });
    });
    await fake.stop();
});
