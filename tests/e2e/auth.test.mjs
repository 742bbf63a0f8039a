// How requests show providers who pays: keys, tokens that are fetched, signatures.
import assert from 'node:assert/strict';
import { createVerify, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';

import { Fake, provider, tokens } from './lib/fakes.mjs';
import { eventually, failure, forgetful, World } from './lib/world.mjs';

const messages = [{ role: 'user', content: 'Hello' }];
const bearer = (r) => /^Bearer (.*)$/.exec(r.headers.authorization ?? '')?.[1];

// Run with these deployments; nothing secret may be in the log at the end.
async function withGateway(providers, secrets, run, options = {}) {
    const w = await World.start({ providers, ...options });
    try {
        await run(w);
    } finally {
        await w.stop();
    }
    for (const secret of secrets)
        assert.ok(!w.gateway.lines.some((l) => l.includes(secret)), `${secret} is in the log`);
}

const ask = (w, model) => w.openai().chat.completions.create({ model, messages });

// A deployment at `p` that buys its tokens at `t`.
const buyer = (p, t) => ({ name: 'a', type: 'azure', base_url: p.url, settings: { resource: 'r' }, models: ['gpt'],
                           auth: { client_id: 'me', client_secret: 'client-secret-0123', token_url: t.url } });

test('a key stands where the provider wants it', async () => {
    const p = await provider((r) => r.headers['api-key'] !== 'azure-key-0123456789' && 'no key');
    await withGateway([{ name: 'a', type: 'azure', base_url: `${p.url}/openai`,
                         api_key: 'azure-key-0123456789', settings: { resource: 'r' },
                         models: ['gpt'] }], ['azure-key-0123456789'], async (w) => {
        const r = await ask(w, 'gpt');
        assert.equal(r.choices[0].message.content, 'Welcome.');
        assert.equal(p.requests[0].url, '/openai/deployments/gpt/chat/completions');
        assert.equal(p.requests[0].headers.authorization, undefined);
    });
    await p.stop();
});

test('a client buys one token for many requests', async () => {
    const t = await tokens('ticket', 3600);
    const p = await provider((r) => bearer(r) !== 'ticket-1' && 'no ticket');
    const secrets = ['client-secret-0123', 'ticket-1'];
    await withGateway([{ name: 'a', type: 'azure', base_url: p.url, settings: { resource: 'r' },
                         auth: { client_id: 'me', client_secret: 'client-secret-0123',
                                 token_url: `${t.url}/{tenant_id}/token`.replace('{tenant_id}', 'T') },
                         models: ['gpt'] }], secrets, async (w) => {
        const all = await Promise.all(Array.from({ length: 40 }, () => ask(w, 'gpt')));
        assert.ok(all.every((r) => r.choices[0].message.content === 'Welcome.'));
        assert.equal(t.requests.length, 1);
        assert.equal(t.requests[0].method, 'POST');
        assert.equal(t.requests[0].url, '/T/token');
        assert.deepEqual(Object.fromEntries(new URLSearchParams(t.requests[0].body)), {
            grant_type: 'client_credentials', client_id: 'me', client_secret: 'client-secret-0123',
            scope: 'https://cognitiveservices.azure.com/.default' });
    }, { server: { workers: 1 } });
    await Promise.all([t.stop(), p.stop()]);
});

test('tokens are renewed before they end, and none is used after', async () => {
    const born = new Map();
    const t = await tokens('ticket', 2);
    const p = await provider((r) => {
        const mine = bearer(r);
        if (!born.has(mine))
            born.set(mine, Date.now());
        return Date.now() - born.get(mine) > 3000 && 'an old ticket';
    });
    await withGateway([buyer(p, t)], ['client-secret-0123'], async (w) => {
        await eventually(async () => {
            await ask(w, 'gpt');
            return born.size >= 3;
        });
    }, { server: { workers: 1 } });
    await Promise.all([t.stop(), p.stop()]);
});

test('a token endpoint that refuses is an error that clients understand', async () => {
    let refuse = true;
    const t = await tokens('ticket', 3600, () => refuse && {
        status: 401, body: { error: 'invalid_client', error_description: 'not you' } } || undefined);
    const p = await provider(() => undefined);
    await withGateway([buyer(p, t)], ['client-secret-0123'], async (w) => {
        const e = await failure(ask(w, 'gpt'));
        assert.equal(e.status, 502);
        assert.match(e.message, /provider a: credentials for it cannot be had/);
        assert.doesNotMatch(e.message, /invalid_client/);
        const m = await failure(w.anthropic().messages.create({ model: 'gpt', max_tokens: 9,
                                                                messages }));
        assert.equal(m.error.type, 'error');
        assert.match(m.error.error.message, /credentials/);
        const line = await w.log(e.headers.get('x-request-id'));
        assert.match(JSON.stringify(line), /status 401, invalid_client: not you/);
        refuse = false;
        await eventually(() => ask(w, 'gpt').then(() => true, () => false));
    });
    await Promise.all([t.stop(), p.stop()]);
});

test('another deployment helps out when there are no credentials', async () => {
    const t = await tokens('ticket', 3600, () => ({ status: 503, body: 'down' }));
    const p = await provider((r) => r.headers['api-key'] !== 'azure-key-0123456789' && 'no key');
    await withGateway([
        { ...buyer(p, t), models: [{ name: 'gpt', weight: 1000 }] },
        { ...buyer(p, t), name: 'b', auth: undefined, api_key: 'azure-key-0123456789' },
    ], [], async (w) => {
        for (let i = 0; i < 5; i++)
            assert.equal((await ask(w, 'gpt')).choices[0].message.content, 'Welcome.');
    }, { retries: 2, resilience: { ...forgetful, retry_budget: { share: '0%', floor: 0 } } }); // nothing was sent to a
    await Promise.all([t.stop(), p.stop()]);
});

test('who was not asked has not failed, nor has shown that all is well', async () => {
    let refuse = true;
    const t = await tokens('ticket', 3600, () => refuse && { status: 503, body: 'down' } || undefined);
    const p = await provider((r) => !r.headers.authorization && 'no key');
    await withGateway([{ ...buyer(p, t), policies: { candidates: 'one' } }], [], async (w) => {
        const admin = await w.gateway.line((l) => JSON.parse(l).event === 'listening_admin' && `http://${JSON.parse(l).address}`);
        const state = async () => {
            const all = await (await fetch(`${admin}/admin/state`)).json();
            return all.deployments.find((d) => d.name === 'a').state[0];
        };
        for (let i = 0; i < 4; i++)
            assert.equal((await failure(ask(w, 'gpt'))).status, 502);
        let s = await state();
        assert.deepEqual([s.standing, s.why, s.breaker, s.requests, s.failures],
                         ['last', 'credentials or account refused', 'closed', 0, 0]);
        refuse = false;
        await eventually(() => ask(w, 'gpt').then(() => true, () => false));
        const unfit = w.openai().chat.completions.create({ model: 'gpt', messages, n: 2 });
        assert.equal((await failure(unfit)).status, 400);
        s = await state();
        assert.deepEqual([s.breaker, s.requests, s.failures], ['closed', 1, 0]);
    }, { server: { workers: 1, admin_listen: '127.0.0.1:0' },
         resilience: { ...forgetful, cooldown: { time: '60s' }, breaker: { failures: 2, open: '60s' } } });
    await Promise.all([t.stop(), p.stop()]);
});

// Holds tokens back until they are given out.
function gate() {
    const g = {};
    g.opened = new Promise((resolve) => { g.open = resolve; });
    return g;
}

test('who waits for credentials waits no longer than the client', async () => {
    const held = gate();
    const t = await tokens('ticket', 3600, () => held.opened);
    const p = await provider((r) => !r.headers.authorization && 'no key');
    await withGateway([buyer(p, t)], [], async (w) => {
        const r = await w.post('/v1/chat/completions', { model: 'gpt', messages: [{ role: 'user', content: 'Hi' }] },
                               { 'x-llmux-timeout': '300ms' });
        assert.equal(r.status, 408);
        assert.match((await r.json()).error.message, /x-llmux-timeout/);
        assert.equal((await w.log(r.headers.get('x-request-id'))).attempts, 0);
        assert.doesNotMatch(await (await fetch(`${w.url}/metrics`)).text(), /llmux_deployment_requests_total\{deployment="a"/);
        held.open();
        assert.equal((await ask(w, 'gpt')).choices[0].message.content, 'Welcome.');
    });
    await Promise.all([t.stop(), p.stop()]);
});

test('a client that leaves before there are credentials has asked nobody', async () => {
    const held = gate(), leave = new AbortController();
    const t = await tokens('ticket', 3600, () => held.opened);
    const p = await provider((r) => !r.headers.authorization && 'no key');
    await withGateway([buyer(p, t)], [], async (w) => {
        const gone = fetch(`${w.url}/v1/chat/completions`, {
            method: 'POST', signal: leave.signal,
            headers: { 'content-type': 'application/json', 'x-request-id': 'left' },
            body: JSON.stringify({ model: 'gpt', messages: [{ role: 'user', content: 'Hi' }] }) });
        await eventually(() => t.requests.length === 1);
        leave.abort();
        await assert.rejects(gone);
        const line = await w.log('left');
        assert.deepEqual([line.outcome, line.attempts], ['gone', 0]);
        assert.doesNotMatch(await (await fetch(`${w.url}/metrics`)).text(), /llmux_deployment_requests_total\{deployment="a"/);
        held.open();
    });
    assert.equal(p.requests.length, 0);
    await Promise.all([t.stop(), p.stop()]);
});

// --- service accounts ------------------------------------------------------------------------------

let folder, file, pair, fileOf;

before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'llmux-e2e-auth-'));
    file = join(folder, 'account.json');
    pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
    fileOf = (url) => writeFile(file, JSON.stringify({
        type: 'service_account', client_email: 'me@project.example', private_key_id: 'kid-1',
        private_key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), token_uri: url }));
});
after(() => rm(folder, { recursive: true }));

