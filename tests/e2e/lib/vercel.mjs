// The Vercel AI SDK with three of its providers, behind the face of sdks.mjs.
import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogle } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { APICallError, generateText, jsonSchema, streamText, tool } from 'ai';

import { messages, schema } from './sdks.mjs';

// Everything that a call of either kind takes.
const request = (model, c, abortSignal) => ({
    model, abortSignal, maxRetries: 0, maxOutputTokens: c.limit, instructions: c.system,
    tools: c.tools && Object.fromEntries(c.tools.map((name) => [name, tool({
        description: name, inputSchema: jsonSchema(schema), execute: c.execute?.[name],
    })])),
    stopWhen: c.stopWhen, output: c.output, providerOptions: c.providerOptions,
    messages: messages(c.turns, {
        user: (content) => ({ role: 'user', content }),
        reply: (all) => all,
        results: (all) => ({
            role: 'tool',
            content: all.map(([call, value]) => ({
                type: 'tool-result', toolCallId: call.id, toolName: call.name,
                output: { type: 'text', value },
            })),
        }),
    }),
});

// provider(w) gives the model of a name.
const make = (provider) => (w) => {
    const model = provider(w);
    return {
        stops: { end: 'stop', length: 'length', call: 'tool-calls' },
        async say(c, { stream, signal, onText = () => {} } = {}) {
            let r;
            if (stream) {
                r = streamText({ ...request(model(c.model), c, signal), onError: () => {} });
                for await (const part of r.stream) {
                    if (part.type === 'error')
                        throw part.error;
                    if (part.type === 'abort')
                        throw new DOMException('aborted', 'AbortError');
                    if (part.type === 'text-delta')
                        onText(part.text);
                }
            } else {
                r = await generateText(request(model(c.model), c, signal));
            }
            const usage = await r.usage;
            return {
                text: await r.text, stop: await r.finishReason, steps: await r.steps,
                turn: (await r.response).messages, result: r,
                calls: (await r.toolCalls).map((k) => ({ id: k.toolCallId, name: k.toolName, args: k.input })),
                input: usage.inputTokens, output: usage.outputTokens,
            };
        },
        status: (e) => e.statusCode, isOwn: (e) => APICallError.isInstance(e),
    };
};

const apiKey = 'sk-client';
const openai = (w) => createOpenAI({ apiKey, baseURL: `${w.url}/v1` });

export const vercel = {
    'vercel openai': make((w) => (name) => openai(w)(name)),
    'vercel openai.chat': make((w) => (name) => openai(w).chat(name)),
    'vercel anthropic': make((w) => (name) => createAnthropic({ apiKey, baseURL: `${w.url}/v1` })(name)),
    'vercel google': make((w) => (name) => createGoogle({ apiKey, baseURL: `${w.url}/v1beta` })(name)),
};
