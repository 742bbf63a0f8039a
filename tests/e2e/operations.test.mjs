// What is no conversation: vectors, counts, pictures, sounds and judgements, through the official SDKs.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { createGoogle } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { GoogleGenAI } from '@google/genai';
import { embedMany } from 'ai';
import { CohereClient, CohereClientV2 } from 'cohere-ai';
import { Ollama } from 'ollama';

import { failure, UPSTREAM_KEY, World } from './lib/world.mjs';

let w;
// What the emulator is asked in beside OpenAI's and Anthropic's dialects.
const embedders = [
    'gemini', 'vertex', 'cohere', 'voyage', 'jina', 'ollama', 'bedrock_titan', 'bedrock_nova', 'mistral', 'nvidia',
];
const rankers = ['cohere', 'voyage', 'jina', 'fireworks', 'bedrock_rerank'];
const counters = ['gemini', 'vertex', 'bedrock', 'anthropic_bedrock', 'openai.responses'];
const named = [...new Set([...embedders, ...rankers, ...counters, 'ollama_completions'])];

before(async () => {
    w = await World.start({
        providers: (emulator) => [{
            name: 'judge', type: 'openai.chat', base_url: emulator, api_key: UPSTREAM_KEY,
            models: [{ name: 'omni-moderation-latest', upstream: 'judge-2' }],
        }, ...[...named, 'openai'].map((type) => ({
            name: type.replace('.', '-'), type, base_url: new URL(`/${type}/v1`, emulator).href,
            api_key: UPSTREAM_KEY,
            models: (type === 'openai' ? ['-'] : ['/', '-']).map((sign) => ({ name: `${type}${sign}*`, upstream: '*' })),
        }))],
    });
});
after(() => w.stop());

const norm = (v) => Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));

describe('embeddings', () => {
    const model = 'openai/embed';

    test('come as numbers, which the SDK asks for in base64', async () => {
        const r = await w.openai().embeddings.create({ model, input: ['one', 'two'], dimensions: 16 });
        assert.equal((await w.last()).body.encoding_format, 'base64');
        assert.equal((await w.last()).body.model, 'embed');
        assert.deepEqual(r.data.map((d) => d.index), [0, 1]);
        for (const d of r.data) {
            assert.equal(d.embedding.length, 16);
            assert.ok(d.embedding.every((x) => x >= -1 && x < 1) && norm(d.embedding) > 0);
        }
        assert.ok(r.usage.prompt_tokens > 0);
    });

    test('are the same in both encodings', async () => {
        const ask = (encoding_format) => w.openai().embeddings.create({ model, input: 'one', encoding_format });
        const [numbers, packed] = [await ask('float'), await ask('base64')];
        const text = packed.data[0].embedding;
        assert.equal(typeof text, 'string');
        const bytes = Buffer.from(text, 'base64');
        const floats = Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
        assert.deepEqual(numbers.data[0].embedding.map(Math.fround), floats);
    });

    test('of token numbers', async () => {
        const r = await w.openai().embeddings.create({ model, input: [[1, 2, 3], [4]] });
        assert.equal(r.data.length, 2);
        assert.deepEqual((await w.last()).body.input, [[1, 2, 3], [4]]);
    });

    test('a provider without them is not asked', async () => {
        const e = await failure(w.openai().embeddings.create({ model: 'anthropic/any', input: 'one' }));
        assert.equal(e.status, 400);
        assert.match(e.message, /does not have embeddings/);
    });

    test('an error comes as one', async () => {
        const e = await failure(w.openai().embeddings.create({ model: `${model}!429`, input: 'one' }));
        assert.equal(e.status, 429);
        assert.equal(e.type, 'rate_limit_error');
    });

    test('are in the log', async () => {
        const { response } = await w.openai().embeddings.create({ model, input: 'one' }).withResponse();
        const line = await w.log(response.headers.get('x-request-id'));
        assert.equal(line['gen_ai.operation.name'], 'embeddings');
        assert.equal(line.tokens_in, 1);
        assert.equal(line.reply_model, 'embed');
    });
});

