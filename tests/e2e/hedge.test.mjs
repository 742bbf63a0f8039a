// Two calls for one request: who wins, who is asked, and what is left for retries.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { call } from './lib/calls.mjs';
import { tokens } from './lib/fakes.mjs';
import { scripted } from './lib/scripted.mjs';
import { eventually, forgetful, World } from './lib/world.mjs';

const type = (stream) => ({ 'content-type': stream ? 'text/event-stream' : 'application/json' });

// Says `text` after so many milliseconds.
const says = (text, ms = 0) => async (res, stream) => {
    await sleep(ms);
    if (res.destroyed)
        return;
    const base = { id: 'c', object: stream ? 'chat.completion.chunk' : 'chat.completion', created: 1, model: 'm' };
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    res.writeHead(200, type(stream));
    if (!stream)
        res.end(JSON.stringify({ ...base, usage, choices: [
            { index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }] }));
    else
        res.end([{ ...base, choices: [{ index: 0, delta: { role: 'assistant', content: text }, finish_reason: 'stop' }] },
                 { ...base, choices: [], usage }]
            .map((e) => `data: ${JSON.stringify(e)}\n\n`).join('') + 'data: [DONE]\n\n');
};

const fails = (ms) => async (res) => {
    await sleep(ms);
    res.writeHead(500, type(false));
    res.end('{"error":{"message":"broken","type":"server_error"}}');
};

// Answers 200 with these bytes, and then ends, or says no more.
const begins = (bytes, ends) => (res, stream) => {
    res.writeHead(200, type(stream));
    res.write(bytes);
    if (ends)
        res.end();
};

