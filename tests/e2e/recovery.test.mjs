// Streams that break in the middle go on at another deployment: the client sees one message, with one
// begin, one end and one bill, whatever broke, whoever goes on.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { GoogleGenAI } from '@google/genai';

import { answer, call } from './lib/calls.mjs';
import { scripted } from './lib/scripted.mjs';
import { sequel } from './lib/sequels.mjs';
import { forgetful, metric, UPSTREAM_KEY, World } from './lib/world.mjs';

const hello = 'Hello there, how are you today?';
const types = ['openai.chat', 'anthropic.messages', 'google.generate'];
const faults = ['reset-after=5', 'truncate=5', 'stall=3s!after=5', 'error-event=5', 'garbage!after=5'];
const timeouts = { connect: '1s', first_byte: '2s', idle: '400ms', total: '10s' };

// A stream through an SDK: { text, ids, input, output }, the ids being all that its events name.
const clients = {
    'openai.chat': async (w, model, options) => {
        const r = { text: '', ids: new Set(), ends: 0 };
        for await (const c of await w.openai().chat.completions.create({
            model, stream: true, stream_options: { include_usage: true },
            messages: [{ role: 'user', content: hello }] }, options)) {
            r.ids.add(c.id);
            r.text += c.choices[0]?.delta?.content ?? '';
            r.ends += c.choices[0]?.finish_reason === 'stop';
            if (c.usage)
                [r.input, r.output] = [c.usage.prompt_tokens, c.usage.completion_tokens];
        }
        return r;
    },
    'openai.responses': async (w, model, options) => {
        const r = { text: '', ids: new Set(), ends: 0 };
        const s = w.openai().responses.stream({ model, input: hello, store: false }, options);
        for await (const e of s) {
            if (e.response)
                r.ids.add(e.response.id);
            if (e.item_id)
                r.ids.add(e.item_id);
            r.ends += e.type === 'response.completed';
        }
        const all = await s.finalResponse();
        assert.equal(r.ids.size, 2); // the response's and its one item's
        assert.equal(all.output.length, 1);
        return { ...r, ids: new Set([all.id]), text: all.output_text, input: all.usage.input_tokens,
                 output: all.usage.output_tokens };
    },
    'anthropic.messages': async (w, model, options) => {
        const r = { ids: new Set(), ends: 0 };
        const s = w.anthropic().messages.stream({ model, max_tokens: 500,
                                                  messages: [{ role: 'user', content: hello }] }, options);
        s.on('streamEvent', (e) => {
            if (e.type === 'message_start')
                r.ids.add(e.message.id);
            r.ends += e.type === 'message_stop';
        });
        const m = await s.finalMessage();
        assert.equal(m.content.length, 1);
        return { ...r, text: m.content[0].text, output: m.usage.output_tokens };
    },
    'google.generate': async (w, model, options) => {
        const ai = new GoogleGenAI({ apiKey: 'sk-client', httpOptions: { baseUrl: w.url, ...options } });
        const r = { text: '', ids: new Set(), ends: 0 };
        for await (const c of await ai.models.generateContentStream({ model, contents: hello })) {
            r.ids.add(c.responseId);
            r.text += c.text ?? '';
            r.ends += c.candidates?.[0]?.finishReason === 'STOP';
            if (c.usageMetadata?.candidatesTokenCount)
                [r.input, r.output] = [c.usageMetadata.promptTokenCount, c.usageMetadata.candidatesTokenCount];
        }
        return r;
    },
};

const bad = (emulator, name, type, model, upstream) => ({
    name, type, api_key: UPSTREAM_KEY, timeouts,
    base_url: emulator.replace(/v1$/, `${type}/${type === 'google.generate' ? 'v1beta' : 'v1'}`),
    models: [{ name: model, upstream }],
});
const good = (fake, name, type, models) => ({
    name, type, api_key: 'k', timeouts, base_url: `${fake.url}/${type === 'google.generate' ? 'v1beta' : 'v1'}`,
    models: models.map((m) => ({ name: m, upstream: 'other', tier: 2 })),
});

