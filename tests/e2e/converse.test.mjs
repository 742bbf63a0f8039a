// The AWS SDK as a client, in front of providers of several dialects: texts, tools, thinking, errors, whole and
// in a stream of binary messages.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import {
    BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { NodeHttpHandler } from '@smithy/node-http-handler';

import { failure, UPSTREAM_KEY, World } from './lib/world.mjs';

const types = {
    openai: 'openai.chat', anthropic: 'anthropic.messages', responses: 'openai.responses',
    mistral: 'mistral.chat', converse: 'bedrock.converse',
};

let w, client;
before(async () => {
    w = await World.start({
        // The emulator knows a dialect by its name.
        providers: (emulator) => Object.entries(types).slice(2).map(([name, type]) => ({
            name: `up-${name}`, type, api_key: UPSTREAM_KEY,
            base_url: emulator.replace(/v1$/, `${type}/v1`),
            models: [{ name: `${name}/*`, upstream: '*' }],
        })),
    });
    client = new BedrockRuntimeClient({
        endpoint: w.url, region: 'us-east-1', maxAttempts: 1,
        credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
        requestHandler: new NodeHttpHandler(),
    });
});
after(async () => { client.destroy(); await w.stop(); });

const user = (text) => [{ role: 'user', content: [{ text }] }];
const toolConfig = {
    tools: ['weather', 'time'].map((name) => ({
        toolSpec: {
            name, description: `the ${name}`,
            inputSchema: { json: { type: 'object', properties: { city: { type: 'string' } } } },
        },
    })),
};

// Everything that a stream says.
async function collect(input) {
    const r = await client.send(new ConverseStreamCommand(input));
    const all = { names: [], text: '', calls: [], thinking: '', signature: '' };
    for await (const event of r.stream) {
        const [name] = Object.keys(event);
        all.names.push(name);
        const delta = event.contentBlockDelta?.delta;
        all.text += delta?.text ?? '';
        all.thinking += delta?.reasoningContent?.text ?? '';
        all.signature += delta?.reasoningContent?.signature ?? '';
        if (event.contentBlockStart)
            all.calls.push({ ...event.contentBlockStart.start.toolUse, input: '' });
        if (delta?.toolUse)
            all.calls.at(-1).input += delta.toolUse.input;
        all.stopReason = event.messageStop?.stopReason ?? all.stopReason;
        all.usage = event.metadata?.usage ?? all.usage;
    }
    return all;
}

// The message that a stream amounts to.
async function collectMessage(input) {
    const r = await client.send(new ConverseStreamCommand(input));
    const content = [];
    for await (const { contentBlockStart: start, contentBlockDelta } of r.stream) {
        if (start)
            content[start.contentBlockIndex] = { toolUse: { ...start.start.toolUse, input: '' } };
        if (!contentBlockDelta)
            continue;
        const { contentBlockIndex: i, delta } = contentBlockDelta;
        const reasoning = delta.reasoningContent;
        if (delta.toolUse)
            content[i].toolUse.input += delta.toolUse.input;
        else if (reasoning?.redactedContent)
            content[i] = { reasoningContent: { redactedContent: reasoning.redactedContent } };
        else if (reasoning) {
            content[i] ??= { reasoningContent: { reasoningText: { text: '' } } };
            const { reasoningText } = content[i].reasoningContent;
            reasoningText.text += reasoning.text ?? '';
            reasoningText.signature = reasoning.signature ?? reasoningText.signature;
        }
    }
    for (const b of content)
        if (b.toolUse)
            b.toolUse.input = JSON.parse(b.toolUse.input);
    return { role: 'assistant', content };
}

