// The vendors' SDKs, each behind the same face.  make(w) gives { say, stops, status, isOwn }:
//
//   say({ model, system, tools, limit, think, turns }, { stream, signal, onText })
//     think: true, where the SDK has words for it
//     turns: { user: text }, { reply: what say gave as `turn` }, { results: [[call, text], ...] }
//     tools: names; all have the schema below
//     returns { text, stop, calls: [{ id, name, args }], input, output, turn }
//   stops: what the SDK calls an end, a limit, a call; status(e) of an error; isOwn(e, status): is it the SDK's own
//   class for that status?
import assert from 'node:assert/strict';

import Anthropic from '@anthropic-ai/sdk';
import {
    BedrockRuntimeClient, BedrockRuntimeServiceException, ConverseCommand, ConverseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { ApiError, GoogleGenAI } from '@google/genai';
import { Mistral } from '@mistralai/mistralai';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { Cohere, CohereClientV2 } from 'cohere-ai';
import { Ollama } from 'ollama';
import OpenAI from 'openai';

export const schema = {
    type: 'object', properties: { city: { type: 'string' }, n: { type: 'integer' } },
};

// One message, or several, for each turn of a conversation.
export const messages = (turns, { user, reply, results }) => turns.flatMap((t) =>
    t.user !== undefined ? user(t.user) : t.reply !== undefined ? reply(t.reply) : results(t.results));

const openaiClasses = {
    400: 'BadRequestError', 401: 'AuthenticationError', 403: 'PermissionDeniedError', 404: 'NotFoundError',
    429: 'RateLimitError', 500: 'InternalServerError', 503: 'InternalServerError',
};

function openai(w) {
    const { completions } = w.openai().chat;
    const request = (c) => ({
        model: c.model, max_completion_tokens: c.limit,
        tools: c.tools?.map((name) => ({ type: 'function', function: { name, parameters: schema } })),
        messages: [
            ...c.system ? [{ role: 'system', content: c.system }] : [],
            ...messages(c.turns, {
                user: (content) => ({ role: 'user', content }),
                reply: (message) => message,
                results: (all) => all.map(([call, content]) => ({
                    role: 'tool', tool_call_id: call.id, content,
                })),
            }),
        ],
    });
    return {
        stops: { end: 'stop', length: 'length', call: 'tool_calls' },
        async say(c, { stream, signal, onText = () => {} } = {}) {
            let r;
            if (stream) {
                const s = completions.stream({ ...request(c), stream_options: { include_usage: true } },
                                             { signal });
                s.on('content', onText);
                r = await s.finalChatCompletion();
            } else {
                r = await completions.create(request(c), { signal });
            }
            const { message, finish_reason } = r.choices[0];
            return {
                text: message.content ?? '', stop: finish_reason, turn: message,
                calls: (message.tool_calls ?? []).map((t) =>
                    ({ id: t.id, name: t.function.name, args: JSON.parse(t.function.arguments) })),
                input: r.usage.prompt_tokens, output: r.usage.completion_tokens,
            };
        },
        status: (e) => e.status,
        isOwn: (e, status) => e instanceof OpenAI[openaiClasses[status] ?? 'APIError'],
    };
}

function responses(w) {
    const client = w.openai().responses;
    const request = (c) => ({
        model: c.model, max_output_tokens: c.limit, instructions: c.system, store: false,
        include: ['reasoning.encrypted_content'], reasoning: c.think && { effort: 'low' },
        tools: c.tools?.map((name) => ({ type: 'function', name, parameters: schema, strict: false })),
        input: messages(c.turns, {
            user: (content) => ({ role: 'user', content }),
            reply: (items) => items,
            results: (all) => all.map(([call, output]) => ({
                type: 'function_call_output', call_id: call.id, output,
            })),
        }),
    });
    return {
        stops: { end: 'completed', length: 'max_output_tokens', call: 'completed' },
        async say(c, { stream, signal, onText = () => {} } = {}) {
            let r;
            if (stream) {
                const s = client.stream(request(c), { signal });
                s.on('response.output_text.delta', (e) => onText(e.delta));
                r = await s.finalResponse();
            } else {
                r = await client.create(request(c), { signal });
            }
            return {
                text: r.output_text, stop: r.incomplete_details?.reason ?? r.status, turn: r.output,
                calls: r.output.filter((i) => i.type === 'function_call').map((i) =>
                    ({ id: i.call_id, name: i.name, args: JSON.parse(i.arguments) })),
                input: r.usage.input_tokens, output: r.usage.output_tokens,
            };
        },
        status: (e) => e.status,
        isOwn: (e, status) => e instanceof OpenAI[openaiClasses[status] ?? 'APIError'],
    };
}

function anthropic(w) {
    const client = w.anthropic().messages;
    const request = (c) => ({
        model: c.model, max_tokens: c.limit ?? 4000, system: c.system,
        thinking: c.think && { type: 'enabled', budget_tokens: 2000 },
        tools: c.tools?.map((name) => ({ name, input_schema: schema })),
        messages: messages(c.turns, {
            user: (content) => ({ role: 'user', content }),
            reply: (content) => ({ role: 'assistant', content }),
            results: (all) => ({
                role: 'user',
                content: all.map(([call, content]) => ({
                    type: 'tool_result', tool_use_id: call.id, content,
                })),
            }),
        }),
    });
    return {
        stops: { end: 'end_turn', length: 'max_tokens', call: 'tool_use' },
        async say(c, { stream, signal, onText = () => {} } = {}) {
            let m;
            if (stream) {
                const s = client.stream(request(c), { signal });
                s.on('text', onText);
                m = await s.finalMessage();
            } else {
                m = await client.create(request(c), { signal });
            }
            return {
                text: m.content.map((b) => b.text ?? '').join(''), stop: m.stop_reason, turn: m.content,
                calls: m.content.filter((b) => b.type === 'tool_use').map((b) =>
                    ({ id: b.id, name: b.name, args: b.input })),
                input: m.usage.input_tokens, output: m.usage.output_tokens,
            };
        },
        status: (e) => e.status,
        isOwn: (e, status) => e instanceof Anthropic[openaiClasses[status] ?? 'APIError'],
    };
}

function google(w) {
    const { models } = new GoogleGenAI({ apiKey: 'sk-client', httpOptions: { baseUrl: w.url } });
    const request = (c, abortSignal) => ({
        model: c.model,
        config: {
            maxOutputTokens: c.limit, systemInstruction: c.system, abortSignal,
            thinkingConfig: c.think && { thinkingBudget: 2000, includeThoughts: true },
            tools: c.tools && [{ functionDeclarations: c.tools.map((name) =>
                ({ name, parametersJsonSchema: schema })) }],
        },
        contents: messages(c.turns, {
            user: (text) => ({ role: 'user', parts: [{ text }] }),
            reply: (parts) => ({ role: 'model', parts }),
            results: (all) => ({
                role: 'user',
                parts: all.map(([{ id, name }, result]) => ({
                    functionResponse: { id, name, response: { result } },
                })),
            }),
        }),
    });
    return {
        stops: { end: 'STOP', length: 'MAX_TOKENS', call: 'STOP' },
        async say(c, { stream, signal, onText = () => {} } = {}) {
            const parts = [];
            let finish, usage;
            const add = (r) => {
                parts.push(...r.candidates?.[0].content?.parts ?? []);
                finish = r.candidates?.[0].finishReason ?? finish;
                usage = r.usageMetadata ?? usage;
            };
            if (stream)
                for await (const r of await models.generateContentStream(request(c, signal))) {
                    add(r);
                    onText(r.text ?? '');
                }
            else
                add(await models.generateContent(request(c, signal)));
            return {
                text: parts.map((p) => p.thought ? '' : p.text ?? '').join(''), stop: finish, turn: parts,
                calls: parts.filter((p) => p.functionCall).map((p) => p.functionCall),
                input: usage.promptTokenCount, output: usage.candidatesTokenCount,
            };
        },
        status: (e) => e.status, isOwn: (e) => e instanceof ApiError,
    };
}

const cohereClasses = {
    400: 'BadRequestError', 401: 'UnauthorizedError', 403: 'ForbiddenError', 404: 'NotFoundError',
    429: 'TooManyRequestsError', 500: 'InternalServerError', 503: 'ServiceUnavailableError',
};

function cohere(w) {
    const client = new CohereClientV2({ token: 'sk-client', environment: w.url, maxRetries: 0 });
    const request = (c) => ({
        model: c.model, maxTokens: c.limit,
        tools: c.tools?.map((name) => ({ type: 'function', function: { name, parameters: schema } })),
        messages: [
            ...c.system ? [{ role: 'system', content: c.system }] : [],
            ...messages(c.turns, {
                user: (content) => ({ role: 'user', content }),
                reply: (message) => message,
                results: (all) => all.map(([call, content]) => ({
                    role: 'tool', toolCallId: call.id, content,
                })),
            }),
        ],
    });
    // What a stream amounts to, in the form of a whole reply.
    const collect = async (stream, onText) => {
        const message = { role: 'assistant', content: [], toolCalls: [] }, types = [];
        let end;
        for await (const e of stream) {
            const m = e.delta?.message;
            types.push(e.type);
            if (e.type === 'content-start') {
                message.content[e.index] = { ...m.content };
            } else if (e.type === 'content-delta') {
                const part = message.content[e.index];
                for (const [k, v] of Object.entries(m.content))
                    part[k] = (part[k] ?? '') + v;
                onText(m.content.text ?? '');
            } else if (e.type === 'tool-call-start') {
                const call = m.toolCalls;
                message.toolCalls[e.index] = { ...call, function: { arguments: '', ...call.function } };
            } else if (e.type === 'tool-call-delta') {
                message.toolCalls[e.index].function.arguments += m.toolCalls.function.arguments;
            } else if (e.type === 'message-end') {
                end = e.delta;
                if (end.error)
                    throw new Error(end.error);
            }
        }
        assert.equal(types[0], 'message-start');
        assert.equal(types.at(-1), 'message-end');
        message.content = message.content.filter(Boolean);
        return { message, finishReason: end.finishReason, usage: end.usage };
    };
    return {
        stops: { end: 'COMPLETE', length: 'MAX_TOKENS', call: 'TOOL_CALL' },
        async say(c, { stream, signal, onText = () => {} } = {}) {
            const more = { abortSignal: signal };
            const r = stream ? await collect(await client.chatStream(request(c), more), onText)
                : await client.chat(request(c), more);
            return {
                text: (r.message.content ?? []).map((p) => p.text ?? '').join(''), stop: r.finishReason,
                calls: (r.message.toolCalls ?? []).map((k) =>
                    ({ id: k.id, name: k.function.name, args: JSON.parse(k.function.arguments) })),
                turn: r.message, input: r.usage.tokens.inputTokens, output: r.usage.tokens.outputTokens,
            };
        },
        status: (e) => e.statusCode, isOwn: (e, status) => e instanceof Cohere[cohereClasses[status]],
    };
}

function mistral(w) {
    const { chat } = new Mistral({
        apiKey: 'sk-client', serverURL: `${w.url}/mistral`, retryConfig: { strategy: 'none' },
    });
    const text = (content) => (typeof content === 'string' ? content
        : (content ?? []).map((p) => p.text ?? '').join(''));
    const parse = (a) => (typeof a === 'string' ? JSON.parse(a) : a);
    const request = (c) => ({
        model: c.model, maxTokens: c.limit,
        tools: c.tools?.map((name) => ({ type: 'function', function: { name, parameters: schema } })),
        messages: [
            ...c.system ? [{ role: 'system', content: c.system }] : [],
            ...messages(c.turns, {
                user: (content) => ({ role: 'user', content }),
                reply: (message) => message,
                results: (all) => all.map(([call, content]) => ({
                    role: 'tool', toolCallId: call.id, name: call.name, content,
                })),
            }),
        ],
    });
    const collect = async (stream, onText) => {
        const message = { role: 'assistant', content: '', toolCalls: [] };
        let finishReason, usage;
        for await (const { data } of stream) {
            const { delta, finishReason: finish } = data.choices[0];
            message.content += text(delta.content);
            onText(text(delta.content));
            for (const k of delta.toolCalls ?? []) {
                message.toolCalls[k.index] ??= { ...k, function: { name: k.function.name, arguments: '' } };
                message.toolCalls[k.index].function.arguments += k.function.arguments;
            }
            finishReason = finish ?? finishReason;
            usage = data.usage ?? usage;
        }
        return { choices: [{ message, finishReason }], usage };
    };
    return {
        stops: { end: 'stop', length: 'length', call: 'tool_calls' },
        async say(c, { stream, signal, onText = () => {} } = {}) {
            const more = { fetchOptions: { signal } };
            const r = stream ? await collect(await chat.stream(request(c), more), onText)
                : await chat.complete(request(c), more);
            const { message, finishReason } = r.choices[0];
            return {
                text: text(message.content), stop: finishReason, turn: message,
                calls: (message.toolCalls ?? []).map((k) =>
                    ({ id: k.id, name: k.function.name, args: parse(k.function.arguments) })),
                input: r.usage.promptTokens, output: r.usage.completionTokens,
            };
        },
        status: (e) => e.statusCode, isOwn: (e) => e.constructor.name.endsWith('Error') && 'rawResponse' in e,
    };
}

const awsNames = {
    400: 'ValidationException', 403: 'AccessDeniedException', 404: 'ResourceNotFoundException',
    429: 'ThrottlingException', 500: 'InternalServerException', 503: 'ServiceUnavailableException',
};

function aws(w) {
    const client = new BedrockRuntimeClient({
        endpoint: w.url, region: 'us-east-1', maxAttempts: 1, requestHandler: new NodeHttpHandler(),
        credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
    });
    const request = (c) => ({
        modelId: c.model, system: c.system && [{ text: c.system }],
        inferenceConfig: (c.limit || c.think) && { maxTokens: c.limit ?? 4000 },
        additionalModelRequestFields: c.think && { thinking: { type: 'enabled', budget_tokens: 2000 } },
        toolConfig: c.tools && { tools: c.tools.map((name) =>
            ({ toolSpec: { name, inputSchema: { json: schema } } })) },
        messages: messages(c.turns, {
            user: (text) => ({ role: 'user', content: [{ text }] }),
            reply: (message) => message,
            results: (all) => ({
                role: 'user',
                content: all.map(([call, text]) => ({
                    toolResult: { toolUseId: call.id, content: [{ text }], status: 'success' },
                })),
            }),
        }),
    });
    const reason = (so = { reasoningText: { text: '' } }, { text = '', signature, redactedContent }) =>
        (redactedContent ? { redactedContent } : { reasoningText: {
            text: so.reasoningText.text + text, signature: signature ?? so.reasoningText.signature,
        } });
    const collect = async ({ stream }, onText) => {
        const content = [];
        let stopReason, usage;
        for await (const e of stream) {
            const { contentBlockIndex: i, start, delta } = e.contentBlockStart ?? e.contentBlockDelta ?? {};
            if (start)
                content[i] = { toolUse: { ...start.toolUse, input: '' } };
            if (delta?.toolUse)
                content[i].toolUse.input += delta.toolUse.input;
            if (delta?.text !== undefined) {
                content[i] = { text: (content[i]?.text ?? '') + delta.text };
                onText(delta.text);
            }
            if (delta?.reasoningContent)
                content[i] = { reasoningContent: reason(content[i]?.reasoningContent, delta.reasoningContent) };
            stopReason = e.messageStop?.stopReason ?? stopReason;
            usage = e.metadata?.usage ?? usage;
        }
        for (const { toolUse } of content)
            if (toolUse)
                toolUse.input = JSON.parse(toolUse.input);
        return { output: { message: { role: 'assistant', content } }, stopReason, usage };
    };
    return {
        stops: { end: 'end_turn', length: 'max_tokens', call: 'tool_use' },
        async say(c, { stream, signal: abortSignal, onText = () => {} } = {}) {
            const Command = stream ? ConverseStreamCommand : ConverseCommand;
            const sent = await client.send(new Command(request(c)), { abortSignal });
            const r = stream ? await collect(sent, onText) : sent;
            const { message } = r.output;
            return {
                text: message.content.map((b) => b.text ?? '').join(''), stop: r.stopReason, turn: message,
                calls: message.content.filter((b) => b.toolUse).map(({ toolUse: t }) =>
                    ({ id: t.toolUseId, name: t.name, args: t.input })),
                input: r.usage.inputTokens, output: r.usage.outputTokens,
            };
        },
        status: (e) => e.$metadata.httpStatusCode,
        isOwn: (e, status) => e instanceof BedrockRuntimeServiceException
            && (!awsNames[status] || e.name === awsNames[status]),
        close: () => client.destroy(),
    };
}

function ollama(w) {
    const request = (c) => ({
        model: c.model, options: { num_predict: c.limit },
        tools: c.tools?.map((name) => ({
            type: 'function', function: { name, description: name, parameters: schema },
        })),
        messages: [
            ...c.system ? [{ role: 'system', content: c.system }] : [],
            ...messages(c.turns, {
                user: (content) => ({ role: 'user', content }),
                reply: (message) => message,
                results: (all) => all.map(([call, content]) => ({
                    role: 'tool', tool_name: call.name, content,
                })),
            }),
        ],
    });
    const collect = async (stream, onText) => {
        const message = { role: 'assistant', content: '', tool_calls: [] };
        let last;
        for await (const part of stream) {
            message.content += part.message.content;
            message.tool_calls.push(...part.message.tool_calls ?? []);
            onText(part.message.content);
            last = part;
        }
        return { ...last, message };
    };
    return {
        stops: { end: 'stop', length: 'length', call: 'stop' },
        async say(c, { stream, signal, onText = () => {} } = {}) {
            const client = new Ollama({ host: w.url }); // what aborts is the client as a whole
            const asked = stream ? await client.chat({ ...request(c), stream }) : client.chat(request(c));
            signal?.addEventListener('abort', () => client.abort());
            const r = stream ? await collect(asked, onText) : await asked;
            assert.equal(r.done, true);
            return {
                text: r.message.content, stop: r.done_reason, turn: r.message,
                calls: (r.message.tool_calls ?? []).map((k) =>
                    ({ name: k.function.name, args: k.function.arguments })),
                input: r.prompt_eval_count, output: r.eval_count,
            };
        },
        status: (e) => e.status_code, isOwn: (e) => e.name === 'ResponseError',
    };
}

export const vendors = { openai, responses, anthropic, google, cohere, mistral, aws, ollama };
