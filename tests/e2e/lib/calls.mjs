// One question asked through an SDK, whole or streamed: what was said before the end, and how it ended.
import { GoogleGenAI } from '@google/genai';

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

// Google's SDK takes headers in another place than the others.
export async function google(w, model, stream, said, more, { headers, signal } = {}) {
    const ai = new GoogleGenAI({ apiKey: 'sk-client', httpOptions: { baseUrl: w.url, headers } });
    const request = { model, contents: messages[0].content, config: { ...more, abortSignal: signal } };
    if (!stream) {
        said.text = (await ai.models.generateContent(request)).text;
        return;
    }
    for await (const c of await ai.models.generateContentStream(request))
        said.text += c.text ?? '';
}
const all = { ...fronts, google };

// { text, error }: error is undefined when all went well.
export async function call(w, front, model, stream, more, options) {
    const said = { text: '', error: undefined };
    try {
        await all[front](w, model, stream, said, more, options);
    } catch (e) {
        said.error = e;
    }
    return said;
}