describe('a stream that breaks goes on elsewhere', () => {
    const rows = [];
    let w, others;
    const pairs = types.flatMap((from) => types.flatMap((to) => faults.map((fault) => ({ from, to, fault }))))
        .map((p, i) => ({ ...p, model: `m${i}` }));
    before(async () => {
        others = Object.fromEntries(await Promise.all(types.map(async (t) => [t, await sequel(t, answer)])));
        w = await World.start({
            retries: 0, timeouts, resilience: { ...forgetful, cooldown: { time: 0 } },
            routing: { strategy: 'priority', stream_recovery: 'ask' },
            providers: (emulator) => [
                ...pairs.map(({ from, fault, model }) =>
                    bad(emulator, `bad-${model}`, from, model, `${model}!${fault}!rate=50`)),
                ...types.map((t) => good(others[t], `good-${t}`, t,
                                         pairs.filter((p) => p.to === t).map((p) => p.model))),
            ],
        });
    });
    after(async () => {
        await w?.stop();
        for (const o of Object.values(others))
            await o.stop();
        console.log('\nStreams that broke and went on:\n| client | from | to | fault | asked by | log | tokens |\n|---|---|---|---|---|---|---|');
        for (const r of rows)
            console.log(`| ${r.join(' | ')} |`);
    });

    for (const [k, client] of Object.keys(clients).entries())
        for (const [i, { from, to, fault, model }] of pairs.entries())
            if ((i + k) % 2 === 0)
                test(`${client} client, from ${from} to ${to}: ${fault}`, async () => {
                    const id = `r-${client}-${i}`;
                    const r = await clients[client](w, model, { headers: { 'x-request-id': id } });
                    const asked = others[to].asked.at(-1);
                    const line = await w.log(id);
                    assert.equal(r.text, answer);
                    assert.equal(r.ids.size, 1, [...r.ids].join());
                    assert.equal(r.ends, 1);
                    assert.ok(asked.said.length > 0 && answer.startsWith(asked.said));
                    assert.equal(asked.how, to === 'anthropic.messages' ? 'prefill' : 'ask');
                    assert.deepEqual([line.outcome, line.attempts, line.recovered, line.provider],
                                     ['ok', 2, 1, `good-${to}`]);
                    // The bill is that of both: more than the second one's.
                    assert.ok(line.tokens_in > 100 && line.tokens_out > 10, JSON.stringify(line));
                    assert.equal(r.output, line.tokens_out);
                    if (r.input)
                        assert.equal(r.input, line.tokens_in);
                    assert.equal(await metric(w, 'llmux_deployment_requests_total',
                                              { deployment: `bad-${model}`, outcome: 'ok' }), 0);
                    assert.ok(await metric(w, 'llmux_tokens_total', { deployment: `bad-${model}` }) > 0);
                    rows.push([client, from, to, fault, asked.how, `${line.outcome}, ${line.attempts} attempts`,
                               `${line.tokens_in} + ${line.tokens_out}`]);
                });
});

