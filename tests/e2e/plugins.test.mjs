// Providers that come in shared objects: made by specc, loaded from a folder, refused when they were
// made for another llmux.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';

import { program } from './lib/process.mjs';
import { eventually, failure, World } from './lib/world.mjs';

const root = new URL('../..', import.meta.url).pathname;
const messages = [{ role: 'user', content: 'Hello' }];
let folder;

before(async () => { folder = await mkdtemp(join(tmpdir(), 'llmux-e2e-plugins-')); });
after(async () => { await rm(folder, { recursive: true }); });

// Make the provider `acme`, which calls the output limit so, a plugin in the folder.
async function make(limit, edit = (c) => c) {
    const spec = join(folder, 'acme.spec'), c = join(folder, 'acme.c');
    await writeFile(spec, `provider acme : openai.chat {
    base "https://api.acme.example/v1"
    request { ${limit} <-> max_output }
}
`);
    execFileSync(join(dirname(program), 'specc'),
                 ['--plugin', spec, '--out', c, 'specs/ir.spec', 'specs/openai/chat.spec'],
                 { cwd: root });
    await writeFile(c, edit(await readFile(c, 'utf8')));
    // Under another name first: the bytes of an object that is in use must not change.
    execFileSync('cc', ['-shared', '-fPIC', '-I', root, c, '-o', join(folder, 'acme.new')]);
    await rename(join(folder, 'acme.new'), join(folder, 'acme.so'));
}

const start = () => World.start({
    plugins: folder,
    providers: [{ name: 'acme', type: 'acme', base_url: '{emulator}', api_key: 'sk-upstream-0123456789abcdef',
                  models: [{ name: 'acme/*', upstream: '*' }] }],
});

// What the provider gets when a client sets the limit.
async function asked(w) {
    const r = await w.anthropic().messages.create({ model: 'acme/x', max_tokens: 77, messages });
    assert.match(r.content[0].text, /Hello/);
    return (await w.last()).body;
}

test('a plugin is a type of provider, and a restart takes a new one', async () => {
    for (const limit of ['max_new_tokens', 'max_output_length']) {
        await make(limit);
        const w = await start();
        try {
            assert.equal((await asked(w))[limit], 77);
        } finally {
            await w.stop();
        }
    }
});

// Read the configuration anew; resolves with the line of the log about that.
async function reload(w) {
    const from = w.gateway.lines.length;
    process.kill(w.gateway.pid, 'SIGHUP');
    return eventually(() => w.gateway.lines.slice(from).map((l) => JSON.parse(l))
        .find((l) => l.event.startsWith('reload')));
}

test('a reload takes a plugin that is new, or was replaced, while requests of the old one run', async () => {
    await rm(join(folder, 'acme.so'), { force: true });
    const w = await World.start({ plugins: folder });
    try {
        const file = join(w.folder, 'llmux.yaml'), config = JSON.parse(await readFile(file, 'utf8'));
        config.providers.push({ name: 'acme', type: 'acme', base_url: w.emulator, api_key: 'sk-upstream-0123456789abcdef',
                                models: [{ name: 'acme/*', upstream: '*' }] });
        await make('max_new_tokens');
        await writeFile(file, JSON.stringify(config));
        assert.equal((await reload(w)).event, 'reload');
        assert.equal((await asked(w)).max_new_tokens, 77);
        const slow = w.openai().chat.completions.create({
            model: 'acme/x!tokens=50!rate=50', messages, stream: true, max_completion_tokens: 66 });
        const stream = (await slow)[Symbol.asyncIterator]();
        await stream.next();
        for (const limit of ['max_output_length', 'max_words', 'max_new_tokens']) {
            await make(limit);
            assert.equal((await reload(w)).event, 'reload');
            assert.equal((await asked(w))[limit], 77);
            assert.equal((await reload(w)).event, 'reload'); // unchanged: shared with the one before
            assert.equal((await asked(w))[limit], 77);
        }
        let tokens = 0;
        while (!(await stream.next()).done)
            tokens++;
        assert.ok(tokens >= 49, String(tokens));
        // One for another llmux changes nothing.
        await make('max_chars', (c) => c.replace('.abi = XD_ABI', '.abi = 1u'));
        const refused = await reload(w);
        assert.equal(refused.event, 'reload_failed');
        assert.match(refused.msg, /acme\.so: it was made for ABI 1, this llmux has \d+/);
        assert.equal((await asked(w)).max_new_tokens, 77);
    } finally {
        await w.stop();
    }
});

test('a plugin for another llmux is refused, and so is what is none', async () => {
    await make('max_new_tokens', (c) => c.replace('.abi = XD_ABI', '.abi = 1u'));
    assert.match(String(await failure(start())), /acme\.so: it was made for ABI 1, this llmux has \d+/);
    await writeFile(join(folder, 'acme.so'), 'no object');
    assert.match(String(await failure(start())), /"plugins": .*acme\.so/);
    await rm(join(folder, 'acme.so'));
    assert.match(String(await failure(start())), /unknown type "acme"/);
});
