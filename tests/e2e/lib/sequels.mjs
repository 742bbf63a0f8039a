// Providers that go on with a reply which broke off elsewhere, as models do: they find in the request what was
// said, and say the rest of `answer`.
import { Fake } from './fakes.mjs';

const events = (list) => list.map(([name, data]) =>
    `${name ? `event: ${name}\n` : ''}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`).join('');

const text = (content) => typeof content === 'string' ? content : content.map((p) => p.text).join('');

// { said, how } of the turns [role, text] of a conversation: how it was asked to go on.
function ask(turns) {
    const last = turns.at(-1), before = turns.at(-2);
    if (last[0] !== 'user')
        return { said: last[1], how: 'prefill' };
    if (before && before[0] !== 'user')
        return { said: before[1], how: 'ask' };
    return { said: '', how: 'anew' };
}

const pieces = (s) => s.match(/.{1,7}/gs) ?? [];

const speakers = {
    'openai.chat': {
        turns: (b) => b.messages.filter((m) => m.role !== 'system').map((m) => [m.role, text(m.content)]),
        say: (list) => events([
            ...list.map((content, i) => ['', { id: 'other-1', object: 'chat.completion.chunk', created: 1, model: 'm',
                choices: [{ index: 0, delta: i ? { content } : { role: 'assistant', content }, finish_reason: null }] }]),
            ['', { id: 'other-1', object: 'chat.completion.chunk', created: 1, model: 'm',
                   choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }],
            ['', { id: 'other-1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [],
                   usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 } }],
            ['', '[DONE]'],
        ]),
    },
    'anthropic.messages': {
        turns: (b) => b.messages.map((m) => [m.role, text(m.content)]),
        say: (list, thinks) => events([
            ['message_start', { type: 'message_start', message: { id: 'msg_other', type: 'message', role: 'assistant',
                model: 'm', content: [], stop_reason: null, stop_sequence: null,
                usage: { input_tokens: 100, output_tokens: 1 } } }],
            ...thinks ? [
                ['content_block_start', { type: 'content_block_start', index: 0,
                                          content_block: { type: 'thinking', thinking: '', signature: '' } }],
                ['content_block_delta', { type: 'content_block_delta', index: 0,
                                          delta: { type: 'thinking_delta', thinking: 'Where was I?' } }],
                ['content_block_stop', { type: 'content_block_stop', index: 0 }],
            ] : [],
            ['content_block_start', { type: 'content_block_start', index: thinks,
                                      content_block: { type: 'text', text: '' } }],
            ...list.map((t) => ['content_block_delta', { type: 'content_block_delta', index: thinks,
                                                         delta: { type: 'text_delta', text: t } }]),
            ['content_block_stop', { type: 'content_block_stop', index: thinks }],
            ['message_delta', { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null },
                                usage: { output_tokens: 10 } }],
            ['message_stop', { type: 'message_stop' }],
        ]),
    },
    'google.generate': {
        turns: (b) => b.contents.map((c) => [c.role, text(c.parts)]),
        say: (list) => events(list.map((t, i) => ['', {
            candidates: [{ index: 0, content: { role: 'model', parts: [{ text: t }] },
                           ...i === list.length - 1 ? { finishReason: 'STOP' } : {} }],
            modelVersion: 'm', responseId: 'other',
            usageMetadata: { promptTokenCount: 100, candidatesTokenCount: 10, totalTokenCount: 110 } }])),
    },
};

// asked: { said, how } of each request so far.  thinks: 1, it thinks before it goes on.
export async function sequel(type, answer, thinks = 0) {
    const { turns, say } = speakers[type];
    const f = await Fake.start((request) => {
        const wish = { ...ask(turns(JSON.parse(request.body))), body: JSON.parse(request.body) };
        f.asked.push(wish);
        return { headers: { 'content-type': 'text/event-stream' }, body: say(pieces(answer.slice(wish.said.length)), thinks) };
    });
    f.asked = [];
    return f;
}