describe('two calls for one request', () => {
    const timeouts = { connect: '1s', first_byte: '5s', idle: '5s', total: '10s' };
    let w, left, right;
    let serial = 0;
    const ask = async (model, stream) => {
        const id = `two-${serial++}`;
        const r = await call(w, 'openai', model, stream, {}, { headers: { 'x-request-id': id } });
        return { ...r, line: await w.log(id) };
    };
    before(async () => {
        left = await scripted();
        right = await scripted();
        w = await World.start({
            retries: 1,
            resilience: { ...forgetful, hedge: { share: '50%', quantile: '50%', least: '100ms' } },
            routing: { strategy: 'priority' },
            providers: [
                { name: 'left', type: 'openai.chat', base_url: left.url, api_key: 'k', timeouts, models: ['pair'] },
                { name: 'right', type: 'openai.chat', base_url: right.url, api_key: 'k', timeouts,
                  limits: { parallel: 1, queue: 10, wait: '5s' }, models: [{ name: 'pair', tier: 2 }, 'right'] },
            ],
        });
        left.script = says('left');
        right.script = says('right');
        for (let i = 0; i < 60; i++) // until it is known what is usual
            await ask('pair', i % 2 === 0);
    });
    after(async () => {
        await w?.stop();
        await left.stop();
        await right.stop();
    });

    const error = '{"error":{"message":"too busy","type":"server_error"}}';
    for (const [what, bytes, ends, stream] of [
        ['blanks', ' \n\n ', false, true],
        ['a comment', ': PROCESSING\n\n', false, true],
        ['a comment and an error', `: PROCESSING\n\ndata: ${error}\n\n`, true, true],
        ['an error event', `data: ${error}\n\n`, true, true],
        ['an error event, and is not done', `data: ${error}\n\n`, false, true],
        ['an error as a document, for a stream', error, true, true],
        ['half an event', 'data: {"id":"c","obj', true, true],
        ['blanks, whole', ' \n\n ', false, false],
        ['an error as a document', error, true, false],
        ['half a document', '{"id":"c","choices":[', true, false],
        ['half a document, and is not done', '{"id":"c","choices":[', false, false],
        ['nonsense', '<html>', true, false],
    ])
        test(`who answers with ${what} does not win`, async () => {
            const before = right.asked;
            left.script = says('left', 450);
            right.script = begins(bytes, ends);
            const { text, error, line } = await ask('pair', stream);
            assert.deepEqual([text, error], ['left', undefined]);
            assert.equal(right.asked, before + 1);
            assert.deepEqual([line.outcome, line.provider, line.attempts], ['ok', 'left', 2]);
            // What did not win is given up.
            await eventually(() => right.open === 0);
        });

    for (const stream of [true, false])
        test(`whoever begins late and good wins, ${stream ? 'streamed' : 'whole'}`, async () => {
            const cut = left.cut;
            left.script = says('left', 1000);
            right.script = says('right', 20);
            const { text, line } = await ask('pair', stream);
            assert.deepEqual([text, line.provider, line.attempts], ['right', 'right', 2]);
            await eventually(() => left.cut === cut + 1);
        });

    test('a reply in one event, which nothing ends but the connection, wins with its end', async () => {
        left.script = says('left', 1000);
        right.script = begins(`data: ${JSON.stringify({
            id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm',
            choices: [{ index: 0, delta: { role: 'assistant', content: 'right' }, finish_reason: 'stop' }] })}`, true);
        const { text, error, line } = await ask('pair', true);
        assert.deepEqual([text, error, line.outcome, line.provider], ['right', undefined, 'ok', 'right']);
    });

    for (const [what, status, script] of [
        ['a refusal', 400, (res) => {
            res.writeHead(400, type(false));
            res.end('{"error":{"message":"no such thing","type":"invalid_request_error"}}');
        }],
        ['a large refusal', 400, (res) => {
            res.writeHead(400, type(false));
            res.write(`{"error":{"message":"${'no '.repeat(600_000)}`); // and does not end
        }],
        ['a refusal as a stream', 400, (res) => {
            res.writeHead(200, type(true));
            res.write('data: {"error":{"message":"no such thing","type":"invalid_request_error","code":400}}\n\n');
        }],
    ])
        test(`${what} of the request itself is the answer, whoever else is asked`, async () => {
            left.script = () => {}; // says nothing, ever
            right.script = script;
            const { error, line } = await ask('pair', true);
            assert.equal(error?.status, status);
            assert.deepEqual([line.provider, line.attempts], ['right', 2]);
            await eventually(() => left.open === 0); // it is given up
        });

    test('who raced and goes on alone is heard from the beginning', async () => {
        left.script = async (res, stream) => {
            await sleep(160);
            res.writeHead(200, type(stream));
            res.write(': PROCESSING\n\ndata: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"le');
            await sleep(300); // the other one fails meanwhile
            res.end('ft"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n');
        };
        right.script = fails(150);
        const { text, error } = await ask('pair', true);
        assert.deepEqual([text, error], ['left', undefined]);
    });

    test('a client that leaves two calls leaves a record of both', async () => {
        left.script = says('left', 3000);
        right.script = says('right', 3000);
        const before = right.asked, id = 'two-left', leave = new AbortController();
        const gone = fetch(`${w.url}/v1/chat/completions`, {
            method: 'POST', headers: { 'content-type': 'application/json', 'x-request-id': id }, signal: leave.signal,
            body: JSON.stringify({ model: 'pair', messages: [{ role: 'user', content: 'Hello' }] }) });
        await eventually(() => right.asked === before + 1);
        leave.abort();
        await assert.rejects(gone);
        const line = await w.log(id);
        assert.deepEqual([line.outcome, line.attempts], ['gone', 2]);
        assert.match(line.tried, /left .*right /);
        await eventually(() => left.open === 0 && right.open === 0);
    });

    test('who was busy for a second call is asked when the first has failed', async () => {
        const before = right.asked;
        right.script = says('right', 800);
        left.script = fails(450);
        const occupant = ask('right', false);
        await eventually(() => right.asked === before + 1);
        const { text, error, line } = await ask('pair', true);
        await occupant;
        assert.deepEqual([text, error], ['right', undefined]);
        assert.equal(line.attempts, 2);
    });
});

