// Google's SDK as a client, in front of providers of several dialects: texts, tools, thinking, files, errors, whole
// and streamed; and a provider that speaks its dialect behind the other SDKs.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { ApiError, GoogleGenAI } from '@google/genai';

import { pdf, png, seen } from './lib/fixtures.mjs';
import { failure, UPSTREAM_KEY, World } from './lib/world.mjs';

const types = {
    openai: 'openai.chat', anthropic: 'anthropic.messages', responses: 'openai.responses',
    mistral: 'mistral.chat', converse: 'bedrock.converse', google: 'google.generate',
};

let w, ai;
before(async () => {
    w = await World.start({
        // The emulator knows a dialect by its name.
        providers: (emulator) => [
            ...Object.entries(types).slice(2).map(([name, type]) => ({
                name: `up-${name}`, type, api_key: UPSTREAM_KEY,
                base_url: emulator.replace(/v1$/, `${type}/v1`),
                models: [{ name: `${name}/*`, upstream: '*' }],
            })),
            // Another account of the same provider.
            { name: 'up-stranger', type: 'google.generate', api_key: UPSTREAM_KEY,
              base_url: emulator.replace(/v1$/, 'google.generate/v1beta'),
              models: [{ name: 'stranger/*', upstream: '*' }] },
        ],
    });
    ai = new GoogleGenAI({ apiKey: 'sk-client', httpOptions: { baseUrl: w.url } });
});
after(() => w.stop());

const schema = { type: 'object', properties: { city: { type: 'string' } } };
const tools = [{ functionDeclarations: ['weather', 'time'].map((name) => (
    { name, description: `the ${name}`, parametersJsonSchema: schema })) }];

// All parts, the last reason to stop and the last usage of a stream.
async function collect(params) {
    const all = { parts: [], text: '', finish: undefined, usage: undefined };
    for await (const c of await ai.models.generateContentStream(params)) {
        all.parts.push(...c.candidates[0].content?.parts ?? []);
        all.finish = c.candidates[0].finishReason ?? all.finish;
        all.usage = c.usageMetadata ?? all.usage;
    }
    all.text = all.parts.map((p) => p.thought ? '' : p.text ?? '').join('');
    return all;
}

for (const up of Object.keys(types)) {
    const model = `${up}/echo`;

    describe(`google front, ${up} upstream`, () => {
        test('a text', async () => {
            const r = await ai.models.generateContent({
                model, contents: 'Grüße 😀', config: { systemInstruction: 'Be brief.' } });
            assert.match(r.text, /^You said: Grüße 😀\. Instructions: Be brief\./);
            assert.equal(r.candidates[0].finishReason, 'STOP');
            assert.ok(r.usageMetadata.promptTokenCount > 0);
            assert.equal(r.usageMetadata.totalTokenCount,
                         r.usageMetadata.promptTokenCount + r.usageMetadata.candidatesTokenCount);
        });

        test('a text, streamed', async () => {
            const all = await collect({ model, contents: 'Grüße 😀' });
            assert.equal(all.text, 'You said: Grüße 😀.');
            assert.equal(all.finish, 'STOP');
            assert.ok(all.usage.candidatesTokenCount > 0);
        });

        test('parallel calls', async () => {
            const r = await ai.models.generateContent({
                model, config: { tools },
                contents: 'call:weather {"city": "Łódź"}\ncall:time {"city": "Oslo"}' });
            assert.deepEqual(r.functionCalls.map((c) => [c.name, c.args]),
                             [['weather', { city: 'Łódź' }], ['time', { city: 'Oslo' }]]);
            assert.notEqual(r.functionCalls[0].id, r.functionCalls[1].id);
            assert.equal(r.candidates[0].finishReason, 'STOP');
        });

        test('a loop of calls, streamed', async () => {
            const contents = [{ role: 'user', parts: [{ text: 'call:weather {"city": "Łódź"}' }] }];
            const all = await collect({ model, contents, config: { tools } });
            const calls = all.parts.filter((p) => p.functionCall);
            assert.equal(calls.length, 1);
            // Clients need not give ids back.
            const { name, args } = calls[0].functionCall;
            const end = await collect({
                model, config: { tools },
                contents: [...contents, { role: 'model', parts: [{ functionCall: { name, args } }] },
                           { role: 'user', parts: [{ functionResponse: {
                               name, response: { result: 'sunny' } } }] }] });
            assert.match(end.text, /sunny/);
            assert.equal(end.finish, 'STOP');
        });

        test('a call that is demanded by its name', async () => {
            const r = await ai.models.generateContent({
                model, contents: 'Hello',
                config: { tools, toolConfig: { functionCallingConfig: {
                    mode: 'ANY', allowedFunctionNames: ['time'] } } } });
            assert.deepEqual(r.functionCalls.map((c) => c.name), ['time']);
        });

        test('a limit of tokens', async () => {
            const r = await ai.models.generateContent({
                model, contents: `say:${'long '.repeat(99)}`,
                config: { maxOutputTokens: 16 } });
            assert.equal(r.candidates[0].finishReason, 'MAX_TOKENS');
        });

        test('an error of the provider', async () => {
            const e = await failure(ai.models.generateContent({ model: `${up}/any!429`,
                                                                contents: 'Hello' }));
            assert.ok(e instanceof ApiError);
            assert.equal(e.status, 429);
            assert.match(e.message, /RESOURCE_EXHAUSTED/);
        });
    });
}