const claims = (part) => JSON.parse(Buffer.from(part, 'base64url'));

test('a service account signs for its tokens', async () => {
    const t = await tokens('ya29', 3600, (r) => {
        const form = new URLSearchParams(r.body);
        const [head, body, signature] = form.get('assertion').split('.');
        const ok = createVerify('RSA-SHA256').update(`${head}.${body}`)
            .verify(pair.publicKey, signature, 'base64url');
        const said = claims(body), now = Date.now() / 1000;
        if (ok && form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:jwt-bearer'
            && claims(head).kid === 'kid-1' && said.iss === 'me@project.example'
            && said.aud === `http://${r.headers.host}/token` && Math.abs(said.iat - now) < 60
            && said.exp - said.iat === 3600
            && said.scope === 'https://www.googleapis.com/auth/cloud-platform')
            return undefined;
        return { status: 400, body: { error: 'invalid_grant', error_description: 'who is this' } };
    });
    const p = await provider((r) => bearer(r) !== 'ya29-1' && 'no token');
    await fileOf(`${t.url}/token`);
    await withGateway([{ name: 'v', type: 'anthropic_vertex', base_url: p.url,
                         settings: { project: 'p' }, auth: { credentials_file: file },
                         models: ['claude-x@2025'] }], ['ya29-1', 'BEGIN PRIVATE'], async (w) => {
        const r = await ask(w, 'claude-x@2025');
        assert.equal(r.choices[0].message.content, 'Welcome.');
        assert.equal(p.requests[0].url, '/claude-x@2025:rawPredict');
        const body = JSON.parse(p.requests[0].body);
        assert.equal(body.model, undefined);
        assert.equal(body.anthropic_version, 'vertex-2023-10-16');
        const m = await w.anthropic().messages.create({ model: 'claude-x@2025', max_tokens: 9,
                                                        messages });
        assert.equal(m.content[0].text, 'Welcome.');
        assert.equal(JSON.parse(p.requests[1].body).model, undefined);
        assert.equal(t.requests.length, 1);
    }, { server: { workers: 1 } });
    await Promise.all([t.stop(), p.stop()]);
});