for (const up of embedders)
    test(`embeddings of ${up}, in both encodings`, async () => {
        const model = `${up}/embed`;
        const direct = await w.openai().embeddings.create({ model: 'openai/embed', input: 'one', dimensions: 8 });
        for (const encoding_format of [undefined, 'float']) {
            const r = await w.openai().embeddings.create({ model, input: ['one'], dimensions: 8, encoding_format });
            assert.equal(r.data.length, 1);
            assert.deepEqual(r.data[0].embedding.map(Math.fround), direct.data[0].embedding.map(Math.fround));
            assert.equal(r.model, 'embed');
        }
    });

for (const up of rankers)
    test(`rerank of ${up}`, async () => {
        const r = await (await w.post('/v1/rerank', {
            model: `${up}/rank`, query: 'red fox', top_n: 1, documents: ['a dog', 'the red fox'],
        })).json();
        assert.deepEqual(r.results.map((x) => x.index), [1]);
        const v2 = await (await w.post('/v2/rerank', {
            model: `${up}/rank`, query: 'red fox', documents: ['a dog', 'the red fox'],
        })).json();
        assert.deepEqual(v2.results.map((x) => x.index), [1, 0]);
    });

for (const up of counters)
    test(`token counting of ${up}`, async () => {
        const r = await w.anthropic().messages.countTokens({
            model: `${up}/any`, messages: [{ role: 'user', content: 'Hello, you!' }],
        });
        assert.ok(r.input_tokens > 0);
    });

// The SDKs that ask for vectors: of two texts, with 4 dimensions each.
const embeds = {
    openai: async (model, input) =>
        (await w.openai().embeddings.create({ model, input, dimensions: 4 })).data.map((d) => d.embedding),
    cohere: async (model, texts) => (await new CohereClientV2({ token: 'sk-client', environment: w.url }).embed({
        model, texts, inputType: 'search_query', embeddingTypes: ['float'], outputDimension: 4,
    })).embeddings.float,
    google: async (model, contents) => (await new GoogleGenAI({
        apiKey: 'sk-client', httpOptions: { baseUrl: w.url },
    }).models.embedContent({ model, contents, config: { outputDimensionality: 4 } })).embeddings.map((e) => e.values),
    ollama: async (model, input) =>
        (await new Ollama({ host: w.url }).embed({ model, input, dimensions: 4 })).embeddings,
    'vercel openai': async (model, values) => (await embedMany({
        model: createOpenAI({ apiKey: 'sk-client', baseURL: `${w.url}/v1` }).embeddingModel(model), values,
        providerOptions: { openai: { dimensions: 4 } },
    })).embeddings,
    'vercel google': async (model, values) => (await embedMany({
        model: createGoogle({ apiKey: 'sk-client', baseURL: `${w.url}/v1beta` }).embeddingModel(model), values,
        providerOptions: { google: { outputDimensionality: 4 } },
    })).embeddings,
};

for (const [sdk, embed] of Object.entries(embeds))
    for (const up of ['openai', ...embedders])
        test(`embeddings by the ${sdk} SDK, ${up} upstream`, async () => {
            const rounded = (vectors) => vectors.map((v) => v.map(Math.fround));
            const texts = ['bedrock_titan', 'bedrock_nova'].includes(up) ? ['one'] : ['one', 'two'];
            const got = await embed(`${up}-embed`, texts);
            assert.deepEqual(got.map((v) => v.length), texts.map(() => 4));
            assert.deepEqual(rounded(got), rounded(await embeds.openai('openai-embed', texts)));
        });

for (const up of rankers)
    test(`rerank by the Cohere SDK, ${up} upstream`, async () => {
        const r = await new CohereClientV2({ token: 'sk-client', environment: w.url }).rerank({
            model: `${up}-rank`, query: 'red fox', documents: ['a dog', 'the red fox'],
        });
        assert.deepEqual(r.results.map((x) => x.index), [1, 0]);
        assert.ok(r.results[0].relevanceScore > r.results[1].relevanceScore);
    });

