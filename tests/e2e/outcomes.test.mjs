// Whatever goes wrong with a provider, and clients that leave: what the client saw, how many attempts were
// made, and what was booked for each.  Prints that as a table.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { answer, call } from './lib/calls.mjs';
import { eventually, forgetful, metric, UPSTREAM_KEY, World } from './lib/world.mjs';

const fronts = ['openai', 'anthropic', 'google'];
const types = ['openai.chat', 'anthropic.messages', 'google.generate'];
const timeouts = { connect: '1s', first_byte: '400ms', idle: '400ms', total: '5s' };

const deployment = (emulator, name, type, model, more) => ({
    name, type, api_key: UPSTREAM_KEY, timeouts,
    // The emulator knows a dialect by its name.
    base_url: emulator.replace(/v1$/, `${type}/${type === 'google.generate' ? 'v1beta' : 'v1'}`),
    models: [model], ...more,
});

// Rows that differ in client, provider or form alone become one.
function print(title, head, rows, all) {
    const merged = new Map();
    for (const { cells, ...where } of rows) {
        const row = merged.get(cells.join(' | ')) ?? {};
        for (const [k, v] of Object.entries(where))
            row[k] = new Set([...row[k] ?? [], v]);
        merged.set(cells.join(' | '), row);
    }
    const columns = Object.keys(all);
    console.log(`\n${title}\n| ${[...head, ...columns].join(' | ')} |\n|${'---|'.repeat(head.length + columns.length)}`);
    for (const [row, where] of merged) {
        const sets = columns.map((k) => where[k].size === all[k] ? 'all' : [...where[k]].join(', '));
        console.log(`| ${row} | ${sets.join(' | ')} |`);
    }
}

const tokens = (w, name) => metric(w, 'llmux_tokens_total', { deployment: name });

// --- providers that fail ------------------------------------------------------------------------------

// fault: what the first deployment does.  Before the first byte the second one answers, and the client
// sees nothing of it; behind it the client gets an honest error.  booked: what the first one's attempt
// counts as.
const faults = [
    { fault: 'refuse', booked: 'protocol' },
    { fault: 'reset', booked: 'protocol' },
    { fault: 'close', booked: 'protocol' },
    { fault: 'delay=3s', booked: 'timeout' },
    { fault: '429', booked: 'rate' },
    { fault: '429!retry-after=30', booked: 'rate' },
    { fault: '401', booked: 'auth' },
    { fault: '404', booked: 'missing' },
    { fault: '500', booked: 'internal' },
    { fault: '529', booked: 'overloaded' },
    { fault: 'error-event=0', booked: 'overloaded' },
    { fault: 'garbage', booked: 'protocol' },
    { fault: 'html', booked: 'protocol' },
    { fault: 'truncate=20', booked: 'protocol', forms: [false] },
    { fault: 'reset-after=20', booked: 'protocol', forms: [false] },
    { fault: 'stall=3s', booked: 'timeout', forms: [false] },
    { fault: 'stall=3s!after=5!rate=100', booked: 'timeout', forms: [true], late: true },
    { fault: 'reset-after=5!rate=100', booked: 'protocol', forms: [true], late: true },
    { fault: 'close-after=5!rate=100', booked: 'protocol', forms: [true], late: true },
    { fault: 'truncate=5!rate=100', booked: 'protocol', forms: [true], late: true },
    { fault: 'error-event=5!rate=100', booked: 'overloaded', forms: [true], late: true },
    { fault: 'garbage!after=5!rate=100', booked: 'protocol', forms: [true], late: true },
];

