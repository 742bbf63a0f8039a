// Twice as many requests as the providers can take: do those that are let in stay fast, and hear the
// others at once that they are not?
//
//   node tests/bench/overload.mjs [SECONDS]
//
// The emulator takes 50 ms for a request and the gateway lets 10 in at a time: 200 a second are all there
// can be.  Requests come at fixed times, whatever became of those before, and count from when they were
// due; the first second of each load does not count.  The limit is all that is configured.  Prints a table, and
// ends with 1 when the admitted ones' p99 is above twice that at half load, the refusals' p99 above 10 ms, or
// the gateway's memory has grown by more than 16 MB.
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';

import { World } from '../e2e/lib/world.mjs';

const SERVICE_MS = 50, PARALLEL = 10;
const CAPACITY = PARALLEL * 1000 / SERVICE_MS;
const seconds = Number(process.argv[2] ?? 10);
const agent = new Agent({ keepAlive: true, maxSockets: 1000 });
const body = JSON.stringify({ model: 'openai/m', messages: [{ role: 'user', content: 'Hello' }] });

const ask = (port, due) => new Promise((resolve, reject) => {
    const r = request({ agent, port, host: '127.0.0.1', method: 'POST', path: '/v1/chat/completions',
                        headers: { 'content-type': 'application/json' } }, (reply) => {
        reply.resume();
        reply.on('end', () => resolve({ status: reply.statusCode, ms: performance.now() - due,
                                        retry: reply.headers['retry-after'] }));
    });
    r.on('error', reject);
    r.end(body);
});

async function load(port, rate) {
    const asked = [], start = performance.now();
    while (performance.now() - start < seconds * 1000) {
        const due = start + asked.length * 1000 / rate;
        const left = due - performance.now();
        if (left > 0)
            await new Promise((resolve) => setTimeout(resolve, left));
        asked.push(ask(port, due));
    }
    return (await Promise.all(asked)).slice(rate); // without the first second
}

const quantile = (list, q) => list.sort((a, b) => a - b)[Math.min(list.length - 1,
                                                                 Math.floor(list.length * q))] ?? NaN;
const rss = async (pid) => Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

const w = await World.start({
    timeouts: {}, mock: { reply: { manner: `delay=${SERVICE_MS}ms` } },
    limits: { gateway: { parallel: PARALLEL } }, // the rest as it is without a word
});
const rows = [];
try {
    await load(w.port, CAPACITY / 2); // warm
    const before = await rss(w.gateway.pid);
    for (const share of [0.5, 2]) {
        const all = await load(w.port, CAPACITY * share);
        const ok = all.filter((r) => r.status === 200).map((r) => r.ms);
        const no = all.filter((r) => r.status !== 200);
        rows.push({ share, all: all.length, ok: ok.length, p50: quantile(ok, 0.5), p99: quantile(ok, 0.99),
                    refused: no.length, refused99: quantile(no.map((r) => r.ms), 0.99),
                    honest: no.every((r) => r.status === 503 && Number(r.retry) >= 1) });
    }
    const grown = await rss(w.gateway.pid) - before;
    console.log('| load | requests | answered | p50 | p99 | refused | p99 of refusals |');
    console.log('|---|---|---|---|---|---|---|');
    for (const r of rows)
        console.log(`| ${r.share} x | ${r.all} | ${r.ok} | ${r.p50.toFixed(1)} ms | ${r.p99.toFixed(1)} ms | `
            + `${r.refused} | ${r.refused99.toFixed(1)} ms |`);
    const [half, twice] = rows;
    console.log(`p99 x ${(twice.p99 / half.p99).toFixed(2)}, memory +${grown.toFixed(1)} MB`);
    process.exitCode = twice.p99 <= 2 * half.p99 && twice.refused99 < 10 && twice.honest && half.refused === 0
        && grown < 16 ? 0 : 1;
} finally {
    agent.destroy();
    await w.stop();
}