describe('fronts', () => {
    test('of Cohere, Google and Ollama', async () => {
        const cohere = await (await w.post('/v2/embed', {
            model: 'gemini/embed', texts: ['a', 'b'], input_type: 'search_query', embedding_types: ['float'],
            output_dimension: 4,
        })).json();
        assert.deepEqual(cohere.embeddings.float.map((v) => v.length), [4, 4]);
        const google = await (await w.post('/v1beta/models/cohere%2Fembed:batchEmbedContents', {
            requests: [{ model: 'models/cohere/embed', content: { parts: [{ text: 'a' }] }, outputDimensionality: 4 }],
        })).json();
        assert.deepEqual(google.embeddings[0].values, cohere.embeddings.float[0]);
        const ollama = await (await w.post('/api/embed', { model: 'voyage/embed', input: 'a', dimensions: 4 })).json();
        assert.deepEqual(ollama.embeddings, [cohere.embeddings.float[0]]);
        const count = await (await w.post('/v1/responses/input_tokens', { model: 'anthropic/any', input: 'Hello' })).json();
        assert.equal(count.object, 'response.input_tokens');
        assert.ok(count.input_tokens > 0);
    });

    test('one embedding a request, of Google and Ollama', async () => {
        const google = await (await w.post('/v1beta/models/cohere%2Fembed:embedContent', {
            model: 'models/cohere/embed', content: { parts: [{ text: 'a' }] }, outputDimensionality: 4,
        })).json();
        assert.equal(google.embedding.values.length, 4);
        const direct = await (await w.post('/v1/embeddings', { model: 'openai/embed', input: 'a', dimensions: 4 })).json();
        assert.deepEqual(google.embedding.values, direct.data[0].embedding);
        const older = await (await w.post('/api/embeddings', { model: 'gemini/embed', prompt: 'a' })).json();
        assert.equal(older.embedding.length, 8);
        const same = await (await w.post('/v1beta/models/gemini%2Fembed:embedContent', {
            content: { parts: [{ text: 'a' }] }, outputDimensionality: 4,
        })).json();
        assert.deepEqual(same.embedding.values, google.embedding.values);
        assert.match((await w.last()).path, /:batchEmbedContents$/);
    });

    test('completions of Ollama, whole and streamed, before each dialect', async () => {
        const ollama = new Ollama({ host: w.url });
        for (const model of ['openai/echo', 'anthropic/echo', 'ollama/echo', 'gemini/echo', 'ollama_completions/echo']) {
            const ask = { model, prompt: 'Hello', system: 'Be brief.', options: { num_predict: 50 } };
            const whole = await ollama.generate(ask);
            assert.match(whole.response, /^You said: Hello/);
            assert.equal(whole.done_reason, 'stop');
            assert.ok(whole.prompt_eval_count > 0 && whole.eval_count > 0);
            let text = '', last;
            for await (const part of await ollama.generate({ ...ask, stream: true })) {
                text += part.response;
                last = part;
            }
            assert.equal(text, whole.response);
            assert.equal(last.done, true);
            assert.equal(last.eval_count, whole.eval_count);
        }
    });

    test('a chat before a provider of completions', async () => {
        const r = await w.anthropic().messages.create({
            model: 'ollama_completions/echo', max_tokens: 50, messages: [{ role: 'user', content: 'Hello' }],
        });
        assert.match(r.content[0].text, /^You said: Hello/);
        assert.match((await w.last()).path, /\/api\/generate$/);
    });
});

