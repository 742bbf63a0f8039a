// The log: its lines, its level, its file, and readers that do not read.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { Process } from './lib/process.mjs';
import { exchange, post } from './lib/raw.mjs';
import { chat, scrape, sum } from './lib/scrape.mjs';
import { eventually, World } from './lib/world.mjs';

const manual = await readFile(new URL('../../docs/observability.md', import.meta.url), 'utf8');

describe('the log', () => {
    test('its level changes while the gateway runs', async () => {
        const w = await World.start({ server: { admin_listen: '127.0.0.1:0' } });
        try {
            const admin = await w.gateway.line((l) => { const e = JSON.parse(l); return e.event === 'listening_admin' && e.address; });
            const level = (body) => fetch(`http://${admin}/admin/log`, { method: 'POST', body: JSON.stringify(body) });
            assert.equal((await level({ level: 'loud' })).status, 400);
            assert.deepEqual(await (await level({ level: 'error' })).json(), { level: 'error' });
            const quiet = (await w.post('/v1/chat/completions', chat('openai/m'))).headers.get('x-request-id');
            assert.equal((await level({ level: 'info' })).status, 200);
            const heard = (await w.post('/v1/chat/completions', chat('openai/m'))).headers.get('x-request-id');
            const line = await w.log(heard);
            assert.ok(!w.gateway.lines.some((l) => l.includes(quiet)));
            for (const key of ['client', 'front', 'model', 'provider', 'upstream_model', 'attempts', 'duration', 'overhead',
                               'upstream_wait', 'tokens_in', 'tokens_out', 'bytes_in', 'bytes_out'])
                assert.ok(line[key] !== undefined, key);
        } finally {
            await w.stop();
        }
    });
});

describe('a log that nobody reads', () => {
    test('stops no request, and is told of afterwards', async () => {
        const w = await World.start();
        try {
            const body = JSON.stringify(chat('x'.repeat(400))), broken = JSON.stringify(chat('openai/any!500'));
            const one = async (n) => {
                for (; n > 0; n--) {
                    await (await w.post('/v1/chat/completions', body)).arrayBuffer(); // nobody has that model
                    await (await w.post('/v1/chat/completions', broken)).arrayBuffer(); // a warning
                }
            };
            const dropped = async () => sum(await scrape(w), 'llmux_log_dropped_lines_total');
            w.gateway.pause();
            for (let i = 0; i < 20 && await dropped() === 0; i++)
                await Promise.all(Array.from({ length: 16 }, () => one(32)));
            assert.ok(await dropped() > 0);
            assert.equal((await w.post('/v1/chat/completions', chat('openai/m'))).status, 200);
            w.gateway.resume();
            const line = await w.gateway.line((l) => l.includes('"log_dropped"') && JSON.parse(l));
            assert.ok(line.lines > 0);
            for (const l of w.gateway.lines)
                JSON.parse(l);
        } finally {
            w.gateway.resume();
            await w.stop();
        }
    });
});

