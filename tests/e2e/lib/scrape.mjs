// A gateway's page of metrics, and small requests that make it move.
import { spawnSync } from 'node:child_process';

export const chat = (model, more) => ({ model, messages: [{ role: 'user', content: 'Hi.' }], ...more });

export const OPENMETRICS = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5';

export const scrape = async (w, accept) =>
    (await fetch(`${w.url}/metrics`, { headers: accept ? { accept } : {} })).text();

// The sum of all series of that name whose labels have this.
export const sum = (page, name, labels = '') => page.split('\n')
    .filter((l) => l.startsWith(`${name}{`) || l.startsWith(`${name} `)).filter((l) => l.includes(labels))
    .reduce((n, l) => n + Number(l.split(' # ')[0].split(' ').at(-1)), 0);

// What a tool has to say about its input: nothing, when all is well.
export function promtool(args, input) {
    const r = spawnSync('promtool', args, { input });
    if (r.error)
        throw new Error('promtool is missing: tools/setup.sh test');
    return { code: r.status, said: `${r.stdout}${r.stderr}`.trim() };
}

// The text of every row of the tables of a document: [first cell, ...].
export const rows = (text) => text.split('\n').filter((l) => l.startsWith('| '))
    .map((l) => l.split('|').slice(1, -1).map((cell) => cell.trim()));