for (const up of Object.keys(types)) {
    describe(`${up} upstream`, () => {
        const modelId = `${up}/echo`;

        test('answers whole', async () => {
            const r = await client.send(new ConverseCommand({
                modelId, system: [{ text: 'Be brief.' }], messages: user('Hello'),
            }));
            assert.deepEqual(r.output.message, {
                role: 'assistant', content: [{ text: 'You said: Hello. Instructions: Be brief..' }],
            });
            assert.equal(r.stopReason, 'end_turn');
            assert.ok(r.usage.outputTokens > 0);
            const { inputTokens, outputTokens, totalTokens, cacheReadInputTokens = 0 } = r.usage;
            assert.equal(totalTokens, inputTokens + outputTokens + cacheReadInputTokens);
            assert.ok(r.$metadata.requestId);
        });

        test('streams', async () => {
            const s = await collect({ modelId, messages: user('Hello') });
            assert.equal(s.text, 'You said: Hello.');
            assert.equal(s.stopReason, 'end_turn');
            assert.ok(s.usage.outputTokens > 0);
            assert.equal(s.names[0], 'messageStart');
            assert.deepEqual(s.names.slice(-3), ['contentBlockStop', 'messageStop', 'metadata']);
            assert.ok(!s.names.includes('contentBlockStart'));
        });

        test('tells why it stopped', async () => {
            const cut = { modelId, messages: user(`say:${'long '.repeat(99)}`), inferenceConfig: { maxTokens: 16 } };
            assert.equal((await client.send(new ConverseCommand(cut))).stopReason, 'max_tokens');
            assert.equal((await collect(cut)).stopReason, 'max_tokens');
        });

        test('calls tools in parallel', async () => {
            const input = {
                modelId, toolConfig,
                messages: user('call:weather {"city": "Łódź"}\ncall:time {"n": 12345}'),
            };
            const r = await client.send(new ConverseCommand(input));
            const calls = r.output.message.content.map((b) => b.toolUse).filter(Boolean);
            assert.equal(r.stopReason, 'tool_use');
            assert.deepEqual(calls.map((c) => [c.name, c.input]),
                             [['weather', { city: 'Łódź' }], ['time', { n: 12345 }]]);
            const s = await collect(input);
            assert.equal(s.stopReason, 'tool_use');
            assert.deepEqual(s.calls.map((c) => [c.name, JSON.parse(c.input)]),
                             [['weather', { city: 'Łódź' }], ['time', { n: 12345 }]]);
        });

        test('goes on with the results of tools', async () => {
            const messages = user('call:weather {"city": "A"}');
            const first = await client.send(new ConverseCommand({ modelId, toolConfig, messages }));
            const message = first.output.message;
            const { toolUseId } = message.content.find((b) => b.toolUse).toolUse;
            const next = {
                modelId, toolConfig,
                messages: [...messages, message, {
                    role: 'user',
                    content: [{ toolResult: { toolUseId, content: [{ text: 'rain' }],
                                              status: 'success' } }],
                }],
            };
            const r = await client.send(new ConverseCommand(next));
            assert.match(r.output.message.content[0].text, /^Result of \S+: rain\./);
            assert.match((await collect(next)).text, /^Result of \S+: rain\./);
        });

        test('raises the errors of providers by their names', async () => {
            for (const [status, name] of [
                [400, 'ValidationException'], [403, 'AccessDeniedException'],
                [404, 'ResourceNotFoundException'], [429, 'ThrottlingException'],
                [500, 'InternalServerException'], [503, 'ServiceUnavailableException'],
            ])
                for (const Command of [ConverseCommand, ConverseStreamCommand]) {
                    const e = await failure(client.send(new Command({
                        modelId: `${up}/any!${status}`, messages: user('Hello'),
                    })));
                    assert.equal(e.name, name);
                    assert.equal(e.$metadata.httpStatusCode, status);
                    assert.match(e.message, /says the mock/);
                }
        });

        test('a stream that breaks raises an error', async () => {
            const e = await failure(collect({ modelId: `${up}/echo!close-after=4`, messages: user('Hello') }));
            assert.equal(e.name, 'ModelStreamErrorException');
        });
    });
}

// The emulator signs its thinking and refuses any other: what the model thought must come back byte for byte.
describe('thinking', () => {
    const ask = 'think:Über 😀 "quotes"\\nand so on\nseal:secret\ncall:time {"zone": "UTC"}';
    const zone = { type: 'object', properties: { zone: { type: 'string' } } };

    for (const up of ['anthropic', 'converse'])
        for (const streamed of [false, true])
            test(`survives a loop of tools, ${up} upstream${streamed ? ', streamed' : ''}`, async () => {
                const input = {
                    modelId: `${up}/echo`, toolConfig, messages: user(ask),
                    inferenceConfig: { maxTokens: 4000 },
                    additionalModelRequestFields: {
                        thinking: { type: 'enabled', budget_tokens: 2000 },
                    },
                };
                const message = streamed ? await collectMessage(input)
                    : (await client.send(new ConverseCommand(input))).output.message;
                const kinds = message.content.map((b) => Object.keys(b.reasoningContent ?? b)[0]);
                assert.deepEqual(kinds, ['reasoningText', 'redactedContent', 'toolUse']);
                assert.match(message.content[0].reasoningContent.reasoningText.text, /^Über 😀/);
                const { toolUseId } = message.content.at(-1).toolUse;
                const end = await client.send(new ConverseCommand({
                    ...input,
                    messages: [...input.messages, message, {
                        role: 'user',
                        content: [{ toolResult: { toolUseId, content: [{ text: 'noon' }] } }],
                    }],
                }));
                assert.match(end.output.message.content.at(-1).text, /^Result of \S+: noon/);
            });

    test('survives a loop of an Anthropic client, converse upstream', async () => {
        const params = {
            model: 'converse/claude', max_tokens: 4000,
            thinking: { type: 'enabled', budget_tokens: 2000 },
            tools: [{ name: 'time', input_schema: zone }],
        };
        const messages = [{ role: 'user', content: ask }];
        const m = await w.anthropic().messages.stream({ ...params, messages }).finalMessage();
        assert.deepEqual(m.content.map((b) => b.type),
                         ['thinking', 'redacted_thinking', 'tool_use']);
        const end = await w.anthropic().messages.create({ ...params, messages: [
            ...messages, { role: 'assistant', content: m.content },
            { role: 'user', content: [{ type: 'tool_result', tool_use_id: m.content[2].id,
                                        content: 'noon' }] },
        ] });
        assert.match(end.content.at(-1).text, /noon/);
    });

    test('survives a loop of a chat-only client, converse upstream', async () => {
        const params = {
            model: 'converse/claude', reasoning_effort: 'low',
            tools: [{ type: 'function', function: { name: 'time', parameters: zone } }],
        };
        const messages = [{ role: 'user', content: ask }];
        const r = await w.openai().chat.completions.create({ ...params, messages });
        const { message } = r.choices[0];
        assert.match(message.reasoning_content, /^Über 😀/);
        const end = await w.openai().chat.completions.create({ ...params, messages: [
            ...messages, message,
            { role: 'tool', tool_call_id: message.tool_calls[0].id, content: 'noon' },
        ] });
        assert.match(end.choices[0].message.content, /noon/);
        const { body } = await w.last();
        const sent = body.messages.find((m) => m.role === 'assistant').content;
        assert.ok(sent[0].reasoningContent.reasoningText.signature);
        assert.ok(sent[1].reasoningContent.redactedContent);
    });
});
