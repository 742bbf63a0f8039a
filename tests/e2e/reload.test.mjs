// The configuration changes while the gateway runs: by a signal, by the file, by the admin port; and
// nobody who is being served notices.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';

import { chat, Load, post } from './lib/load.mjs';
import { program } from './lib/process.mjs';
import { eventually, World } from './lib/world.mjs';

const ADMIN_KEY = 'admin-0123456789';
const RELOADS = 200;
const GROWTH_KB = 4 * 1024; // what may be noise: caches of the allocator, buffers of the log

// A sanitizer keeps freed memory for a while; it finds leaks by itself.
const sanitized = /\/(asan|tsan)\//.test(program);

let w, file, admin;

before(async () => {
    w = await World.start({ server: { admin_listen: '127.0.0.1:0', admin_key: ADMIN_KEY },
                            limits: { gateway: { parallel: 1000 } } });
    file = join(w.folder, 'llmux.yaml');
    admin = await w.gateway.line((l) => {
        const e = JSON.parse(l);
        return e.event === 'listening_admin' && `http://${e.address}`;
    });
});
after(() => w.stop());

const ask = (path, options) => fetch(admin + path, {
    headers: { authorization: `Bearer ${ADMIN_KEY}` }, ...options,
});
const reload = async () => (await ask('/admin/reload', { method: 'POST' })).json();
const state = async () => (await ask('/admin/state')).json();

// The config, edited.
async function edited(edit) {
    const config = JSON.parse(await readFile(file, 'utf8'));
    edit(config);
    return JSON.stringify(config);
}

// Replace the file, as editors and tools do, so that no half of it is ever seen.
async function replace(text) {
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
}

const models = async () => (await w.openai().models.list()).data.map((m) => m.id);

const addModel = (name) => (c) => c.providers[0].models.push({ name, upstream: 'm' });
const dropModel = (name) => (c) => {
    c.providers[0].models = c.providers[0].models.filter((m) => m.name !== name);
};

// Until the newest snapshot is not number `n` any more.
const newerThan = (n) => eventually(async () => (await state()).config.number > n);

test('the admin port wants its key for all but health', async () => {
    assert.equal((await fetch(`${admin}/health/live`)).status, 200);
    assert.equal((await fetch(`${admin}/health/ready`)).status, 200);
    for (const path of ['/admin/state', '/admin/config', '/metrics', '/nowhere'])
        assert.equal((await fetch(admin + path)).status, 401, path);
    assert.equal((await fetch(`${admin}/admin/reload`, { method: 'POST' })).status, 401);
    assert.equal((await ask('/nowhere')).status, 404);
    assert.equal((await ask('/admin/reload')).status, 405);
    assert.equal((await ask('/metrics')).status, 200);
    assert.equal((await fetch(`${w.url}/admin/state`)).status, 404);
});

test('the state names deployments, and the config shows no secrets', async () => {
    await w.openai().chat.completions.create({ model: 'openai/m',
                                               messages: [{ role: 'user', content: 'Hello' }] });
    const s = await state();
    assert.equal(s.status, 'ready');
    assert.equal(s.config.file, file);
    assert.deepEqual(s.deployments.map((d) => d.name), ['up-openai', 'up-anthropic']);
    assert.equal(s.limits[0].of, 'gateway');
    assert.equal(s.limits[0].now.parallel, 1000);
    assert.ok(s.limits[0].now.entered > 0);
    const text = await (await ask('/admin/config')).text();
    assert.equal(JSON.parse(text).config.providers[0].api_key, '***');
    assert.equal(text.includes('sk-upstream'), false);
    assert.equal(text.includes(ADMIN_KEY), false);
});

test('the config may have names with quotes', async () => {
    const name = 'a "b" \\c', before = await readFile(file, 'utf8');
    await writeFile(file, await edited((c) => {
        addModel(name)(c);
        addModel('plain')(c);
        c.routing = { ...c.routing, fallbacks: { [name]: ['plain'] } };
    }));
    assert.equal((await reload()).status, 'reloaded');
    const { config } = await (await ask('/admin/config')).json();
    assert.deepEqual(config.routing.fallbacks, { [name]: ['plain'] });
    await writeFile(file, before);
    assert.equal((await reload()).status, 'reloaded');
});