test('a user who has logged in renews tokens', async () => {
    const t = await tokens('user', 3600, (r) => {
        const form = Object.fromEntries(new URLSearchParams(r.body));
        const { grant_type: type, client_id: id, client_secret: secret, refresh_token: refresh } = form;
        return type === 'refresh_token' && id === 'id-1' && secret === 'hush-0123456789' && refresh === '1//renew-0123456789'
            ? undefined : { status: 400, body: { error: 'invalid_grant', error_description: 'who is this' } };
    });
    const p = await provider((r) => bearer(r) !== 'user-1' && 'no token');
    const user = join(folder, 'user.json');
    await writeFile(user, JSON.stringify({ type: 'authorized_user', client_id: 'id-1', client_secret: 'hush-0123456789',
                                           refresh_token: '1//renew-0123456789' }));
    await withGateway([{ name: 'v', type: 'anthropic_vertex', base_url: p.url, settings: { project: 'p' },
                         auth: { credentials_file: user, token_url: `${t.url}/token` }, models: ['claude'] }],
                      ['user-1', 'hush-0123456789', '1//renew-0123456789'], async (w) => {
        assert.equal((await ask(w, 'claude')).choices[0].message.content, 'Welcome.');
        assert.equal(t.requests.length, 1);
    }, { server: { workers: 1 } });
    await Promise.all([t.stop(), p.stop()]);
});

