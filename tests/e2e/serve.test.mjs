// The program itself: without a config, behind TLS, while a provider thinks, and when it is told to
// stop.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

import { answer, call } from './lib/calls.mjs';
import { Process } from './lib/process.mjs';
import { exchange, post } from './lib/raw.mjs';
import { eventually, failure, World } from './lib/world.mjs';

const messages = [{ role: 'user', content: 'Hello' }];

test('without a config everything answers, emulated', async () => {
    process.env.LLMUX_LISTEN = '127.0.0.1:0';
    const p = new Process(['serve']);
    try {
        const url = `http://${await p.line((l) => {
            const e = JSON.parse(l);
            return e.event === 'listening' && e.address;
        })}`;
        const openai = new OpenAI({ apiKey: 'none', baseURL: `${url}/v1`, maxRetries: 0 });
        const anthropic = new Anthropic({ apiKey: 'none', baseURL: url, maxRetries: 0 });
        for (const model of ['gpt-4o', 'claude-any', 'whatever', 'groq/llama', 'azure/gpt',
                             'anthropic_bedrock/anthropic.claude:0', 'anthropic_vertex/claude']) {
            const r = await openai.chat.completions.create({ model, messages });
            assert.equal(r.choices[0].message.content, 'You said: Hello.');
            const m = await anthropic.messages.stream({ model, max_tokens: 99, messages })
                .finalText();
            assert.equal(m, 'You said: Hello.');
        }
        const models = (await openai.models.list()).data.map((m) => m.id);
        assert.ok(models.includes('gpt-*') && models.includes('claude-*'), models.join());
        assert.ok((await anthropic.models.list()).data.length > 0);
    } finally {
        await p.stop();
    }
});

test('a wrong config is refused with its place', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'llmux-e2e-'));
    const file = join(folder, 'llmux.yaml');
    await writeFile(file, 'server: { listen: 127.0.0.1:0 }\nprovider: []\n');
    const p = new Process(['serve', '-c', file]);
    await assert.rejects(p.line(() => false), /ended with 1/);
    assert.match(p.errors, /llmux\.yaml:2:1: unknown key "provider".*"providers"/);
    await rm(folder, { recursive: true });
});

test('where libcurl cannot be loaded, clients hear of it in their dialect', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'llmux-e2e-'));
    const file = join(folder, 'llmux.yaml');
    await writeFile(join(folder, 'libcurl.so.4'), 'no library');
    await writeFile(file, 'server: { listen: 127.0.0.1:0 }\nproviders:\n  - { name: away, ' +
                    'type: openai, base_url: http://127.0.0.1:1/v1, api_key: k, models: [m] }\n');
    process.env.LD_LIBRARY_PATH = folder;
    const p = new Process(['serve', '-c', file]), checks = new Process(['check', '-c', file]);
    delete process.env.LD_LIBRARY_PATH;
    try {
        const baseURL = `http://${await p.line((l) => {
            const e = JSON.parse(l);
            return e.event === 'listening' && e.address;
        })}`;
        const openai = new OpenAI({ apiKey: 'none', baseURL: `${baseURL}/v1`, maxRetries: 0 });
        const anthropic = new Anthropic({ apiKey: 'none', baseURL, maxRetries: 0 });
        const chat = openai.chat.completions.create({ model: 'm', messages });
        await assert.rejects(chat, (e) => e.status === 502 && /away/.test(e.message));
        const message = anthropic.messages.create({ model: 'm', max_tokens: 9, messages });
        await assert.rejects(message, (e) => e.status === 502 && e.error.type === 'error');
        assert.match(await p.line((l) => l.includes('"request"') && l), /libcurl\.so\.4/);
        await assert.rejects(checks.line(() => false), /ended with 1/);
        assert.match(checks.errors, /llmux check: .*libcurl\.so\.4/);
    } finally {
        await p.stop();
        await rm(folder, { recursive: true });
    }
});

test('TLS on both sides', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'llmux-e2e-tls-'));
    const cert = join(folder, 'cert.pem'), key = join(folder, 'key.pem');
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-out',
                             cert, '-keyout', key, '-subj', '/CN=localhost', '-addext',
                             'subjectAltName=IP:127.0.0.1,DNS:localhost'], { stdio: 'ignore' });
    const w = await World.start({ mock: { tls: { cert, key } }, server: { tls: { cert, key } },
                                  provider: { ca_file: cert } });
    try {
        assert.match(w.emulator, /^https:/);
        const text = await new Promise((resolve, reject) => {
            const r = request({ port: w.port, path: '/v1/chat/completions', method: 'POST',
                                rejectUnauthorized: false,
                                headers: { 'content-type': 'application/json' } }, (reply) => {
                let all = '';
                reply.on('data', (d) => { all += d; });
                reply.on('end', () => resolve(all));
            });
            r.on('error', reject);
            r.end(JSON.stringify({ model: 'anthropic/x', messages, stream: true }));
        });
        assert.match(text, /\[DONE\]/);
    } finally {
        await w.stop();
        await rm(folder, { recursive: true });
    }
});

test('a provider with a certificate that nobody trusts is not talked to', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'llmux-e2e-tls-'));
    const cert = join(folder, 'cert.pem'), key = join(folder, 'key.pem');
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-out',
                             cert, '-keyout', key, '-subj', '/CN=localhost'], { stdio: 'ignore' });
    const w = await World.start({ mock: { tls: { cert, key } } });
    try {
        const { error } = await call(w, 'openai', 'openai/x', false);
        assert.equal(error.status, 502);
    } finally {
        await w.stop();
        await rm(folder, { recursive: true });
    }
});

test('a client that waits gets comments, and then its stream or its error', async () => {
    const w = await World.start({ server: { keepalive_comment: '1s' } });
    try {
        const body = (fault) => JSON.stringify({ model: `anthropic/x!delay=2500ms${fault}`,
                                                 messages, stream: true });
        const [good, bad, sdk] = await Promise.all([
            exchange(w.port, post('/v1/chat/completions', body(''))),
            exchange(w.port, post('/v1/chat/completions', body('!429'))),
            call(w, 'anthropic', 'openai/x!delay=2500ms', true),
        ]);
        assert.match(good, /\r\n:[^\n]*\n\n/);
        assert.match(good, /\[DONE\]/);
        assert.match(bad, /^HTTP\/1\.1 200/);
        assert.match(bad, /data: \{.*"rate_limit_error"/);
        assert.doesNotMatch(bad, /\[DONE\]/);
        assert.equal(sdk.text, answer);
    } finally {
        await w.stop();
    }
});

test('told to stop, it lets what runs come to its end', async () => {
    const w = await World.start();
    const running = call(w, 'openai', 'anthropic/x!rate=20', true);
    await eventually(async () => (await w.stats()).open === 1);
    const stopped = w.gateway.stop();
    const refused = await eventually(async () => {
        const e = await failure(fetch(`${w.url}/health/live`)).catch(() => undefined);
        return e?.cause?.code ?? e?.cause?.message;
    });
    assert.ok(refused);
    const { text, error } = await running;
    assert.equal(error, undefined);
    assert.equal(text, answer);
    await stopped;
    await w.stop();
});

test('told to stop, it cuts off what does not come to an end in time', async () => {
    const w = await World.start({ server: { drain_timeout: '500ms' } });
    const running = call(w, 'openai', 'anthropic/x!rate=1', true);
    await eventually(async () => (await w.stats()).open === 1);
    const start = Date.now();
    await w.gateway.stop();
    assert.ok(Date.now() - start < 5000);
    assert.ok((await running).error);
    await w.stop();
});
