// The pictures of docs/observability.md, drawn from a real run: node pictures.mjs [SECONDS].  Not a test.
import { readFile, writeFile } from 'node:fs/promises';

import { Prometheus } from './lib/prometheus.mjs';
import { Receiver } from './lib/receiver.mjs';
import { eventually, UPSTREAM_KEY, World } from './lib/world.mjs';

const seconds = Number(process.argv[2] ?? 60);
const docs = new URL('../../docs/pictures/', import.meta.url);
const colours = ['#4269d0', '#efb118', '#ff725c', '#6cc5b0', '#3ca951', '#ff8ab7', '#a463f2', '#97bbf5', '#9c6b4e', '#9498a0'];
const escape = (s) => String(s).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const text = (x, y, s, more = '') => `<text x="${x}" y="${y}" ${more}>${escape(s)}</text>`;
const page = (width, height, body) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" `
    + `font-family="sans-serif" font-size="11" fill="#222"><rect width="100%" height="100%" fill="#fff"/>\n${body}\n</svg>\n`;
const chat = (model, more) => ({ model, messages: [{ role: 'user', content: 'Tell me something nice about the weather in Amsterdam today, in so many words. '.repeat(3) }], ...more });

// A span a line, a child below its parent.
function drawTrace(spans) {
    const begin = Math.min(...spans.map((s) => Number(BigInt(s.startTimeUnixNano) / 1000n)));
    const at = (ns) => Number(BigInt(ns) / 1000n) - begin;
    const root = spans.find((s) => s.kind === 'SPAN_KIND_SERVER'), end = at(root.endTimeUnixNano);
    const below = (id, depth) => spans.filter((s) => s.parentSpanId === id && s !== root)
        .sort((a, b) => at(a.startTimeUnixNano) - at(b.startTimeUnixNano))
        .flatMap((s) => [{ s, depth }, ...below(s.spanId, depth + 1)]);
    const lines = [{ s: root, depth: 0 }, ...below(root.spanId, 1)], width = 900, left = 260, scale = (width - left - 90) / end;
    const body = lines.map(({ s, depth }, i) => {
        const y = 34 + 26 * i, x = left + at(s.startTimeUnixNano) * scale;
        const w = Math.max(2, (at(s.endTimeUnixNano) - at(s.startTimeUnixNano)) * scale);
        const bad = s.status?.code === 'STATUS_CODE_ERROR', marks = (s.events ?? []).map((e) =>
            `<circle cx="${(left + at(e.timeUnixNano) * scale).toFixed(1)}" cy="${y + 8}" r="4" fill="#222"/>`).join('');
        return text(10 + 16 * depth, y + 12, s.name)
            + `<rect x="${x.toFixed(1)}" y="${y}" width="${w.toFixed(1)}" height="16" rx="2" fill="${bad ? '#ff725c' : colours[depth % 2 ? 0 : 3]}"/>${marks}`
            + text((x + w + 6).toFixed(1), y + 12, `${((at(s.endTimeUnixNano) - at(s.startTimeUnixNano)) / 1000).toFixed(2)} ms${bad ? `, ${s.attributes['error.type'].value}` : ''}`);
    });
    return page(width, 50 + 26 * lines.length, text(10, 20, `trace ${root.traceId}`, 'font-weight="bold"') + body.join('\n'));
}

function drawPanel(title, series, x, y, from, to) {
    const width = 290, height = 150, most = Math.max(1e-9, ...series.flatMap((s) => s.values.map(([, v]) => v)));
    const px = (t) => (x + 8 + (width - 16) * (t - from) / (to - from)).toFixed(1);
    const py = (v) => (y + height - 40 - (height - 70) * v / most).toFixed(1);
    const lines = series.map((s, i) => `<polyline fill="none" stroke="${colours[i % 10]}" stroke-width="1.5" points="${
        s.values.map(([t, v]) => `${px(t)},${py(v)}`).join(' ')}"/>`);
    const legend = series.slice(0, 6).map((s, i) => text(x + 8 + 140 * (i % 2), y + height - 24 + 10 * Math.floor(i / 2),
        s.name.slice(0, 30), `font-size="8" fill="${colours[i % 10]}"`));
    return `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="none" stroke="#ccc"/>`
        + text(x + 8, y + 15, title, 'font-weight="bold"') + text(x + width - 8, y + 15, Number(most.toPrecision(2)),
            'text-anchor="end" fill="#888"') + lines.join('') + legend.join('');
}

async function drawDashboard(prometheus) {
    const { panels } = JSON.parse(await readFile(new URL('../../deploy/grafana/llmux.json', import.meta.url), 'utf8'));
    const to = Date.now() / 1000, from = to - seconds + 5;
    const body = [];
    for (const [i, p] of panels.entries()) {
        const series = [];
        for (const t of p.targets) {
            const data = await prometheus.get('/api/v1/query_range', { start: from, end: to, step: 1,
                query: t.expr.replaceAll('$__rate_interval', '10s').replaceAll('$job', '.*') });
            for (const r of data.result)
                series.push({ name: t.legendFormat.replace(/\{\{(\w+)\}\}/g, (_, l) => r.metric[l] ?? ''),
                              values: r.values.map(([at, v]) => [at, Number(v)]).filter(([, v]) => Number.isFinite(v)) });
        }
        body.push(drawPanel(p.title, series, 10 + 300 * (i % 3), 10 + 160 * Math.floor(i / 3), from, to));
    }
    return page(910, 20 + 160 * Math.ceil(panels.length / 3), body.join('\n'));
}

const receiver = await Receiver.start();
const world = await World.start({ retries: 1, resilience: { breaker: { failures: 3, open: '2s' }, cooldown: { time: 0 } },
    fallbacks: { gone: ['openai/spare'], 'openai/any!503': ['anthropic/m'] }, mock: { reply: { manner: 'delay=40ms!rate=400' } },
    providers: [{ name: 'gone', type: 'openai.chat', base_url: 'http://127.0.0.1:1', models: ['gone'] },
                { name: 'busy', type: 'openai.chat', base_url: '{emulator}', api_key: UPSTREAM_KEY,
                  models: ['openai/any!503'] }],
    telemetry: { otlp: { endpoint: receiver.endpoint('http'), delay: '50ms' } } });
const prometheus = await Prometheus.start(world.address);
try {
    const kinds = [['openai/m', true], ['openai/m', false], ['anthropic/m', true], ['gone', true], ['openai/any!429', false],
                   ['anthropic/m', false], ['openai/any!500', false]];
    for (let i = 0, end = Date.now() + seconds * 1000; Date.now() < end; i++) {
        const [model, stream] = kinds[i % kinds.length];
        await (await world.post(i % 2 ? '/v1/messages' : '/v1/chat/completions',
            chat(model, { stream, max_tokens: 100, ...(i % 2 && { top_k: 3 }) }))).text();
        await new Promise((resolve) => setTimeout(resolve, 10 + 30 * (1 + Math.sin(i / 60))));
    }
    const id = '0af7651916cd43dd8448eb211c80319c';
    await (await world.post('/v1/messages', chat('openai/any!503', { stream: true, max_tokens: 100 }),
        { traceparent: `00-${id}-b7ad6b7169203331-01` })).text();
    const spans = await eventually(() => {
        const found = receiver.spans.filter((s) => s.traceId === id);
        return found.length > 4 && found;
    });
    await writeFile(new URL('trace.svg', docs), drawTrace(spans));
    await writeFile(new URL('dashboard.svg', docs), await drawDashboard(prometheus));
} finally {
    await prometheus.stop();
    await world.stop();
    await receiver.stop();
}
