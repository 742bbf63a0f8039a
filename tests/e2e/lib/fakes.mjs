// Servers that give credentials and want to be shown them, each on a port of its own.
import { createServer } from 'node:http';

// Answers with what `answer(request)` returns: { status, headers, body }, body being text or JSON.
// request: { method, url, headers, body, at }, at in milliseconds.
export class Fake {
    requests = [];
    #server;

    static async start(answer) {
        const f = new Fake();
        f.answer = answer;
        f.#server = createServer((req, res) => {
            const chunks = [];
            req.on('data', (d) => chunks.push(d));
            req.on('end', async () => {
                const request = { method: req.method, url: req.url, headers: req.headers,
                                  body: Buffer.concat(chunks).toString(), at: performance.now() };
                f.requests.push(request);
                const { status = 200, headers = {}, body = '' } = await f.answer(request);
                const type = typeof body === 'string' ? 'text/plain' : 'application/json';
                res.writeHead(status, { 'content-type': type, ...headers });
                res.end(typeof body === 'string' ? body : JSON.stringify(body));
            });
        });
        await new Promise((resolve) => f.#server.listen(0, '127.0.0.1', resolve));
        f.#server.unref(); // a test that fails leaves it behind
        return f;
    }

    get address() {
        return `127.0.0.1:${this.#server.address().port}`;
    }

    get url() {
        return `http://${this.address}`;
    }

    async stop() {
        this.#server.closeAllConnections();
        await new Promise((resolve) => this.#server.close(resolve));
    }
}

// A provider that takes nothing but what `takes(request)` likes.
export function provider(takes) {
    return Fake.start(async (request) => {
        const refusal = await takes(request);
        const isMessages = request.url.includes('Predict') || request.url.includes('/invoke');
        if (refusal)
            return { status: 401, body: { error: { type: 'authentication_error', message: refusal } } };
        return { body: isMessages
            ? { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude',
                content: [{ type: 'text', text: 'Welcome.' }], stop_reason: 'end_turn',
                stop_sequence: null, usage: { input_tokens: 1, output_tokens: 1 } }
            : { id: 'c-1', object: 'chat.completion', created: 1, model: 'm',
                choices: [{ index: 0, finish_reason: 'stop',
                            message: { role: 'assistant', content: 'Welcome.' } }],
                usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } } };
    });
}

// Gives out the tokens "PREFIX-1", "PREFIX-2", ..., good for `life` seconds; check(request) may refuse
// with { status, body }.
export function tokens(prefix, life, check = () => undefined) {
    let n = 0;
    return Fake.start(async (request) => await check(request)
        ?? { body: { access_token: `${prefix}-${++n}`, expires_in: life, token_type: 'Bearer' } });
}