test('the machine itself is asked with its header', async () => {
    const t = await tokens('machine', 3600,
                           (r) => r.headers['metadata-flavor'] !== 'Google' && { status: 403 }
                               || undefined);
    const p = await provider((r) => bearer(r) !== 'machine-1' && 'no token');
    await withGateway([{ name: 'v', type: 'anthropic_vertex', base_url: p.url,
                         settings: { project: 'p' },
                         auth: { scheme: 'metadata', token_url: `${t.url}/token` },
                         models: ['claude'] }], ['machine-1'], async (w) => {
        assert.equal((await ask(w, 'claude')).choices[0].message.content, 'Welcome.');
        assert.equal(t.requests[0].method, 'GET');
    }, { server: { workers: 1 } });
    await Promise.all([t.stop(), p.stop()]);
});

test('a token that the provider revoked is fetched anew', async () => {
    const t = await tokens('ticket', 3600);
    let good = 'ticket-1';
    const p = await provider((r) => bearer(r) !== good && 'revoked');
    await withGateway([buyer(p, t)], [], async (w) => {
        await ask(w, 'gpt');
        good = 'ticket-2';
        assert.equal((await failure(ask(w, 'gpt'))).status, 401);
    }, { server: { workers: 1 } });
    await Promise.all([t.stop(), p.stop()]);
});

// --- signatures ----------------------------------------------------------------------------------

const KEY = { accessKeyId: 'AKIDE2E0123456789', secretAccessKey: 'secret+e2e/0123456789' };

// What is wrong with the request's signature, by AWS's own signer.
async function faulty(r, credentials, region = 'eu-central-1') {
    const given = /^AWS4-HMAC-SHA256 Credential=(\S+?)\/(\S+), SignedHeaders=(\S+), Signature=(\w+)$/
        .exec(r.headers.authorization ?? '');
    if (!given)
        return 'no signature';
    const date = r.headers['x-amz-date'];
    const at = new Date(date.replace(/(....)(..)(..T..)(..)(..Z)/, '$1-$2-$3:$4:$5'));
    if (Math.abs(at - Date.now()) > 60_000)
        return 'an old signature';
    const signer = new SignatureV4({ credentials, region, service: 'bedrock', sha256: Sha256,
                                     applyChecksum: false });
    const names = given[3].split(';').filter((n) => n !== 'x-amz-date');
    const { authorization } = (await signer.sign({
        method: r.method, protocol: 'http:', hostname: r.headers.host, path: r.url, query: {},
        headers: Object.fromEntries(names.map((n) => [n, r.headers[n]])), body: r.body,
    }, { signingDate: at })).headers;
    return authorization !== r.headers.authorization && `${authorization} is right`;
}

// Runs with these variables of the environment, and none of the usual ones.
async function withEnvironment(more, run) {
    const kept = { ...process.env };
    for (const name of Object.keys(process.env))
        if (name.startsWith('AWS_') || name === 'HOME')
            delete process.env[name];
    Object.assign(process.env, { HOME: '/nowhere', ...more });
    try {
        await run();
    } finally {
        Object.assign(process.env, kept);
    }
}

function signed(credentials) {
    return provider(async (r) => await faulty(r, credentials)
        || (r.headers['x-amz-security-token'] !== credentials.sessionToken && 'no token')
        || (JSON.parse(r.body).anthropic_version !== 'bedrock-2023-05-31' && 'no version'));
}

const model = 'anthropic.claude-3-5-sonnet-20241022-v2:0';
const signing = (p, more) => ({ name: 's', type: 'anthropic_bedrock', base_url: p.url,
                                models: [model, 'arn:aws:bedrock:eu:1:profile/a b'], ...more });

test('requests are signed as AWS does it', async () => {
    const p = await signed(KEY);
    await withEnvironment({}, () => withGateway(
        [signing(p, { settings: { region: 'eu-central-1' },
                      auth: { access_key_id: KEY.accessKeyId,
                              secret_access_key: KEY.secretAccessKey } })],
        [KEY.secretAccessKey], async (w) => {
            for (const name of [model, 'arn:aws:bedrock:eu:1:profile/a b'])
                assert.equal((await ask(w, name)).choices[0].message.content, 'Welcome.');
            const m = await w.anthropic().messages.create({ model, max_tokens: 9, messages: [
                { role: 'user', content: 'Grüße \u{1f600} '.repeat(1000) }] });
            assert.equal(m.content[0].text, 'Welcome.');
        }));
    await p.stop();
});

