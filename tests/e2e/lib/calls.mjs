// One question asked through either SDK, whole or streamed: what was said before the end, and how it
// ended.
const messages = [{ role: 'user', content: 'Hello there, how are you today?' }];
export const answer = 'You said: Hello there, how are you today?.';

export const fronts = {
    openai: async (w, model, stream, said, more, options) => {
        const r = await w.openai().chat.completions.create({ model, messages, stream, ...more },
                                                           options);
        if (!stream) {
            said.text = r.choices[0].message.content;
            return;
        }
        for await (const c of r)
            said.text += c.choices[0]?.delta?.content ?? '';
    },
    anthropic: async (w, model, stream, said, more, options) => {
        const r = await w.anthropic().messages.create({ model, max_tokens: 1000, messages, stream,
                                                        ...more }, options);
        if (!stream) {
            said.text = r.content[0].text;
            return;
        }
        for await (const e of r)
            said.text += e.delta?.text ?? '';
    },
};

// { text, error }: error is undefined when all went well.
export async function call(w, front, model, stream, more, options) {
    const said = { text: '', error: undefined };
    try {
        await fronts[front](w, model, stream, said, more, options);
    } catch (e) {
        said.error = e;
    }
    return said;
}