describe('second calls that are not made', () => {
    let w, left, right, tickets, serial = 0;
    const ask = async (model) => {
        const id = `one-${serial++}`;
        const r = await call(w, 'openai', model, false, {}, { headers: { 'x-request-id': id } });
        return { ...r, line: await w.log(id) };
    };
    // It is known what is usual of each model by itself.
    const learn = async (model) => {
        left.script = says('left');
        for (let i = 0; i < 60; i++)
            await ask(model);
    };
    before(async () => {
        left = await scripted();
        right = await scripted();
        tickets = await tokens('ticket', 3600, () => new Promise(() => {}));
        w = await World.start({
            retries: 1,
            resilience: { ...forgetful, hedge: { share: '10%', quantile: '50%', least: '250ms' } },
            routing: { strategy: 'priority' },
            providers: [
                { name: 'left', type: 'openai.chat', base_url: left.url, api_key: 'k', models: ['pair', 'begun', 'locked'] },
                { name: 'right', type: 'openai.chat', base_url: right.url, api_key: 'k',
                  models: [{ name: 'pair', tier: 2 }, { name: 'begun', tier: 2 }] },
                { name: 'shut', type: 'azure', base_url: right.url, settings: { resource: 'r' },
                  auth: { client_id: 'me', client_secret: 'client-secret-0123', token_url: tickets.url },
                  models: [{ name: 'locked', tier: 2 }] },
            ],
        });
        right.script = says('right');
    });
    after(async () => {
        await w?.stop();
        await Promise.all([left, right, tickets].map((p) => p.stop()));
    });

    test('they are no more than their share', async () => {
        await learn('pair');
        left.script = says('left', 600);
        for (let i = 0; i < 12; i++)
            assert.equal((await ask('pair')).error, undefined);
        assert.ok(right.asked >= 1 && right.asked <= 7, `${right.asked} of 72`);
    });

    test('who has begun to answer has no rival', async () => {
        await learn('begun');
        const before = right.asked;
        left.script = async (res) => {
            res.writeHead(200, type(false));
            res.write('{"id":"c","object":"chat.completion","created":1,"model":"m",');
            await sleep(800);
            res.end('"choices":[{"index":0,"message":{"role":"assistant","content":"left"},"finish_reason":"stop"}],' +
                    '"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}');
        };
        for (let i = 0; i < 3; i++)
            assert.equal((await ask('begun')).text, 'left');
        assert.equal(right.asked, before);
    });

    test('who would have to fetch credentials first is not asked, and not counted', async () => {
        await learn('locked');
        left.script = says('left', 800);
        const { text, line } = await ask('locked');
        assert.equal(tickets.requests.length, 1);
        assert.deepEqual([text, line.provider, line.attempts], ['left', 'left', 1]);
        assert.doesNotMatch(await (await fetch(`${w.url}/metrics`)).text(), /llmux_deployment_requests_total\{deployment="shut"/);
    });
});

test('a search for a second call that finds nobody takes no try away', async () => {
    const only = await scripted();
    const w = await World.start({
        retries: 1,
        resilience: { ...forgetful, breaker: { failures: 1, open: '100ms', probes: 1 } },
        providers: [{ name: 'only', type: 'openai.chat', base_url: only.url, api_key: 'k', models: ['m'] }],
    });
    try {
        only.script = fails(0);
        await call(w, 'openai', 'm', false, { }, {});
        await sleep(300);
        // The one that tries it again is later than its rival would be, and fails.
        only.script = async (res, stream) => {
            only.script = says('again');
            await fails(800)(res, stream);
        };
        const { text, error } = await call(w, 'openai', 'm', false, {}, {});
        assert.deepEqual([text, error], ['again', undefined]);
    } finally {
        await w.stop();
        await only.stop();
    }
});
