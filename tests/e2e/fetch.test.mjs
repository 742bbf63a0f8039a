// Images by their address, for a provider that takes bytes alone.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { Fake } from './lib/fakes.mjs';
import { png } from './lib/fixtures.mjs';
import { eventually, failure, forgetful, World } from './lib/world.mjs';

const reply = { body: {
    model: 'm', created_at: '2026-01-01T00:00:00Z', done: true, done_reason: 'stop',
    message: { role: 'assistant', content: 'A dot.' }, prompt_eval_count: 1, eval_count: 1,
} };
let images, provider;
const asked = [];
before(async () => {
    images = createServer((req, res) => {
        asked.push(req);
        if (req.url === '/away.png')
            res.writeHead(302, { location: '/a.png' }).end();
        else if (req.url === '/page')
            res.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
        else if (req.url !== '/never.png')
            res.writeHead(200, { 'content-type': 'image/png' }).end(png);
    });
    await new Promise((resolve) => images.listen(0, '127.0.0.1', resolve));
    provider = await Fake.start(() => reply);
});
after(async () => {
    images.closeAllConnections();
    await new Promise((resolve) => images.close(resolve));
    await provider.stop();
});

const address = (path) => `http://127.0.0.1:${images.address().port}${path}`;

async function withGateway(policies, media, run) {
    const w = await World.start({ media, providers: [
        { name: 'bytes', type: 'ollama.chat', base_url: provider.url, models: ['seer'], policies }] });
    asked.length = provider.requests.length = 0;
    try {
        await run(w);
    } finally {
        await w.stop();
    }
}

const ask = (w, ...paths) => w.openai().chat.completions.create({ model: 'seer', messages: [{
    role: 'user', content: paths.map((p) => ({ type: 'image_url', image_url: { url: address(p) } })) }] });

const here = { allow: ['127.0.0.0/8'], timeout: '2s' };

test('nothing is fetched unless a deployment says so', async () => {
    await withGateway({}, here, async (w) => {
        const e = await failure(ask(w, '/a.png'));
        assert.equal(e.status, 400);
        assert.match(e.message, /media_urls: fetch/);
        assert.equal(asked.length, 0);
        assert.equal(provider.requests.length, 0);
    });
});

test('images are fetched once each, redirections too', async () => {
    await withGateway({ media_urls: 'fetch' }, here, async (w) => {
        const r = await ask(w, '/a.png', '/away.png', '/a.png');
        assert.equal(r.choices[0].message.content, 'A dot.');
        const base64 = png.toString('base64');
        assert.deepEqual(JSON.parse(provider.requests[0].body).messages[0].images,
                         [base64, base64, base64]);
        assert.deepEqual(asked.map((r) => r.url).sort(), ['/a.png', '/a.png', '/away.png']);
        assert.ok(asked.every((r) => !r.headers.authorization && !r.headers.cookie));
        const metrics = await (await fetch(`${w.url}/metrics`)).text();
        assert.match(metrics, /llmux_worker_media_fetched_total\{[^}]*\} 2/);
    });
});

test('what is not public is not called', async () => {
    await withGateway({ media_urls: 'fetch' }, undefined, async (w) => {
        const e = await failure(ask(w, '/a.png'));
        assert.equal(e.status, 400);
        assert.match(e.message, /cannot be reached, or is not public/);
        assert.equal(asked.length, 0);
        assert.equal(provider.requests.length, 0);
    });
});

test('what is no image, or does not come, is an error', async () => {
    await withGateway({ media_urls: 'fetch' }, here, async (w) => {
        assert.match((await failure(ask(w, '/page'))).message, /not what its bytes are/);
        assert.match((await failure(ask(w, '/never.png'))).message, /took too long/);
        assert.equal(provider.requests.length, 0);
    });
});

test('a client that leaves ends the fetch', async () => {
    await withGateway({ media_urls: 'fetch' }, { ...here, timeout: '60s' }, async (w) => {
        const body = JSON.stringify({ model: 'seer', messages: [{ role: 'user', content: [
            { type: 'image_url', image_url: { url: address('/never.png') } }] }] });
        const gone = new AbortController();
        const reply = fetch(`${w.url}/v1/chat/completions`, {
            method: 'POST', body, headers: { 'content-type': 'application/json' }, signal: gone.signal });
        while (asked.length === 0)
            await new Promise((resolve) => setTimeout(resolve, 10));
        const closed = new Promise((resolve) => asked[0].socket.on('close', resolve));
        gone.abort();
        await assert.rejects(reply);
        await closed;
    });
});

test('a fetch takes no longer than the client wants to wait', async () => {
    await withGateway({ media_urls: 'fetch' }, { ...here, timeout: '60s' }, async (w) => {
        for (let i = 0; i < 5; i++) {
            const r = await w.post('/v1/chat/completions', { model: 'seer', messages: [{ role: 'user', content: [
                { type: 'image_url', image_url: { url: address('/never.png') } }] }] }, { 'x-llmux-timeout': '200ms' });
            assert.ok([400, 408].includes(r.status), `${r.status}`); // whichever is noticed first
        }
        assert.equal(provider.requests.length, 0);
    });
});

test('a provider that was not asked yet is not silent', async () => {
    let open;
    const held = new Promise((resolve) => { open = resolve; });
    const fake = await Fake.start(async ({ body }) => {
        if (body.includes('hold'))
            await held;
        return reply;
    });
    const w = await World.start({
        media: { ...here, timeout: '60s' },
        resilience: { ...forgetful, breaker: { failures: 2, open: '1m' }, silence: { calls: 2, least: '200ms' } },
        providers: [{ name: 'bytes', type: 'ollama.chat', base_url: fake.url, models: ['seer'],
                      policies: { media_urls: 'fetch' } }] });
    // Three clients leave while their images are fetched.
    const leaveEarly = async () => {
        const leave = new AbortController(), n = asked.length;
        const gone = [1, 2, 3].map(() => assert.rejects(fetch(`${w.url}/v1/chat/completions`, {
            method: 'POST', headers: { 'content-type': 'application/json' }, signal: leave.signal,
            body: JSON.stringify({ model: 'seer', messages: [{ role: 'user', content: [
                { type: 'image_url', image_url: { url: address('/never.png') } }] }] }) })));
        await eventually(() => asked.length === n + 3);
        await sleep(700);
        const closed = asked.slice(n).map((r) => new Promise((resolve) => r.socket.on('close', resolve)));
        leave.abort();
        await Promise.all([...gone, ...closed]);
    };
    const breakers = () => w.gateway.lines.map((l) => JSON.parse(l)).filter((l) => l.event === 'breaker');
    try {
        for (let i = 0; i < 25; i++) // until it is known what is usual
            await ask(w, '/a.png');
        await leaveEarly();
        assert.equal((await ask(w, '/a.png')).choices[0].message.content, 'A dot.');
        // It falls silent: that is not the fault of those who have not asked it yet, either.
        const waiting = [1, 2].map(() => w.openai().chat.completions.create({
            model: 'seer', messages: [{ role: 'user', content: 'hold' }] }));
        await eventually(() => fake.requests.filter((r) => r.body.includes('hold')).length === 2);
        await leaveEarly();
        assert.deepEqual(breakers(), []);
        open();
        for (const r of await Promise.all(waiting))
            assert.equal(r.choices[0].message.content, 'A dot.');
        assert.deepEqual(breakers(), []);
    } finally {
        open();
        await w.stop();
        await fake.stop();
    }
});