describe('limits of going on', () => {
    let w, thinker, plain, twice;
    const manner = 'reset-after=5!rate=50';
    before(async () => {
        thinker = await sequel('anthropic.messages', answer, 1);
        plain = await sequel('openai.chat', answer);
        twice = await sequel('openai.chat', answer);
        w = await World.start({
            retries: 2, timeouts, resilience: { ...forgetful, cooldown: { time: 0 } },
            routing: { strategy: 'priority', groups: {
                thinks: { stream_recovery: 'continue' }, words: { stream_recovery: 'continue' },
                asks: { stream_recovery: 'ask' }, calls: { stream_recovery: 'ask' },
                chain: { stream_recovery: 'ask' } } },
            providers: (emulator) => [
                bad(emulator, 'b1', 'openai.chat', 'thinks', `t!${manner}`),
                bad(emulator, 'b2', 'openai.chat', 'words', `w!${manner}`),
                bad(emulator, 'b3', 'openai.chat', 'asks', `a!${manner}`),
                bad(emulator, 'b4', 'openai.chat', 'calls', `c!reset-after=3!rate=50`),
                bad(emulator, 'b5', 'openai.chat', 'off', `o!${manner}`),
                bad(emulator, 'b6', 'openai.chat', 'chain', `x!${manner}`),
                { ...bad(emulator, 'b7', 'openai.chat', 'chain', `y!${manner}`),
                  models: [{ name: 'chain', upstream: `y!${manner}`, tier: 2 }] },
                good(thinker, 'g1', 'anthropic.messages', ['thinks']),
                good(plain, 'g2', 'openai.chat', ['words', 'asks', 'calls', 'off']),
                { ...good(twice, 'g3', 'openai.chat', []), models: [{ name: 'chain', upstream: 'z', tier: 3 }] },
            ],
        });
    });
    after(async () => {
        await w?.stop();
        await Promise.all([thinker, plain, twice].map((f) => f.stop()));
    });

    let serial = 0;
    const ask = async (front, model, more) => {
        const id = `l-${serial++}`;
        const r = await call(w, front, model, true, more, { headers: { 'x-request-id': id } });
        return { ...r, line: await w.log(id) };
    };

    test('what the other one thinks is not shown', async () => {
        for (const front of ['openai', 'anthropic', 'google']) {
            const { text, error, line } = await ask(front, 'thinks');
            assert.deepEqual([text, error, line.recovered], [answer, undefined, 1]);
        }
        assert.ok(thinker.asked.every((a) => a.how === 'prefill' && !a.body.thinking));
    });

    test('"continue" asks nobody in words', async () => {
        const { text, error, line } = await ask('openai', 'words');
        assert.ok(error && text && answer.startsWith(text));
        assert.equal(line.outcome, 'broken');
        assert.equal(plain.asked.length, 0);
    });

    test('it is off unless it is wanted', async () => {
        const { error, line } = await ask('anthropic', 'off');
        assert.ok(error);
        assert.deepEqual([line.outcome, line.recovered, plain.asked.length], ['broken', undefined, 0]);
    });

    test('a reply that shall be JSON is not put together', async () => {
        const { error } = await ask('openai', 'asks', { response_format: { type: 'json_object' } });
        assert.ok(error);
        assert.equal(plain.asked.length, 0);
        assert.equal((await ask('openai', 'asks')).error, undefined);
        assert.equal(plain.asked.length, 1);
    });

    test('nor are calls', async () => {
        const before = plain.asked.length;
        const s = w.openai().chat.completions.create({
            model: 'calls', stream: true, messages: [{ role: 'user', content: 'call:weather {"city":"Rome","n":123456789}' }],
            tools: [{ type: 'function', function: { name: 'weather', parameters: { type: 'object' } } }],
        });
        await assert.rejects(async () => {
            for await (const _ of await s)
                ;
        });
        assert.equal(plain.asked.length, before);
    });

    test('a comment says who goes on', async () => {
        const r = await w.post('/v1/chat/completions', {
            model: 'asks', stream: true, messages: [{ role: 'user', content: hello }] });
        assert.equal(r.headers.get('x-llmux-provider'), 'b3');
        const text = await r.text();
        assert.match(text, /\n\n: x-llmux-provider: g2\n\ndata: /);
        assert.match(text, /data: \[DONE\]\n\n$/);
    });

    test('it happens once, unless the config says otherwise', async () => {
        const { text, error, line } = await ask('openai', 'chain');
        assert.ok(error && text.length > 0);
        assert.deepEqual([line.outcome, line.attempts, line.recovered, twice.asked.length], ['broken', 2, 1, 0]);
    });
});