describe('the models, in the words of who asks', () => {
    const names = (l) => l.map((m) => m.id ?? m.name ?? m.model);

    test('OpenAI', async () => {
        assert.ok(names((await w.openai().models.list()).data).includes('openai/*'));
        const m = await w.openai().models.retrieve('openai/a');
        assert.deepEqual([m.id, m.object, typeof m.created], ['openai/a', 'model', 'number']);
        assert.equal(m.display_name, undefined);
        assert.equal((await failure(w.openai().models.retrieve('nobody'))).status, 404);
    });

    test('Anthropic', async () => {
        assert.ok(names((await w.anthropic().models.list()).data).includes('openai/*'));
        const m = await w.anthropic().models.retrieve('anthropic/a');
        assert.deepEqual([m.id, m.type], ['anthropic/a', 'model']);
        assert.ok(!Number.isNaN(Date.parse(m.created_at)));
        const e = await failure(w.anthropic().models.retrieve('nobody'));
        assert.equal(e.error.error.type, 'not_found_error');
    });

    test('Google', async () => {
        const ai = new GoogleGenAI({ apiKey: 'sk-client', httpOptions: { baseUrl: w.url } });
        const all = [];
        for await (const m of await ai.models.list())
            all.push(m.name);
        assert.ok(all.includes('models/openai/*'), all);
        assert.equal((await ai.models.get({ model: 'models/gemini/a' })).name, 'models/gemini/a');
        const e = JSON.parse((await failure(ai.models.get({ model: 'nobody' }))).message).error;
        assert.deepEqual([e.code, e.status], [404, 'NOT_FOUND']);
    });

    test('Ollama', async () => {
        assert.ok(names((await new Ollama({ host: w.url }).list()).models).includes('openai/*'));
    });

    test('Cohere', async () => {
        const cohere = new CohereClient({ token: 'sk-client', environment: `${w.url}/cohere` });
        assert.ok(names((await cohere.models.list()).models).includes('openai/*'));
        assert.equal((await cohere.models.get('openai/a')).name, 'openai/a');
    });
});

test('what the gateway itself says to clients of Google', async () => {
    const ask = async (model, body) => (await w.post(`/v1beta/models/${model}:generateContent`, body)).json();
    const hello = { contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] };
    const missing = (await ask('nobody', hello)).error;
    assert.deepEqual([missing.code, missing.status], [404, 'NOT_FOUND']);
    assert.match(missing.message, /no such model/);
    const invalid = (await ask('gemini%2Fecho', { contents: 1 })).error;
    assert.deepEqual([invalid.code, invalid.status], [400, 'INVALID_ARGUMENT']);
});

describe('rerank', () => {
    test('orders documents', async () => {
        const r = await (await w.post('/v1/rerank', {
            model: 'openai/rank', query: 'red fox', top_n: 2, return_documents: true,
            documents: ['a dog', { text: 'the red fox' }, 'a red dog'],
        })).json();
        assert.deepEqual(r.results.map((x) => x.index), [1, 2]);
        assert.ok(r.results[0].relevance_score > r.results[1].relevance_score);
        assert.equal(r.results[0].document.text, 'the red fox');
    });
});

describe('token counting', () => {
    test('answers with a number', async () => {
        const r = await w.anthropic().messages.countTokens({
            model: 'anthropic/any', system: 'Be brief.', messages: [{ role: 'user', content: 'Hello, you!' }],
        });
        assert.ok(r.input_tokens > 0);
        assert.equal((await w.last()).path, '/v1/messages/count_tokens');
        assert.equal((await w.last()).body.max_tokens, undefined);
    });

    test('a provider that cannot count says so', async () => {
        const e = await failure(w.anthropic().messages.countTokens({
            model: 'openai/any', messages: [{ role: 'user', content: 'Hello' }],
        }));
        assert.equal(e.status, 400);
        assert.equal(e.error.error.type, 'invalid_request_error');
        assert.match(e.message, /does not have count_tokens/);
    });
});