describe('lines of the log', () => {
    test('are JSON whatever clients send, one for each request, and the manual tells of their fields', async () => {
        const w = await World.start({ retries: 1, fallbacks: { 'openai/any!503': ['anthropic/m'] }, server: { admin_listen: '127.0.0.1:0' } });
        try {
            const evil = ['\n{"event":"forged"}', '"},{"', '\u0000\u0001\u001b[2J\u007f', '\ud800', '\u2028\u2029', '\\', '\xff\xfe', 'x'.repeat(9000)];
            for (const text of evil) {
                await exchange(w.port, post('/v1/chat/completions', JSON.stringify(chat(`openai/${text}`)),
                    { 'user-agent': text.replace(/[^ -~\x80-\xff]/g, ''), 'x-request-id': text.replace(/[^ -~\x80-\xff]/g, '') }));
                await exchange(w.port, post('/v1/chat/completions', `{"model":"openai/${text}`));
                await exchange(w.port, post(`/v1/${encodeURIComponent(text.replace('\ud800', 'x')).slice(0, 4000)}?${'q'.repeat(30)}`, '{}'));
            }
            // With everything that a line can have.
            await (await w.post('/v1/chat/completions', chat('openai/any!503', { stream: true, top_k: 3, logprobs: true,
                stream_options: { include_usage: true } }), { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' })).text();
            const last = (await w.post('/v1/messages', chat('openai/m', { max_tokens: 9, top_k: 3 }))).headers.get('x-request-id');
            await w.log(last);
            const lines = w.gateway.lines.map((l) => JSON.parse(l));
            assert.ok(lines.filter((l) => l.event === 'request').length >= 3 * evil.length + 2);
            assert.ok(!lines.some((l) => l.event === 'forged'));
            for (const l of lines) {
                assert.match(l.ts, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
                assert.ok(manual.includes(`\`${l.event}\``), `docs/observability.md lacks the event ${l.event}`);
                for (const key of Object.keys(l))
                    assert.ok(manual.includes(`\`${key}\``), `docs/observability.md lacks the field ${key} of ${l.event}`);
                if (l.event === 'request')
                    assert.ok(l.request_id);
            }
        } finally {
            await w.stop();
        }
    });

    test('tell what a request has cost, where the config knows the prices', async () => {
        const w = await World.start({ fallbacks: { dear: ['cheap'] }, providers: (url) => [
            { name: 'dear', type: 'openai.chat', base_url: url, api_key: 'sk-upstream-0123456789abcdef',
              models: [{ name: 'dear', upstream: 'any!503', price: { input: 10, output: 20 } }] },
            { name: 'cheap', type: 'openai.chat', base_url: url, api_key: 'sk-upstream-0123456789abcdef',
              models: [{ name: 'cheap', price: { input: 0.15, output: 0.6 } }] }] });
        try {
            for (const model of ['cheap', 'dear']) {
                const r = await w.post('/v1/chat/completions', chat(model));
                const { usage } = await r.json();
                const { cost } = await w.log(r.headers.get('x-request-id'));
                const want = (usage.prompt_tokens * 0.15 + usage.completion_tokens * 0.6) / 1e6;
                assert.ok(want > 0 && Math.abs(cost - want) < 1e-9, `${cost}, not ${want}`);
            }
            const r = await w.post('/v1/chat/completions', chat('openai/m'));
            await r.text();
            assert.equal((await w.log(r.headers.get('x-request-id'))).cost, undefined);
        } finally {
            await w.stop();
        }
    });

    test('go to a new file after SIGUSR1, and none is lost', async () => {
        const folder = await mkdtemp(join(tmpdir(), 'llmux-log-')), path = join(folder, 'llmux.log');
        const lines = async (file) => (await readFile(file, 'utf8').catch(() => '')).split('\n').filter(Boolean).map((l) => JSON.parse(l));
        await writeFile(join(folder, 'llmux.yaml'), JSON.stringify({ server: { listen: '127.0.0.1:0', workers: 2, log: { file: path } },
            providers: [{ name: 'gone', type: 'openai.chat', base_url: 'http://127.0.0.1:1', models: ['m'] }] }));
        const gateway = new Process(['serve', '-c', join(folder, 'llmux.yaml')]);
        try {
            const { address } = await eventually(async () => (await lines(path)).find((l) => l.event === 'listening'));
            const sent = new Set();
            let going = true;
            const ask = async (n) => {
                for (let i = 0; going; i++) {
                    const id = `${n}-${i}`;
                    await (await fetch(`http://${address}/v1/chat/completions`, { method: 'POST', body: JSON.stringify(chat('nobody')),
                        headers: { 'content-type': 'application/json', 'x-request-id': id } })).arrayBuffer();
                    sent.add(id);
                }
            };
            const asking = [0, 1, 2].map(ask);
            for (const old of ['llmux.log.1', 'llmux.log.2']) {
                const before = sent.size;
                await eventually(() => sent.size > before + 20);
                await rename(path, join(folder, old));
                process.kill(gateway.pid, 'SIGUSR1');
                await eventually(async () => (await lines(path)).length > 5);
            }
            going = false;
            await Promise.all(asking);
            await gateway.stop();
            const files = await Promise.all([`${path}.1`, `${path}.2`, path].map(lines));
            const logged = files.flat().filter((l) => l.event === 'request').map((l) => l.request_id);
            assert.deepEqual(logged.toSorted(), [...sent].toSorted());
        } finally {
            await gateway.stop().catch(() => {});
            await rm(folder, { recursive: true });
        }
    });

    test('have a form for people, too', async () => {
        const folder = await mkdtemp(join(tmpdir(), 'llmux-log-'));
        await writeFile(join(folder, 'llmux.yaml'), JSON.stringify({ server: { listen: '127.0.0.1:0', log: { format: 'text' } },
            providers: [{ name: 'gone', type: 'openai.chat', base_url: 'http://127.0.0.1:1', models: ['m'] }] }));
        const gateway = new Process(['serve', '-c', join(folder, 'llmux.yaml')]);
        try {
            const address = await gateway.line((l) => /^\S+Z info listening .*address=(\S+)/.exec(l)?.[1]);
            await (await fetch(`http://${address}/v1/chat/completions`, { method: 'POST', body: JSON.stringify(chat('a "b" c')),
                headers: { 'content-type': 'application/json', 'x-request-id': 'one' } })).text();
            assert.match(await gateway.line((l) => l.includes('request_id=one') && l),
                /^\S+Z info request request_id=one method=POST path=\/v1\/chat\/completions .*model="a \\"b\\" c".* status=404/);
        } finally {
            await gateway.stop();
            await rm(folder, { recursive: true });
        }
    });
});
