// Another program takes over while requests run: none fails, no connection is refused.
import assert from 'node:assert/strict';
import { copyFile, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { chat, isWhole, Load, post } from './lib/load.mjs';
import { program } from './lib/process.mjs';
import { eventually, World } from './lib/world.mjs';

const UPGRADES = 5;

let w, file, admin, binary, pid;

before(async () => {
    w = await World.start({ server: { admin_listen: '127.0.0.1:0' }, program: async (folder) => {
        binary = join(folder, 'llmux');
        await copyFile(program, binary);
        return binary;
    } });
    pid = w.gateway.pid;
    file = join(w.folder, 'llmux.yaml');
    admin = await w.gateway.line((l) => l.startsWith('{') && JSON.parse(l).event === 'listening_admin'
        && `http://${JSON.parse(l).address}`);
});
after(async () => {
    if (pid !== w.gateway.pid && await isRunning(pid))
        process.kill(pid, 'SIGTERM');
    await w.stop();
});

// Over a connection of its own: one that is kept alive ends at the old process.
const state = () => new Promise((resolve, reject) => {
    get(`${admin}/admin/state`, { agent: false }, (reply) => {
        let text = '';
        reply.on('data', (d) => { text += d; });
        reply.on('end', () => resolve(JSON.parse(text)));
    }).on('error', reject);
});

// A zombie is none: whoever started it has yet to be told.
async function isRunning(id) {
    try {
        return !/^State:\s+Z/m.test(await readFile(`/proc/${id}/status`, 'utf8'));
    } catch {
        return false;
    }
}

// The first event of this kind among the lines from number `from` on: there may be ten thousands.
const next = (event, from) => eventually(() => {
    for (; from < w.gateway.lines.length; from++)
        if (w.gateway.lines[from].includes(`"event":"${event}"`))
            return JSON.parse(w.gateway.lines[from]);
});

// Ask for an upgrade and wait until the next process serves; its id.
async function upgrade() {
    const from = w.gateway.lines.length;
    process.kill(pid, 'SIGUSR2');
    const { msg } = await next('upgraded', from);
    pid = Number(/^process (\d+) serves/.exec(msg)[1]);
    return pid;
}

test(`${UPGRADES} upgrades under load fail no request, and streams that are open end well`, async (t) => {
    const load = new Load(w.port, 16);
    t.after(() => load.stop());
    const old = [];
    const slow = [];
    for (let i = 0; i < UPGRADES; i++) {
        slow.push(post(w.port, chat(`${i % 2 ? 'openai' : 'anthropic'}/m!tokens=200!rate=100`, true)));
        const before = load.ok;
        await eventually(() => load.ok > before + 20);
        old.push(pid);
        await upgrade();
        assert.ok(!old.includes(pid));
    }
    const before = load.ok;
    await eventually(() => load.ok > before + 200);
    for (const r of await Promise.all(slow))
        assert.ok(isWhole(r, true), `${r.status} ${r.body.slice(-200)}`);
    await eventually(async () => !(await Promise.all(old.map(isRunning))).includes(true));
    await load.stop();
    t.diagnostic(`${load.ok} requests during ${UPGRADES} upgrades, ${load.failed.length} failed`);
    assert.deepEqual(load.failed, []);
    assert.equal((await state()).status, 'ready');
});

test('what a reload cannot change, an upgrade does', async (t) => {
    const config = JSON.parse(await readFile(file, 'utf8'));
    config.server.workers = 5;
    await writeFile(file, JSON.stringify(config));
    await upgrade();
    assert.equal((await state()).workers, 5);
    const load = new Load(w.port, 16);
    t.after(() => load.stop());
    await eventually(() => load.ok > 100);
    config.server.workers = 1; // fewer than there are sockets
    await writeFile(file, JSON.stringify(config));
    await upgrade();
    assert.equal((await state()).workers, 1);
    const before = load.ok;
    await eventually(() => load.ok > before + 100);
    await load.stop();
    assert.deepEqual(load.failed, []);
});

test('the program that has the name now is started', async () => {
    const marker = join(w.folder, 'marker');
    await writeFile(`${binary}.new`, `#!/bin/sh\necho new >>${marker}\nexec ${program} "$@"\n`, { mode: 0o755 });
    await rename(`${binary}.new`, binary);
    await upgrade();
    assert.equal(await readFile(marker, 'utf8'), 'new\n');
    assert.ok(isWhole(await post(w.port, chat('openai/m', false)), false));
});

test('a new process that does not become ready changes nothing', async () => {
    const good = await readFile(file, 'utf8');
    const { started } = await state();
    for (const text of ['nonsense: 1', good.replace('"workers":1', '"workers":2').replace(/"listen":"[^"]*"/,
        '"listen":"192.0.2.1:80"')]) {
        const from = w.gateway.lines.length;
        await writeFile(file, text);
        process.kill(pid, 'SIGUSR2');
        assert.match((await next('upgrade_failed', from)).msg, /this one goes on/);
        assert.ok(isWhole(await post(w.port, chat('openai/m', false)), false));
        assert.equal((await state()).started, started);
    }
    await writeFile(file, good);
    assert.ok(await isRunning(pid));
    await stat(binary);
});
