// Two deployments whose first token is late once in fifty times: what do hedged requests make of the slowest
// starts, and what do they cost?
//
//   node tests/bench/hedge.mjs [REQUESTS]
//
// The emulator begins after 40 ms, one reply in fifty after two seconds.  Streams, a few at a time; first without, then with
// `hedge: { share: 5% }`, after 400 that show what is usual.  The cost is what the deployments were asked for beside what
// clients asked for, in tokens of the whole request and reply.  Prints a table, and ends with 1 when the 99th percentile
// of the time to the first token is not halved, or costs more than 6 % more.
import { Agent, request } from 'node:http';

import { forgetful, metric, UPSTREAM_KEY, World } from '../e2e/lib/world.mjs';

const N = Number(process.argv[2] ?? 3000), WARM = 400, WIDTH = 8;
const SLOW = 2000, ONE_IN = 50;
const agent = new Agent({ keepAlive: true, maxSockets: WIDTH });
const body = JSON.stringify({ model: 'pair', stream: true, messages: [{ role: 'user', content: 'Hello' }] });

// Milliseconds to the first byte of a reply.
const ask = (port) => new Promise((resolve, reject) => {
    const start = performance.now();
    let first;
    const r = request({ agent, port, host: '127.0.0.1', method: 'POST', path: '/v1/chat/completions',
                        headers: { 'content-type': 'application/json' } }, (reply) => {
        reply.on('data', () => { first ??= performance.now() - start; });
        reply.on('end', () => reply.statusCode === 200 ? resolve(first) : reject(new Error(`${reply.statusCode}`)));
        reply.on('error', reject);
    });
    r.on('error', reject);
    r.end(body);
});

async function many(port, n) {
    const times = [];
    await Promise.all(Array.from({ length: WIDTH }, async () => {
        while (n-- > 0)
            times.push(await ask(port));
    }));
    return times;
}

const quantile = (list, q) => list.sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * q))];

async function run(hedge) {
    const w = await World.start({
        retries: 1, timeouts: {}, resilience: { ...forgetful, silence: { calls: 0 }, hedge },
        mock: { reply: { manner: 'delay=40ms' }, faults: [{ manner: `delay=${SLOW}ms`, one_in: ONE_IN }] },
        providers: ['left', 'right'].map((name) => ({
            name, type: 'openai.chat', base_url: '{emulator}', api_key: UPSTREAM_KEY, models: ['pair'],
        })),
    });
    const calls = () => metric(w, 'llmux_deployment_requests_total', { model: 'pair' });
    try {
        await many(w.port, WARM);
        const before = await calls();
        const times = await many(w.port, N);
        return { p50: quantile(times, 0.5), p99: quantile(times, 0.99), calls: (await calls() - before) / N };
    } finally {
        await w.stop();
    }
}

try {
    const plain = await run({ share: '0%' }), hedged = await run({ share: '5%', quantile: '95%' });
    console.log('| | p50 to the first token | p99 | calls a request |\n|---|---|---|---|');
    for (const [name, r] of [['without', plain], ['with hedges', hedged]])
        console.log(`| ${name} | ${r.p50.toFixed(1)} ms | ${r.p99.toFixed(1)} ms | ${r.calls.toFixed(3)} |`);
    const gain = plain.p99 / hedged.p99, more = hedged.calls / plain.calls - 1;
    // A call that is cut before its first token has cost its prompt at most.
    console.log(`p99 : ${gain.toFixed(1)}, cost +${(100 * more).toFixed(1)} % at most`);
    process.exitCode = gain >= 2 && more <= 0.06 ? 0 : 1;
} finally {
    agent.destroy();
}
