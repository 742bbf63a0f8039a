// HTTP/2 to a provider, where the config asks for it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createSecureServer } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { World } from './lib/world.mjs';

const whole = { id: 'c1', object: 'chat.completion', created: 1, model: 'm', choices: [{
    index: 0, message: { role: 'assistant', content: 'Hello there.' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } };
const chunk = (delta, finish_reason = null) => `data: ${JSON.stringify({
    ...whole, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] })}\n\n`;

let folder, provider, w;
const versions = [];

function answer(req, res) {
    versions.push(req.httpVersion);
    let body = '';
    req.on('data', (bytes) => { body += bytes; }).on('end', () => {
        if (!JSON.parse(body).stream)
            return res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(whole));
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        for (const word of ['Hello', ' there', '.'])
            res.write(chunk({ content: word }));
        return res.end(`${chunk({}, 'stop')}data: [DONE]\n\n`);
    });
}

before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'llmux-e2e-h2-'));
    const cert = join(folder, 'cert.pem'), key = join(folder, 'key.pem');
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-out', cert, '-keyout', key,
                             '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'], { stdio: 'ignore' });
    provider = createSecureServer({ cert: await readFile(cert), key: await readFile(key), allowHTTP1: true }, answer);
    await new Promise((resolve) => provider.listen(0, '127.0.0.1', resolve));
    const deployment = { type: 'openai.chat', ca_file: cert, base_url: `https://127.0.0.1:${provider.address().port}/v1` };
    w = await World.start({ providers: [
        { name: 'two', ...deployment, http_version: 2, models: ['two'] },
        { name: 'one', ...deployment, models: ['one'] }] });
});
after(async () => {
    await w?.stop();
    provider.close();
    await rm(folder, { recursive: true });
});

const ask = (model) => w.openai().chat.completions.create({ model, messages: [{ role: 'user', content: 'Hi' }] });

test('a provider is asked by HTTP/2 if the config says so, else by HTTP/1.1', async () => {
    versions.length = 0;
    for (const model of ['two', 'one'])
        assert.equal((await ask(model)).choices[0].message.content, 'Hello there.');
    assert.deepEqual(versions, ['2.0', '1.1']);
});

test('streams that share a connection of HTTP/2 keep apart', async () => {
    versions.length = 0;
    const texts = await Promise.all(Array.from({ length: 20 }, async () => {
        let text = '';
        for await (const event of await w.openai().chat.completions.create({
            model: 'two', stream: true, messages: [{ role: 'user', content: 'Hi' }] }))
            text += event.choices[0]?.delta?.content ?? '';
        return text;
    }));
    assert.deepEqual(new Set(texts), new Set(['Hello there.']));
    assert.deepEqual(new Set(versions), new Set(['2.0']));
});