test('the admin port explains a request', async () => {
    const r = await ask('/admin/explain?path=/v1/messages', {
        method: 'POST', body: JSON.stringify({ model: 'anthropic/m', max_tokens: 9,
                                               messages: [{ role: 'user', content: 'Hello' }] }),
    });
    const said = await r.json();
    assert.equal(said.front, 'anthropic.messages');
    assert.deepEqual(said.candidates.map((c) => [c.provider, c.upstream_model, c.standing]),
                     [['up-anthropic', 'm', 'ready']]);
});

test('a call of the admin port reloads, and says what has changed', async () => {
    const { number } = (await state()).config;
    // In place, which the file's own watch sees later and finds done.
    await writeFile(file, await edited((c) => { addModel('added')(c); c.server.max_body = '1MiB'; }));
    const said = await reload();
    assert.equal(said.status, 'reloaded');
    assert.ok(said.number > number);
    assert.ok((await models()).includes('added'));
});

test('what is known of a deployment stays known', async () => {
    const requests = async () => (await state()).deployments[0].state[0].requests;
    const before = await requests();
    assert.ok(before > 0);
    assert.equal((await reload()).status, 'reloaded');
    assert.equal(await requests(), before);
    // With another key it is another account, of which nothing is known.
    const old = await readFile(file, 'utf8');
    await writeFile(file, await edited((c) => { c.providers[0].api_key = 'sk-another-0123456789'; }));
    assert.equal((await reload()).status, 'reloaded');
    assert.deepEqual((await state()).deployments[0].state, []);
    await writeFile(file, old);
    await reload();
    assert.equal(await requests(), before);
});

test('what a restart must bring is named', async () => {
    const old = await readFile(file, 'utf8');
    await writeFile(file, await edited((c) => { c.server.workers = 5; c.server.listen = '127.0.0.1:1'; }));
    const said = await reload();
    assert.deepEqual(said.waits_for_restart, ['server.listen', 'server.workers']);
    await w.gateway.line((l) => l.includes('"reload_waits"') && l.includes('server.workers cannot change'));
    await writeFile(file, old);
    assert.deepEqual((await reload()).waits_for_restart, []);
});

test('a bad file changes nothing and says why', async () => {
    const old = await readFile(file, 'utf8');
    const { number } = (await state()).config;
    await writeFile(file, `${old.slice(0, -1)},\n  "provider": []}`);
    const r = await ask('/admin/reload', { method: 'POST' });
    const said = await r.json();
    assert.equal(r.status, 422);
    assert.equal(said.status, 'refused');
    assert.deepEqual({ ...said.errors[0], message: '' }, { file, line: 2, column: 3, message: '' });
    assert.match(said.errors[0].message, /unknown key "provider"/);
    await w.gateway.line((l) => l.includes('"reload_failed"') && l.includes('llmux.yaml:2:3'));
    assert.equal((await state()).config.number, number);
    assert.ok((await models()).includes('added'));
    await writeFile(file, old);
    assert.equal((await reload()).status, 'reloaded');
});

test('SIGHUP reloads', async () => {
    const { number } = (await state()).config;
    await writeFile(file, await edited(dropModel('added')));
    process.kill(w.gateway.pid, 'SIGHUP');
    await newerThan(number);
    assert.equal((await models()).includes('added'), false);
});

test('a file that is written anew, or replaced, is seen by itself', async () => {
    for (const change of [writeFile, (_, text) => replace(text)]) {
        const { number } = (await state()).config;
        const name = `seen-${number}`;
        await change(file, await edited(addModel(name)));
        await newerThan(number);
        assert.ok((await models()).includes(name));
    }
});