for (const up of ['openai', 'anthropic', 'responses', 'google']) {
    test(`google front, ${up} upstream: an image`, async () => {
        const r = await ai.models.generateContent({
            model: `${up}/echo`,
            contents: [{ role: 'user', parts: [
                { text: 'Look' },
                { inlineData: { mimeType: 'image/png', data: png.toString('base64') } }] }] });
        assert.equal(r.text, `You said: Look. Image: ${seen('image/png', png)}`);
    });
}

test('google front, anthropic upstream: thoughts come when they are wanted', async () => {
    const r = await ai.models.generateContent({
        model: 'anthropic/echo', contents: 'think:Hm.\nHello',
        config: { maxOutputTokens: 4000,
                  thinkingConfig: { thinkingBudget: 2000, includeThoughts: true } } });
    const [thought, text] = r.candidates[0].content.parts;
    assert.equal(thought.thought, true);
    assert.equal(thought.text, 'Hm.');
    assert.ok(thought.thoughtSignature.startsWith('llmux:anthropic.messages:'));
    assert.match(text.text, /Hello/);
    assert.ok(r.usageMetadata.thoughtsTokenCount > 0);
});

// The emulator signs its thinking and the first of its calls, and refuses any other signature.
const parameters = { type: 'object', properties: { zone: { type: 'string' } } };
const asked = 'think:Hm.\ncall:time {"zone": "UTC"}';

// The signature of the call as the provider got it back.
const signature = async () => {
    const { body } = await w.last();
    const parts = body.contents.flatMap((c) => c.parts);
    assert.ok(!JSON.stringify(body).includes('llmux:'));
    return parts.find((p) => p.functionCall)?.thoughtSignature;
};

describe('openai front, google upstream', () => {
    const params = { model: 'google/echo', reasoning_effort: 'low',
                     tools: [{ type: 'function', function: { name: 'time', parameters } }] };
    const messages = [{ role: 'user', content: asked }];
    const next = (m) => [...messages, m,
                         { role: 'tool', tool_call_id: m.tool_calls[0].id, content: 'noon' }];

    test('signatures survive a loop of calls', async () => {
        const r = await w.openai().chat.completions.create({ ...params, messages });
        const m = r.choices[0].message;
        assert.equal(m.reasoning_content, 'Hm.');
        const end = await w.openai().chat.completions.create({ ...params, messages: next(m) });
        assert.match(end.choices[0].message.content, /noon/);
        assert.ok((await signature()).length > 100);
    });

    test('signatures survive a loop of calls, streamed', async () => {
        const blocks = [], calls = [];
        const s = await w.openai().chat.completions.create({ ...params, messages, stream: true });
        for await (const c of s) {
            for (const { thinking = '', signature } of c.choices[0]?.delta.thinking_blocks ?? []) {
                if (blocks.length === 0 || blocks.at(-1).signature)
                    blocks.push({ type: 'thinking', thinking: '' });
                blocks.at(-1).thinking += thinking;
                blocks.at(-1).signature = signature;
            }
            for (const call of c.choices[0]?.delta.tool_calls ?? []) {
                calls[call.index] ??= { ...call, function: { ...call.function } };
                if (call !== calls[call.index] && !call.id)
                    calls[call.index].function.arguments += call.function.arguments;
            }
        }
        const m = { role: 'assistant', content: null, thinking_blocks: blocks, tool_calls: calls };
        const end = await w.openai().chat.completions.create({ ...params, messages: next(m) });
        assert.match(end.choices[0].message.content, /noon/);
        assert.ok((await signature()).length > 100);
    });

    test('they reach no other account and no other provider', async () => {
        const r = await w.openai().chat.completions.create({ ...params, messages });
        const m = r.choices[0].message;
        for (const model of ['stranger/echo', 'anthropic/echo', 'openai/echo']) {
            const end = await w.openai().chat.completions.create({ ...params, model,
                                                                   messages: next(m) });
            assert.match(end.choices[0].message.content, /noon/);
            const { body } = await w.last();
            assert.ok(!JSON.stringify(body).includes('ignature":"'), model);
            if (model !== 'openai/echo')
                assert.ok(!JSON.stringify(body).includes('llmux:'), model);
        }
    });
});

describe('anthropic front, google upstream', () => {
    const params = { model: 'google/echo', max_tokens: 4000,
                     thinking: { type: 'enabled', budget_tokens: 2000 },
                     tools: [{ name: 'time', input_schema: parameters }] };
    const messages = [{ role: 'user', content: asked }];
    const loop = async (m) => {
        const call = m.content.find((b) => b.type === 'tool_use');
        const end = await w.anthropic().messages.create({
            ...params, messages: [...messages, { role: 'assistant', content: m.content },
                                  { role: 'user', content: [{ type: 'tool_result',
                                                              tool_use_id: call.id,
                                                              content: 'noon' }] }] });
        assert.match(end.content.at(-1).text, /noon/);
        assert.ok((await signature()).length > 100);
    };

    test('signatures survive a loop of calls', async () => {
        await loop(await w.anthropic().messages.create({ ...params, messages }));
    });

    test('signatures survive a loop of calls, streamed', async () => {
        await loop(await w.anthropic().messages.stream({ ...params, messages }).finalMessage());
    });

    test('a document', async () => {
        const m = await w.anthropic().messages.create({
            model: 'google/echo', max_tokens: 500, messages: [{ role: 'user', content: [
                { type: 'document', source: { type: 'base64', media_type: 'application/pdf',
                                              data: pdf.toString('base64') } }] }] });
        assert.match(m.content[0].text, new RegExp(seen('application/pdf', pdf).slice(0, 40)));
    });
});
