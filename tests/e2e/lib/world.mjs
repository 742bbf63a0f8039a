// An emulator, a gateway in front of it, and clients: what every test needs.
//
//   openai SDK ────┐              ┌─ openai/*     ─► the emulator, in the OpenAI Chat dialect
//   anthropic SDK ─┴─► llmux serve ┴─ anthropic/*  ─► the emulator, in the Anthropic Messages dialect
//
// A model such as `anthropic/any!429` tells the emulator how to fail.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

import { Process } from './process.mjs';

export const UPSTREAM_KEY = 'sk-upstream-0123456789abcdef';

// The dialects that a provider is asked in.
export const upstreams = ['openai', 'anthropic'];

// Tests that make an emulator fail on purpose do so hundreds of times: nothing is to remember that.
export const forgetful = { backoff: { first: '20ms', most: '100ms' }, retry_budget: { share: '100%', floor: 1000 },
                           breaker: { failures: 0 }, cooldown: { time: 0 } };

function gatewayConfig(emulator, { server, provider, timeouts, retries = 0, providers = [],
                                    fallbacks, routing, plugins, resilience = forgetful, limits, media, redaction,
                                    telemetry }) {
    const deployment = (name, type) => ({
        name: `up-${name}`, type, base_url: emulator, api_key: UPSTREAM_KEY,
        models: [{ name: `${name}/*`, upstream: '*' }], timeouts, ...provider,
    });
    // JSON is YAML.
    return JSON.stringify({
        plugins,
        // How busy the machine is that tests run on is not to be seen.
        server: { listen: '127.0.0.1:0', workers: 2, overload: { lag: 0 }, ...server },
        providers: [
            deployment('openai', 'openai.chat'), deployment('anthropic', 'anthropic.messages'),
            ...(typeof providers === 'function' ? providers(emulator) : providers),
        ],
        routing: { retries, fallbacks, ...routing },
        resilience,
        limits,
        media,
        redaction,
        telemetry,
    }).replaceAll('{emulator}', emulator);
}

export class World {
    // options: server, timeouts, retries, resilience, limits, media, redaction, telemetry, providers, fallbacks, routing, plugins of the gateway's config, in which
    // {emulator} is the emulator's address; providers may be a function of it; provider: more for each of the
    // two deployments; mock: the emulator's config; program: another gateway, a function of the folder.
    static async start(options = {}) {
        const w = new World();
        w.folder = await mkdtemp(join(tmpdir(), 'llmux-e2e-'));
        const file = async (name, text) => {
            await writeFile(join(w.folder, name), text);
            return join(w.folder, name);
        };
        try {
            w.mock = new Process(['mock', '-c', await file('mock.yaml', JSON.stringify(
                { listen: '127.0.0.1:0', api_key: UPSTREAM_KEY, ...options.mock }))]);
            w.emulator = await w.mock.line((l) => /^llmux mock: listening on (\S+)$/.exec(l)?.[1]);
            w.gateway = new Process(['serve', '-c', await file('llmux.yaml',
                gatewayConfig(w.emulator, options))], await options.program?.(w.folder));
            w.address = await w.gateway.line((l) => {
                const event = JSON.parse(l);
                return event.event === 'listening' && event.address;
            });
        } catch (e) {
            await w.stop().catch(() => {});
            throw e;
        }
        return w;
    }

    get url() {
        return `http://${this.address}`;
    }

    get port() {
        return Number(this.address.split(':').at(-1));
    }

    openai(more) {
        return new OpenAI({ apiKey: 'sk-client', baseURL: `${this.url}/v1`, maxRetries: 0, ...more });
    }

    anthropic(more) {
        return new Anthropic({ apiKey: 'sk-client', baseURL: this.url, maxRetries: 0, ...more });
    }

    post(path, body, headers) {
        return fetch(this.url + path, {
            method: 'POST',
            headers: { 'content-type': 'application/json', ...headers },
            body: typeof body === 'string' || body instanceof Uint8Array ? body
                                                                        : JSON.stringify(body),
        });
    }

    // What the emulator has counted.
    async stats() {
        return (await fetch(new URL('/mock/stats', this.emulator))).json();
    }

    // The newest request that the emulator got; its body parsed.
    async last() {
        const last = await (await fetch(new URL('/mock/last', this.emulator))).json();
        return { ...last, body: JSON.parse(last.body) };
    }

    // The gateway's log line for this request id.
    log(id) {
        return this.gateway.line((l) => {
            const line = JSON.parse(l);
            return line.event === 'request' && line.request_id === id && line;
        });
    }

    async stop() {
        try {
            await this.gateway?.stop();
        } finally {
            await this.mock?.stop();
            await rm(this.folder, { recursive: true });
        }
    }
}

// Wait until check() gives something true, and return that.
export async function eventually(check, ms = 10_000) {
    const end = Date.now() + ms;
    for (;;) {
        const value = await check();
        if (value)
            return value;
        if (Date.now() > end)
            throw new Error('it did not happen in time');
        await sleep(10);
    }
}

// The error that a call fails with.
export async function failure(call) {
    try {
        await call;
    } catch (e) {
        return e;
    }
    throw new Error('it did not fail');
}

// The sum of all samples of a metric that have these labels.
export async function metric(w, name, labels) {
    const text = await (await fetch(`${w.url}/metrics`)).text();
    let sum = 0;
    for (const line of text.split('\n'))
        if (line.startsWith(name) && Object.entries(labels).every(([k, v]) => line.includes(`${k}="${v}"`)))
            sum += Number(line.split(' ').at(-1));
    return sum;
}