describe('what is booked', () => {
    const chunk = (delta, finish_reason = null) => `data: ${JSON.stringify({
        id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
    const usage = `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [],
        usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 } })}\n\n`;
    const body = (model) => ({ model, stream: true, stream_options: { include_usage: true },
                               messages: [{ role: 'user', content: hello }] });
    const said = 'word '.repeat(80); // 400 bytes: 100 tokens
    let w, breaks, shut, rest;

    const open = (res) => res.writeHead(200, { 'content-type': 'text/event-stream' });
    before(async () => {
        breaks = await scripted();
        shut = await scripted();
        rest = await scripted();
        breaks.script = (res) => {
            open(res);
            res.write(chunk({ role: 'assistant', content: said }), () => setTimeout(() => res.destroy(), 50));
        };
        shut.script = (res) => {
            res.writeHead(429, { 'content-type': 'application/json', 'retry-after': '100' });
            res.end('{"error":{"message":"later"}}');
        };
        const of = (name, p, models) => ({ name, type: 'openai.chat', base_url: p.url, api_key: 'k', timeouts, models });
        w = await World.start({
            retries: 0, timeouts, resilience: { ...forgetful, cooldown: {}, breaker: { failures: 1, open: '60s' } },
            routing: { strategy: 'priority', stream_recovery: 'ask' },
            providers: [
                of('breaks', breaks, ['m', 'n']),
                of('shut', shut, [{ name: 'm', upstream: 'x', tier: 2 }, { name: 'shut', upstream: 'x' }]),
                of('rest', rest, [{ name: 'n', tier: 2 }, 'told']),
            ],
        });
    });
    after(async () => {
        await w?.stop();
        await Promise.all([breaks, shut, rest].map((p) => p.stop()));
    });
    const ask = async (model, id, signal) => fetch(`${w.url}/v1/chat/completions`, {
        method: 'POST', headers: { 'content-type': 'application/json', 'x-request-id': id },
        body: JSON.stringify(body(model)), signal });

    // What comes until it breaks off, or has this in it.
    const read = async (r, until) => {
        let text = '';
        try {
            for await (const piece of r.body.pipeThrough(new TextDecoderStream()))
                if ((text += piece).includes(until ?? '\0'))
                    break;
        } catch (e) {
            assert.equal(e.message, 'terminated');
        }
        return text;
    };

    test('a stream that nobody can go on with is booked once', async () => {
        await call(w, 'openai', 'shut', false); // from now on it is
        assert.match(await read(await ask('m', 'once')), /"error"/);
        const line = await w.log('once');
        assert.equal(shut.asked, 1);
        assert.deepEqual([line.outcome, line.attempts, line.tokens_out, line.tokens_guessed], ['broken', 1, 100, true]);
    });

    test('who goes on is asked with more than the client was', async () => {
        rest.script = (res) => { // and breaks off, too
            open(res);
            res.write(chunk({ role: 'assistant', content: said }), () => setTimeout(() => res.destroy(), 50));
        };
        assert.match(await read(await ask('n', 'more')), /"error"/);
        const line = await w.log('more');
        const asked = Math.floor(JSON.stringify(body('n')).length / 4);
        assert.deepEqual([line.recovered, line.tokens_out], [1, 200]);
        assert.ok(Math.abs(line.tokens_in - (2 * asked + 100)) <= 2, `${line.tokens_in} with ${asked} asked`);
    });

    test('a usage that was told is not guessed over when the client leaves before the end', async () => {
        rest.script = (res) => {
            open(res);
            res.write(chunk({ role: 'assistant', content: said }));
            res.write(chunk({}, 'stop'));
            res.write(usage); // and no more
        };
        const control = new AbortController();
        const r = await ask('told', 'told', control.signal);
        await read(r, '"completion_tokens":3');
        control.abort();
        const line = await w.log('told');
        assert.deepEqual([line.tokens_in, line.tokens_out, line.tokens_guessed], [7, 3, undefined]);
    });
});