describe('what passes', () => {
    test('moderations', async () => {
        const r = await w.openai().moderations.create({ model: 'openai/judge', input: 'Hello' });
        assert.equal(r.results[0].flagged, false);
        assert.equal(r.model, 'judge');
    });

    test('images, with members that nobody knows', async () => {
        const r = await w.openai().images.generate({ model: 'openai/paint', prompt: 'a cat', shade: [1.0] });
        assert.ok(r.data[0].b64_json);
        const sent = await w.last();
        assert.equal(sent.path, '/v1/images/generations');
        assert.deepEqual(sent.body, { model: 'paint', prompt: 'a cat', shade: [1] });
    });

    test('speech, binary and large', async () => {
        const r = await w.openai().audio.speech.create({
            model: 'openai/say!tokens=500000', voice: 'alloy', input: 'Hello',
        });
        assert.equal(r.headers.get('content-type'), 'audio/mpeg');
        const hash = (b) => createHash('sha256').update(Buffer.from(b)).digest('hex');
        const through = await r.arrayBuffer();
        assert.equal(through.byteLength, 2_000_000);
        const direct = await fetch(`${w.emulator}/audio/speech`, {
            method: 'POST',
            headers: { 'content-type': 'application/json', authorization: 'Bearer sk-upstream-0123456789abcdef' },
            body: JSON.stringify((await w.last()).body),
        });
        assert.equal(hash(through), hash(await direct.arrayBuffer()));
    });

    test('a form with a file', async () => {
        const file = new File([new Uint8Array([0, 13, 10, 45, 45, 255])], 'a.mp3', { type: 'audio/mpeg' });
        const r = await w.openai().audio.transcriptions.create({ model: 'openai/hear', file, language: 'en' });
        assert.equal(typeof r.text, 'string');
        assert.equal(r.model, 'hear');
        const edit = await w.openai().images.edit({
            model: 'openai/paint', prompt: 'blue', image: new File([new Uint8Array(70_000)], 'a.png'),
        });
        assert.equal(edit.model, 'paint');
    });

    test('what the provider says of the cost is in the log', async () => {
        const { response } = await w.openai().images.generate({ model: 'openai/paint', prompt: 'a cat' }).withResponse();
        const line = await w.log(response.headers.get('x-request-id'));
        assert.deepEqual([line.tokens_in, line.tokens_out], [3, 5]);
    });

    test('a request that names no model means the usual one', async () => {
        const { data, response } = await w.openai().moderations.create({ input: 'Hello' }).withResponse();
        assert.equal(data.model, 'judge-2');
        assert.deepEqual((await w.last()).body, { input: 'Hello', model: 'judge-2' });
        assert.equal((await w.log(response.headers.get('x-request-id'))).model, 'omni-moderation-latest');
        const e = await failure(w.openai().images.generate({ prompt: 'a cat' }));
        assert.equal(e.status, 404);
        assert.match(e.message, /names none and means the usual one; no such model: dall-e-2/);
        const image = new File([new Uint8Array(70)], 'a.png', { type: 'image/png' });
        assert.equal((await failure(w.openai().images.createVariation({ image }))).status, 404);
    });

    test('a form without a model is refused', async () => {
        const form = new FormData();
        form.set('language', 'en');
        const r = await fetch(`${w.url}/v1/audio/transcriptions`, { method: 'POST', body: form });
        assert.equal(r.status, 400);
        assert.match((await r.json()).error.message, /no field 'model'/);
    });

    test('errors of the provider, and of a reply that is cut off', async () => {
        const e = await failure(w.openai().images.generate({ model: 'openai/paint!503', prompt: 'a cat' }));
        assert.equal(e.status, 503);
        const cut = w.openai().audio.speech.create({
            model: 'openai/say!close-after=500', voice: 'alloy', input: 'Hello',
        });
        await failure(cut.then((r) => r.arrayBuffer()));
    });

    test('nothing goes to another API', async () => {
        const e = await failure(w.openai().images.generate({ model: 'anthropic/any', prompt: 'a cat' }));
        assert.equal(e.status, 400);
        assert.match(e.message, /does not have images in the form of this API/);
    });
});