test('a file behind links is seen when a link is turned, as mounted config maps are', async () => {
    const folder = join(w.folder, 'mounted');
    await mkdir(join(folder, '..one'), { recursive: true });
    await mkdir(join(folder, '..two'));
    await writeFile(join(folder, '..one', 'llmux.yaml'), await readFile(file, 'utf8'));
    await writeFile(join(folder, '..two', 'llmux.yaml'), await edited(addModel('turned')));
    await symlink('..one', join(folder, '..data'));
    // The file itself becomes a link: seen, though it says the same.
    await symlink('mounted/..data/llmux.yaml', `${file}.new`);
    await rename(`${file}.new`, file);
    const { number } = (await state()).config;
    await new Promise((resolve) => setTimeout(resolve, 300)); // for the watch to follow the link
    await symlink('..two', join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    await newerThan(number);
    assert.ok((await models()).includes('turned'));
    const text = await readFile(file, 'utf8');
    await rm(file);
    await writeFile(file, text);
});

// --- the certificate ---

function makeCertificate(folder, name) {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}`,
                             '-out', join(folder, 'cert.pem'), '-keyout', join(folder, 'key.pem')],
                 { stdio: 'ignore' });
}

function connectTls(port) {
    return new Promise((resolve, reject) => {
        const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false },
                               () => resolve(socket));
        socket.on('error', reject);
    });
}

// GET /health/live over this connection; the status line.
function probe(socket) {
    return new Promise((resolve, reject) => {
        socket.once('data', (d) => resolve(String(d).split('\r\n', 1)[0]));
        socket.once('close', () => reject(new Error('closed')));
        socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n');
    });
}

test('a new certificate is shown to new connections, and old ones stay', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'llmux-e2e-tls-'));
    makeCertificate(folder, 'first');
    const secure = await World.start({ server: { tls: { cert: join(folder, 'cert.pem'),
                                                        key: join(folder, 'key.pem') } } });
    try {
        const old = await connectTls(secure.port);
        assert.equal(old.getPeerCertificate().subject.CN, 'first');
        makeCertificate(folder, 'second');
        process.kill(secure.gateway.pid, 'SIGHUP');
        await secure.gateway.line((l) => l.includes('"event":"reload"'));
        const young = await connectTls(secure.port);
        assert.equal(young.getPeerCertificate().subject.CN, 'second');
        for (const socket of [old, young]) {
            assert.equal(await probe(socket), 'HTTP/1.1 200 OK');
            socket.destroy();
        }
        // A key that does not fit changes nothing.
        await writeFile(join(folder, 'key.pem'), 'nothing');
        process.kill(secure.gateway.pid, 'SIGHUP');
        const said = await secure.gateway.line((l) => l.includes('"event":"reload_failed"') && JSON.parse(l));
        assert.match(said.msg, /tls: .*key/);
        const still = await connectTls(secure.port);
        assert.equal(still.getPeerCertificate().subject.CN, 'second');
        still.destroy();
    } finally {
        await secure.stop();
        await rm(folder, { recursive: true });
    }
});

// --- under load ---

async function usage() {
    const status = await readFile(`/proc/${w.gateway.pid}/status`, 'utf8');
    return { rss: Number(/VmRSS:\s+(\d+)/.exec(status)[1]),
             fds: (await readdir(`/proc/${w.gateway.pid}/fd`)).length };
}

async function reloadTimes(n) {
    for (let i = 0; i < n; i++) {
        await writeFile(file, await edited(i % 2 ? dropModel('flip') : addModel('flip')));
        assert.equal((await reload()).status, 'reloaded');
    }
}

test(`${RELOADS} reloads under load fail no request, and leave nothing behind`, async (t) => {
    const seen = new Load(w.port, 16);
    t.after(() => seen.stop());
    // Streams that are open all the time: they began with a configuration that is long gone.
    const tokens = 400, slow = Array.from({ length: 4 }, (_, i) => post(w.port,
        chat(`${i % 2 ? 'openai' : 'anthropic'}/m!tokens=${tokens}!rate=100`, true)));
    await reloadTimes(40);
    const before = await usage();
    await reloadTimes(RELOADS - 40);
    const now = await usage();
    for (const r of await Promise.all(slow)) {
        assert.equal(r.status, 200);
        assert.ok(r.body.trimEnd().endsWith('data: [DONE]'));
        assert.ok(r.body.split('\n\n').length > tokens / 2);
    }
    await seen.stop();
    t.diagnostic(`${seen.ok} requests during ${RELOADS} reloads, ${seen.failed.length} failed; `
        + `${before.rss} kB after 40, ${now.rss} kB after ${RELOADS}`);
    assert.deepEqual(seen.failed, []);
    assert.ok(seen.ok > 100);
    assert.ok(now.fds <= before.fds + 70, `${before.fds} descriptors, then ${now.fds}`);
    if (!sanitized)
        assert.ok(now.rss - before.rss < GROWTH_KB, `from ${before.rss} kB to ${now.rss} kB`);
});
