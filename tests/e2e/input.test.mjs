// Requests that are wrong, and clients that misbehave: a clear answer, in the dialect of the path, and
// the gateway goes on.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { exchange, post, statusOf } from './lib/raw.mjs';
import { World } from './lib/world.mjs';

let w;
before(async () => {
    w = await World.start({ server: { max_body: '64KiB', head_timeout: '1s', body_timeout: '1s' } });
});
after(() => w.stop());

const body = (reply) => JSON.parse(reply.slice(reply.indexOf('\r\n\r\n') + 4));
const chat = '/v1/chat/completions', messages = '/v1/messages';

// The error of a reply, which must have the form of the path's dialect.
function errorOf(path, reply) {
    const b = body(reply);
    if (path === messages) {
        assert.equal(b.type, 'error');
        assert.ok(b.request_id);
    } else {
        assert.deepEqual(Object.keys(b), ['error']);
        assert.ok('param' in b.error && 'code' in b.error);
    }
    return b.error;
}

const ask = (content) => '{"model":"openai/x","max_tokens":9,"messages":[{"role":"user",'
    + `"content":${content}}]}`;

const bad = [
    ['invalid JSON, with its place', '{"model": "openai/x", "messages": [}', 400, /byte 35/],
    ['nothing', '', 400, /empty/],
    ['a document that ends early', '{"model": "openai/x"', 400, /byte 20/],
    ['two documents', `${ask('"x"')}{}`, 400, /byte \d+/],
    ['a wrong type, with its path', ask('[{"type":"text","text":5}]'), 400,
     /messages\[0\]\.content\[0\]\.text: expected string, found number/],
    ['an unknown word, with the known ones', ask('"x"').replace('"user"', '"nobody"'), 400,
     /messages\[0\]\.role: unknown value "nobody", expected one of .*"user"/],
    ['no model', '{"max_tokens":9,"messages":[]}', 400, /model/],
    ['no object', '[]', 400, /expected object, found array/],
    ['ten thousand levels', `{"model":"openai/x","messages":${'['.repeat(1e4)}${']'.repeat(1e4)}}`,
     400, /deeper than 512 levels/],
    ['invalid UTF-8', ask('"\xff\xfe"'), 400, /invalid UTF-8 at byte 73/],
    ['a NUL in a string', ask('"a\0b"'), 400, /0x00/],
    ['a model that nobody serves', ask('"x"').replace('openai/x', 'who'), 404,
     /who.*openai\/\*|openai\/\*.*who/],
    ['a body that is too large', 'x'.repeat(100_000), 413, /too large/],
];

for (const path of [chat, messages])
    describe(path, () => {
        for (const [what, text, status, message] of bad)
            test(what, async () => {
                const reply = await exchange(w.port, post(path, text));
                assert.equal(statusOf(reply), status, reply);
                assert.match(errorOf(path, reply).message, message);
            });

        test('a chunked body that is too large', async () => {
            const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
            const reply = await exchange(w.port, [
                `POST ${path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`,
                ...Array(8).fill(chunk),
            ]);
            assert.equal(statusOf(reply), 413);
            errorOf(path, reply);
        });

        test('a body that does not come', async () => {
            const reply = await exchange(w.port, [
                `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{`]);
            assert.equal(statusOf(reply), 408);
            errorOf(path, reply);
        });

        test('another method', async () => {
            const reply = await exchange(w.port, [
                `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`]);
            assert.equal(statusOf(reply), 405);
            errorOf(path, reply);
        });

        test('a NUL that is escaped is a character like any other', async () => {
            const reply = await exchange(w.port, post(path, ask('"a\\u0000b"')));
            assert.equal(statusOf(reply), 200);
            assert.match(reply, /a\\u0000b/);
        });

        test('one byte at a time', async () => {
            const bytes = post(path, ask('"Hello"')).map((p) => p.toString('latin1')).join('');
            const pieces = [];
            for (const byte of bytes)
                pieces.push(byte);
            assert.equal(statusOf(await exchange(w.port, pieces)), 200);
        });
    });

test('a head that comes too slowly', async () => {
    const reply = await exchange(w.port, ['POST /v1/mess', 400, 'ages HTTP/1.1\r\n', 400, 'a: b\r\n',
                                          400, 'c: d\r\n', 400, 'e: f\r\n']);
    assert.equal(statusOf(reply), 408);
});

test('a connection that says nothing', async () => {
    assert.equal(await exchange(w.port, []), '');
});

test('heads that two servers could read differently', async () => {
    for (const head of ['content-length: 5\r\ntransfer-encoding: chunked\r\n',
                        'content-length: 5\r\ncontent-length: 6\r\n',
                        'transfer-encoding: gzip, chunked\r\n',
                        'transfer-encoding : chunked\r\n',
                        'x: y\r\n folded: z\r\n'])
        assert.ok([400, 501].includes(statusOf(await exchange(w.port, [
            `POST ${chat} HTTP/1.1\r\nhost: x\r\n${head}\r\n0\r\n\r\n`]))), head);
});

test('what is no HTTP/1', async () => {
    assert.equal(statusOf(await exchange(w.port, ['\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n'])), 400);
    assert.equal(statusOf(await exchange(w.port, ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'])), 505);
    assert.equal(statusOf(await exchange(w.port, [
        `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`])), 431);
});

test('a path that is not there, in the dialect of the headers', async () => {
    const plain = await exchange(w.port, post('/v1/nothing', '{}'));
    assert.equal(statusOf(plain), 404);
    errorOf(chat, plain);
    const versioned = await exchange(w.port, post('/v1/nothing', '{}',
                                                  { 'anthropic-version': '2023-06-01' }));
    assert.equal(statusOf(versioned), 404);
    errorOf(messages, versioned);
});

test('several requests in one piece are answered in their order', async () => {
    const one = (text) => post(chat, ask(`"say:${text}"`), { connection: 'keep-alive' })
        .map((p) => p.toString('latin1')).join('');
    const reply = await exchange(w.port, [one('first') + one('second')
        + post(chat, ask('"say:third"')).map((p) => p.toString('latin1')).join('')]);
    const said = [...reply.matchAll(/"content":"(\w+)"/g)].map((m) => m[1]);
    assert.deepEqual(said, ['first', 'second', 'third']);
});

test('the gateway is well after all that', async () => {
    const live = await fetch(`${w.url}/health/live`);
    assert.equal(live.status, 200);
    const reply = await exchange(w.port, post(chat, ask('"Hello"')));
    assert.match(reply, /You said: Hello/);
});
