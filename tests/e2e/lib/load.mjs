// Requests without a pause, over connections that are kept alive and over new ones.
import { Agent, request } from 'node:http';

export const chat = (model, stream) => JSON.stringify({
    model, stream, messages: [{ role: 'user', content: 'Hello' }],
});

// One request, to its end: { status, body }.
export function post(port, body, agent) {
    return new Promise((resolve, reject) => {
        const r = request({ port, path: '/v1/chat/completions', method: 'POST', agent,
                            headers: { 'content-type': 'application/json' } });
        r.on('error', reject);
        r.on('response', (reply) => {
            let text = '';
            reply.setEncoding('utf8');
            reply.on('error', reject);
            reply.on('data', (d) => { text += d; });
            reply.on('end', () => resolve({ status: reply.statusCode, body: text }));
        });
        r.end(body);
    });
}

// Is the reply to a chat() of `Hello` there, to its last byte?
export function isWhole(r, stream) {
    return r.status === 200 && (stream ? r.body.trimEnd().endsWith('data: [DONE]')
                                       : r.body.includes('You said: Hello.'));
}

// Asks in so many lanes, whole and streamed, both providers, until stop(); counts what went well and keeps what
// did not.
export class Load {
    ok = 0;
    failed = [];
    #going = true;
    #agents = [new Agent({ keepAlive: true }), false]; // false: a connection for each request
    #lanes;

    constructor(port, lanes) {
        this.#lanes = Array.from({ length: lanes }, async (_, i) => {
            while (this.#going)
                await this.#ask(port, `${i & 2 ? 'anthropic' : 'openai'}/m`, i % 2 === 0, this.#agents[i >> 2 & 1]);
        });
    }

    async #ask(port, model, stream, agent) {
        try {
            const r = await post(port, chat(model, stream), agent);
            if (isWhole(r, stream))
                this.ok++;
            else
                this.failed.push(`${r.status} ${r.body}`);
        } catch (e) {
            this.failed.push(String(e));
        }
    }

    async stop() {
        this.#going = false;
        await Promise.all(this.#lanes);
        this.#agents[0].destroy();
    }
}