test('keys of the environment sign, with their session', async () => {
    const p = await signed({ ...KEY, sessionToken: 'session+token/==' });
    await withEnvironment({ AWS_ACCESS_KEY_ID: KEY.accessKeyId,
                            AWS_SECRET_ACCESS_KEY: KEY.secretAccessKey,
                            AWS_SESSION_TOKEN: 'session+token/==', AWS_REGION: 'eu-central-1' },
                          () => withGateway([signing(p)], [KEY.secretAccessKey], async (w) => {
        assert.equal((await ask(w, model)).choices[0].message.content, 'Welcome.');
    }));
    await p.stop();
});

test('a profile signs', async () => {
    const p = await signed(KEY);
    const credentials = join(folder, 'credentials');
    await writeFile(credentials, `[work]\naws_access_key_id = ${KEY.accessKeyId}\n`
        + `aws_secret_access_key = ${KEY.secretAccessKey}\nregion = eu-central-1\n`);
    await withEnvironment({ AWS_SHARED_CREDENTIALS_FILE: credentials },
                          () => withGateway([signing(p, { auth: { profile: 'work' } })],
                                            [KEY.secretAccessKey], async (w) => {
        assert.equal((await ask(w, model)).choices[0].message.content, 'Welcome.');
    }));
    await p.stop();
});

test('an instance gives its keys, and new ones before they end', async () => {
    let n = 0;
    const end = () => new Date(Date.now() + 4000).toISOString().replace(/\.\d+/, '');
    const key = (i) => ({ accessKeyId: `ASIA${i}`, secretAccessKey: `instance-secret-${i}` });
    const seen = new Set();
    const m = await Fake.start((r) => {
        if (r.method === 'PUT' && r.url === '/latest/api/token')
            return r.headers['x-aws-ec2-metadata-token-ttl-seconds'] ? { body: 'session-1' }
                                                                     : { status: 400 };
        if (r.headers['x-aws-ec2-metadata-token'] !== 'session-1')
            return { status: 401 };
        if (r.url === '/latest/meta-data/iam/security-credentials/')
            return { body: 'the-role' };
        n++;
        return { status: r.url.endsWith('/the-role') ? 200 : 404,
                 body: { Code: 'Success', AccessKeyId: key(n).accessKeyId, Token: `session-${n}`,
                         SecretAccessKey: key(n).secretAccessKey, Expiration: end() } };
    });
    const p = await provider((r) => {
        const i = Number(/Credential=ASIA(\d+)/.exec(r.headers.authorization)?.[1]);
        seen.add(i);
        return faulty(r, { ...key(i), sessionToken: `session-${i}` });
    });
    await withEnvironment({ AWS_EC2_METADATA_SERVICE_ENDPOINT: `${m.url}/`,
                            AWS_REGION: 'eu-central-1' },
                          () => withGateway([signing(p)], ['instance-secret-1'], async (w) => {
        await Promise.all(Array.from({ length: 10 }, () => ask(w, model)));
        assert.equal(n, 1);
        await eventually(async () => {
            await ask(w, model);
            return seen.size >= 3;
        });
    }, { server: { workers: 1 } }));
    await Promise.all([m.stop(), p.stop()]);
});

test('a container shows the token of its file', async () => {
    const file = join(folder, 'container-token');
    await writeFile(file, 'container-token-1\n');
    const m = await Fake.start((r) => (r.headers.authorization !== 'container-token-1'
        ? { status: 403, body: { code: 'AccessDenied', message: 'no' } }
        : { body: { AccessKeyId: KEY.accessKeyId, SecretAccessKey: KEY.secretAccessKey,
                    Token: 't', Expiration: '2099-01-01T00:00:00Z' } }));
    const p = await signed({ ...KEY, sessionToken: 't' });
    await withEnvironment({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `${m.url}/creds`,
                            AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file,
                            AWS_REGION: 'eu-central-1' },
                          () => withGateway([signing(p)], ['container-token-1', KEY.secretAccessKey],
                                            async (w) => {
        assert.equal((await ask(w, model)).choices[0].message.content, 'Welcome.');
    }));
    await Promise.all([m.stop(), p.stop()]);
});

test('a bearer key of the environment is used before signatures', async () => {
    const p = await provider((r) => bearer(r) !== 'bedrock-key-0123456789' && 'no key');
    await withEnvironment({ AWS_BEARER_TOKEN_BEDROCK: 'bedrock-key-0123456789' },
                          () => withGateway([signing(p)], ['bedrock-key-0123456789'], async (w) => {
        assert.equal((await ask(w, model)).choices[0].message.content, 'Welcome.');
    }));
    await p.stop();
});
