// A real Prometheus that scrapes a gateway, and the queries that we ship for it.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ours = (path) => readFile(new URL(`../../../deploy/${path}`, import.meta.url), 'utf8');

// { from, expr }: of the dashboard with its variables filled in, of the alerts without the limit they compare with.
export async function queries() {
    const dashboard = JSON.parse(await ours('grafana/llmux.json'));
    const found = dashboard.panels.flatMap((p) => p.targets.map((t) => ({ from: p.title, expr: t.expr
        .replaceAll('$__rate_interval', '1m').replaceAll('$job', '.*') })));
    const rules = await ours('prometheus/llmux.rules.yml');
    for (const [, name, block] of rules.matchAll(/- alert: (\w+)\n((?: {8}.*\n| {10}.*\n)+?)(?= {8}(?:for|labels):)/g))
        found.push({ from: name, expr: block.replace(/^\s*expr:\s*\|?/, '').trim().replace(/\s[<>]\s[\d.]+$/, '') });
    return found;
}

function freePort() {
    return new Promise((resolve, reject) => {
        const s = createServer().on('error', reject).listen(0, '127.0.0.1', () => {
            const { port } = s.address();
            s.close(() => resolve(port));
        });
    });
}

export class Prometheus {
    output = '';
    #child;

    static async start(target) {
        const p = new Prometheus();
        p.folder = await mkdtemp(join(tmpdir(), 'llmux-prometheus-'));
        const port = await freePort();
        p.url = `http://127.0.0.1:${port}`;
        await writeFile(join(p.folder, 'prometheus.yml'), JSON.stringify({ global: { scrape_interval: '500ms' },
            scrape_configs: [{ job_name: 'llmux', static_configs: [{ targets: [target] }] }] }));
        p.#child = spawn('prometheus', [`--config.file=${p.folder}/prometheus.yml`, `--storage.tsdb.path=${p.folder}/data`,
            `--web.listen-address=127.0.0.1:${port}`, '--enable-feature=exemplar-storage'], { stdio: ['ignore', 'pipe', 'pipe'] });
        for (const stream of [p.#child.stdout, p.#child.stderr])
            stream.on('data', (d) => { p.output += d; });
        p.ended = new Promise((resolve) => p.#child.on('close', resolve).on('error', resolve));
        return p;
    }

    async get(path, parameters) {
        const r = await fetch(`${this.url}${path}?${new URLSearchParams(parameters)}`);
        const body = await r.json();
        if (body.status !== 'success')
            throw new Error(`${JSON.stringify(parameters)}: ${body.error}`);
        return body.data;
    }

    async query(expr) {
        return (await this.get('/api/v1/query', { query: expr })).result;
    }

    async stop() {
        this.#child.kill('SIGTERM');
        await this.ended;
        await rm(this.folder, { recursive: true });
    }
}
