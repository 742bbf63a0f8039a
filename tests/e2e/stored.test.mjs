// Replies that a provider keeps: read again, item by item, cancelled, deleted, gone on from.  Two accounts keep what they
// made themselves; nobody tells the gateway whose a reply is but its id.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Fake } from './lib/fakes.mjs';
import { failure, UPSTREAM_KEY, World } from './lib/world.mjs';

const missing = (id) => ({ status: 404, body: { error: {
    message: `Response with id '${id}' not found.`, type: 'invalid_request_error', param: 'id', code: null } } });

// An account that makes replies resp_NAME_1, resp_NAME_2, ...
async function keeper(name) {
    const kept = new Map();
    const fake = await Fake.start(({ method, url, body }) => {
        const { pathname, searchParams } = new URL(url, 'http://fake');
        const [, , id, what] = pathname.split('/').slice(1);
        if (method === 'POST' && !id) {
            const { input, model, previous_response_id: before } = JSON.parse(body);
            if (before && !kept.has(before))
                return missing(before);
            const r = { id: `resp_${name}_${kept.size + 1}`, object: 'response', created_at: 1, status: 'completed', model,
                        previous_response_id: before ?? null, error: null, incomplete_details: null, instructions: null,
                        metadata: {}, parallel_tool_calls: true, temperature: 1, tool_choice: 'auto', tools: [], top_p: 1,
                        output: [{ type: 'message', id: 'msg_1', role: 'assistant', status: 'completed',
                                   content: [{ type: 'output_text', text: `${name}: ${input}`, annotations: [] }] }],
                        usage: { input_tokens: 1, input_tokens_details: { cached_tokens: 0 }, output_tokens: 1,
                                 output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 2 } };
            kept.set(r.id, r);
            return { body: r };
        }
        if (!kept.has(id))
            return missing(id);
        if (what === 'input_items')
            return { body: { object: 'list', data: [{ id: 'item_1', type: 'message', role: 'user', content: [] }],
                             first_id: 'item_1', last_id: 'item_1', has_more: false, order: searchParams.get('order') } };
        if (what === 'cancel')
            return { body: { ...kept.get(id), status: 'cancelled' } };
        if (method === 'DELETE')
            return { body: { id, object: 'response', deleted: kept.delete(id) } };
        return { body: kept.get(id) };
    });
    return fake;
}

let w, east, west;
before(async () => {
    [east, west] = [await keeper('east'), await keeper('west')];
    const responses = (name, fake, models) => ({
        name, type: 'openai.responses', base_url: `${fake.url}/v1`, api_key: UPSTREAM_KEY, models,
    });
    w = await World.start({ providers: [
        responses('east', east, ['any', 'of-east']), responses('west', west, ['any', 'of-west']),
    ] });
});
after(() => w.stop());

const seen = (fake) => fake.requests.map((r) => `${r.method} ${r.url}`);

describe('what is kept', () => {
    test('is found where it was made, and nobody else is asked', async () => {
        const { id } = await w.openai().responses.create({ model: 'of-west', input: 'Hi' });
        const before = east.requests.length;
        const r = await w.openai().responses.retrieve(id);
        assert.equal(r.output_text, 'west: Hi');
        const items = await w.openai().responses.inputItems.list(id, { order: 'asc' });
        assert.equal(items.data[0].id, 'item_1');
        assert.match(seen(west).at(-1), /^GET \/v1\/responses\/resp_west_\d+\/input_items\?order=asc$/);
        assert.equal((await w.openai().responses.cancel(id)).status, 'cancelled');
        await w.openai().responses.delete(id);
        assert.match(seen(west).at(-1), /^DELETE /);
        assert.equal(east.requests.length, before);
    });

    test('what nobody has is missing, in the words of the provider', async () => {
        const e = await failure(w.openai().responses.retrieve('resp_nobody'));
        assert.equal(e.status, 404);
        assert.match(e.message, /resp_nobody/);
        assert.ok(seen(east).includes('GET /v1/responses/resp_nobody'));
        assert.ok(seen(west).includes('GET /v1/responses/resp_nobody'));
    });

    test('is found by asking around where nothing is remembered', async () => {
        const made = await (await fetch(`${west.url}/v1/responses`, {
            method: 'POST', body: JSON.stringify({ model: 'm', input: 'Behind the back' }),
        })).json();
        assert.equal((await w.openai().responses.retrieve(made.id)).output_text, 'west: Behind the back');
    });

    test('a conversation goes on where it began, whichever deployment is next', async () => {
        for (const home of ['east', 'west']) {
            let { id } = await w.openai().responses.create({ model: `of-${home}`, input: 'Hi' });
            for (let i = 0; i < 4; i++) {
                const r = await w.openai().responses.create({ model: 'any', input: `${i}`, previous_response_id: id });
                assert.equal(r.output_text, `${home}: ${i}`);
                id = r.id;
            }
        }
    });

    test('other methods are refused, and other families have nothing to give', async () => {
        const put = await fetch(`${w.url}/v1/responses/resp_1`, { method: 'PUT' });
        assert.equal(put.status, 405);
        assert.equal(put.headers.get('allow'), 'GET, DELETE');
        assert.equal((await fetch(`${w.url}/v1/responses/resp_1/more`)).status, 404);
        const e = await failure(w.openai().responses.create({
            model: 'anthropic/echo', input: 'Hi', previous_response_id: 'resp_1' }));
        assert.equal(e.status, 400);
        assert.match(e.message, /previous_response_id/);
    });

    test('the emulator keeps whatever it is asked for', async () => {
        const ask = (method, path) => fetch(new URL(`/openai.responses/v1/responses/${path}`, w.emulator), {
            method, headers: { authorization: `Bearer ${UPSTREAM_KEY}` },
        }).then((r) => r.json());
        assert.deepEqual([(await ask('GET', 'resp_1')).id, (await ask('POST', 'resp_1/cancel')).status,
                          (await ask('GET', 'resp_1/input_items')).object, (await ask('DELETE', 'resp_1')).deleted],
                         ['resp_1', 'cancelled', 'list', true]);
    });

    test('is in the log', async () => {
        const { id } = await w.openai().responses.create({ model: 'of-east', input: 'Hi' });
        const { response } = await w.openai().responses.retrieve(id).withResponse();
        const line = await w.log(response.headers.get('x-request-id'));
        assert.deepEqual([line.method, line['gen_ai.operation.name'], line.provider, line.status],
                         ['GET', 'stored', 'east', 200]);
    });
});