describe('one of two deployments fails', () => {
    const rows = [];
    after(() => print('One deployment fails, another one is ready:',
                      ['fault', 'the client saw', 'attempts', 'log', 'booked'], rows,
                      { form: 2, provider: types.length, client: fronts.length }));

    for (const type of types)
        describe(`which speaks ${type}`, () => {
            let w;
            before(async () => {
                w = await World.start({
                    retries: 1, timeouts,
                    resilience: { ...forgetful, cooldown: { time: '1ms', most: '1ms', share: '0%' } },
                    routing: { strategy: 'priority' },
                    providers: (emulator) => faults.flatMap(({ fault }, i) => [
                        deployment(emulator, `bad${i}`, type, { name: `m${i}`, upstream: `x${i}!${fault}` },
                                   fault === 'refuse' ? { base_url: 'http://127.0.0.1:1/v1' } : {}),
                        deployment(emulator, `good${i}`, 'openai.chat', { name: `m${i}`, upstream: `y${i}`, tier: 2 }),
                    ]),
                });
            });
            after(() => w?.stop());

            for (const [i, { fault: what, booked, forms = [false, true], late }] of faults.entries())
                for (const front of fronts)
                    for (const stream of forms)
                        test(`${front}, ${stream ? 'streamed' : 'whole'}: ${what}`, async () => {
                            const of = (name, outcome) => metric(w, 'llmux_deployment_requests_total',
                                                                 { deployment: name, outcome });
                            const before = { bad: await of(`bad${i}`, booked), good: await of(`good${i}`, 'ok'),
                                             tokens: await tokens(w, `good${i}`) };
                            const id = `${type}-${i}-${front}-${stream}`;
                            const { text, error } = await call(w, front, `m${i}`, stream, {},
                                                               { headers: { 'x-request-id': id } });
                            const line = await w.log(id);
                            const good = await of(`good${i}`, 'ok') - before.good;
                            const paid = await tokens(w, `good${i}`) - before.tokens;
                            rows.push({
                                form: stream ? 'streamed' : 'whole', provider: type, client: front,
                                cells: [what, error ? 'a part, then an error' : 'the answer', line.attempts,
                                        line.outcome, `${booked}${good ? `; ok, ${paid} tokens` : ''}`],
                            });
                            assert.equal(await of(`bad${i}`, booked), before.bad + 1);
                            if (late) {
                                assert.ok(text && text !== answer && answer.startsWith(text), text);
                                assert.ok(error);
                                assert.deepEqual([line.attempts, line.outcome, good], [1, 'broken', 0]);
                                return;
                            }
                            assert.equal(error, undefined);
                            assert.equal(text, answer);
                            assert.deepEqual([line.attempts, line.outcome, line.provider, good],
                                             [2, 'ok', `good${i}`, 1]);
                            assert.ok(line.tokens_in > 0 && line.tokens_out > 0);
                            assert.equal(paid, line.tokens_in + line.tokens_out);
                        });
        });
});

// --- clients that leave -------------------------------------------------------------------------------

describe('a client leaves', () => {
    const rows = [];
    let w;
    before(async () => {
        w = await World.start({
            timeouts: {},
            providers: (emulator) => types.map((type) =>
                deployment(emulator, type, type, { name: `${type}/*`, upstream: '*' },
                           { timeouts: {}, limits: { parallel: 1, queue: 1, wait: '10s' } })),
        });
    });
    after(async () => {
        await w?.stop();
        print('A client leaves a deployment that serves one at a time:',
              ['cancelled', 'the next one', 'log', 'booked'], rows,
              { form: 2, provider: types.length, client: fronts.length });
    });

    // Milliseconds until the emulator knew that nobody listens any more.
    async function leave(front, model, stream, id) {
        const controller = new AbortController();
        const asked = call(w, front, model, stream, {}, { signal: controller.signal,
                                                          headers: { 'x-request-id': id } });
        await eventually(async () => (await w.stats()).open === 1);
        if (stream)
            await sleep(100); // some of it has come
        const before = (await w.stats()).aborted;
        const start = performance.now();
        controller.abort();
        while ((await w.stats()).aborted === before)
            assert.ok(performance.now() - start < 5000);
        const ms = performance.now() - start;
        await asked;
        return ms;
    }

    for (const type of types)
        for (const front of fronts)
            for (const stream of [false, true])
                test(`${front}, ${stream ? 'streamed' : 'whole'}, from ${type}`, async () => {
                    const manner = stream ? 'rate=100!tokens=1000' : 'delay=20s';
                    const of = (outcome) => metric(w, 'llmux_deployment_requests_total',
                                                   { deployment: type, outcome });
                    const before = { gone: await of('gone'), tokens: await tokens(w, type) };
                    const times = [];
                    let line;
                    for (let i = 0; i < 3; i++) {
                        const id = `gone-${type}-${front}-${stream}-${i}`;
                        times.push(await leave(front, `${type}/a!${manner}`, stream, id));
                        line = await w.log(id);
                        assert.deepEqual([line.outcome, line.status, line.attempts], ['gone', 499, 1]);
                    }
                    assert.equal(await of('gone'), before.gone + 3);
                    const paid = await tokens(w, type) - before.tokens;
                    // The permit is free.
                    const start = performance.now();
                    const { error } = await call(w, front, `${type}/b`, false);
                    assert.equal(error, undefined);
                    assert.ok(performance.now() - start < 5000, 'it had to wait for one that has gone');
                    // The best of three: the others show how busy the machine is.
                    const best = Math.min(...times);
                    assert.ok(best < 50, `${times}`);
                    // What it has cost, as far as the provider has said it; else a guess from what came.
                    if (stream)
                        assert.ok(paid > 0);
                    assert.equal(line.tokens_guessed, stream ? true : undefined);
                    rows.push({ form: stream ? 'streamed' : 'whole', provider: type, client: front,
                                cells: ['within 50 ms', 'at once', `${line.outcome} ${line.status}`,
                                        paid ? 'gone; tokens so far' : 'gone; nothing had come'] });
                });
});
