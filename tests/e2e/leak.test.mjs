// Ten thousand faults leave nothing behind: no descriptor, no memory.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { after, before, test } from 'node:test';

import { exchange, post } from './lib/raw.mjs';
import { program } from './lib/process.mjs';
import { eventually, World } from './lib/world.mjs';

const FAULTS = 10_000, WARM = 3000, LANES = 24;
const GROWTH_KB = 6 * 1024; // what may be noise: caches of the allocator, buffers of the log

// A sanitizer keeps freed memory for a while; it finds leaks by itself.
const sanitized = /\/(asan|tsan)\//.test(program);

let w;
before(async () => { w = await World.start({ retries: 1 }); });
after(() => w.stop());

const agent = new Agent({ keepAlive: true, maxSockets: LANES });
after(() => agent.destroy());

const faults = ['429', '500!retry-after=1', 'reset', 'close', 'html', 'garbage', 'disorder', 'whole',
                'reset-after=2!split=40', 'close-after=3', 'truncate=4', 'error-event=3',
                'garbage!after=3', 'wrong-type', 'tokens=200', 'oops'];

// One request; `leave` breaks it off at its first byte.
function ask(path, body, leave) {
    return new Promise((resolve) => {
        const r = request({ port: w.port, path, method: 'POST', agent,
                            headers: { 'content-type': 'application/json',
                                       'anthropic-version': '2023-06-01' } });
        r.on('error', resolve);
        r.on('response', (reply) => {
            reply.on('error', resolve);
            reply.on('close', resolve);
            reply.on('data', () => { if (leave) r.destroy(); });
        });
        r.end(body);
    });
}

// The i-th fault: by turns all of them, in each dialect on each side, whole and streamed.
async function fault(i) {
    const fault = faults[i % faults.length], up = i & 16 ? 'openai' : 'anthropic';
    const path = i & 32 ? '/v1/messages' : '/v1/chat/completions';
    const body = JSON.stringify({ model: `${up}/m!${fault}`, max_tokens: 2000, stream: !(i & 64),
                                  messages: [{ role: 'user', content: 'Hello, hello, hello' }] });
    if (i % 101 === 0)
        await exchange(w.port, post(path, body.slice(0, i % body.length))); // half a request
    else
        await ask(path, i % 97 ? body : body.slice(1), i % 11 === 0);
}

async function run(n) {
    let next = 0;
    await Promise.all(Array.from({ length: LANES }, async () => {
        while (next < n)
            await fault(next++);
    }));
    await eventually(async () => (await w.stats()).open === 0);
}

async function usage(process) {
    const status = await readFile(`/proc/${process.pid}/status`, 'utf8');
    return { rss: Number(/VmRSS:\s+(\d+)/.exec(status)[1]),
             fds: (await readdir(`/proc/${process.pid}/fd`)).length };
}

test('ten thousand faults leave nothing behind', async (t) => {
    await run(WARM);
    const before = { gateway: await usage(w.gateway), mock: await usage(w.mock) };
    const start = Date.now();
    await run(FAULTS);
    t.diagnostic(`${FAULTS} faults in ${Date.now() - start} ms`);
    agent.destroy();
    for (const name of ['gateway', 'mock']) {
        // Connections that were closed a moment ago may still be on their way out.
        const now = await eventually(async () => {
            const u = await usage(w[name]);
            return u.fds <= before[name].fds + 2 && u;
        });
        t.diagnostic(`${name}: ${before[name].rss} kB before, ${now.rss} kB after; `
            + `${before[name].fds} descriptors before, ${now.fds} after`);
        if (!sanitized)
            assert.ok(now.rss - before[name].rss < GROWTH_KB,
                      `${name}: from ${before[name].rss} kB to ${now.rss} kB`);
    }
    assert.equal(w.gateway.exit, undefined);
    assert.equal(w.gateway.errors, '');
});
