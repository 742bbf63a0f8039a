// What OpenTelemetry's semantic conventions say of what we send, and what is wrong with something that was received.
// Attributes of generative AI as of their first own release (semantic-conventions-genai 0.1.0), all others as of
// semantic-conventions 1.41; what begins with llmux. is ours.
import * as constants from '@opentelemetry/semantic-conventions/incubating';

const named = new Set(Object.values(constants));
// Conventions that are younger than the constants of that package.
const newer = new Set(['gen_ai.request.stream', 'gen_ai.response.time_to_first_chunk',
    'gen_ai.usage.reasoning.output_tokens', 'gen_ai.usage.cache_read.input_tokens', 'gen_ai.usage.cache_creation.input_tokens',
    'gen_ai.provider.name', 'gen_ai.tool.definitions', 'gen_ai.system_instructions', 'gen_ai.input.messages',
    'gen_ai.output.messages']);

// By kind of span: types of attributes; the first line of each must be there.
const string = 'stringValue', int = 'intValue', double = 'doubleValue', bool = 'boolValue', list = 'arrayValue';
const types = (type, ...keys) => Object.fromEntries(keys.map((k) => [k, type]));
export const spans = {
    SPAN_KIND_SERVER: {
        must: types(string, 'http.request.method', 'url.path', 'url.scheme', 'llmux.request_id', 'llmux.front'),
        may: { ...types(string, 'http.route', 'client.address', 'user_agent.original', 'error.type', 'gen_ai.operation.name',
            'gen_ai.request.model', 'llmux.dropped'),
        ...types(int, 'http.response.status_code', 'llmux.attempts', 'llmux.bytes_in', 'llmux.bytes_out'),
        ...types(double, 'llmux.overhead'), ...types(bool, 'llmux.stream', 'llmux.gone') },
        name: (s) => `${value(s, 'http.request.method')} ${value(s, 'http.route') ?? value(s, 'llmux.front')}`,
    },
    SPAN_KIND_CLIENT: {
        must: { ...types(string, 'gen_ai.operation.name', 'gen_ai.provider.name', 'gen_ai.request.model', 'server.address',
            'llmux.deployment', 'llmux.provider.type', 'llmux.dialect'), ...types(int, 'server.port', 'llmux.attempt') },
        may: { ...types(string, 'error.type', 'gen_ai.output.type', 'gen_ai.response.id', 'gen_ai.response.model',
            'llmux.upstream.request_id'),
        ...types(int, 'gen_ai.request.max_tokens', 'gen_ai.request.seed', 'gen_ai.request.choice.count', 'gen_ai.request.top_k',
            'gen_ai.usage.input_tokens', 'gen_ai.usage.output_tokens', 'gen_ai.usage.cache_read.input_tokens',
            'gen_ai.usage.cache_creation.input_tokens', 'gen_ai.usage.reasoning.output_tokens', 'http.response.status_code'),
        ...types(double, 'gen_ai.request.temperature', 'gen_ai.request.top_p', 'gen_ai.request.presence_penalty',
            'gen_ai.request.frequency_penalty', 'gen_ai.response.time_to_first_chunk', 'llmux.cost'),
        ...types(bool, 'gen_ai.request.stream', 'llmux.cut', 'llmux.content_cut'),
        ...types(list, 'gen_ai.request.stop_sequences', 'gen_ai.response.finish_reasons', 'gen_ai.input.messages',
            'gen_ai.output.messages', 'gen_ai.system_instructions', 'gen_ai.tool.definitions') },
        name: (s) => `${value(s, 'gen_ai.operation.name')} ${value(s, 'gen_ai.request.model')}`,
    },
    SPAN_KIND_INTERNAL: {
        must: {},
        may: { ...types(string, 'error.type', 'llmux.model', 'llmux.candidate'), ...types(int, 'llmux.bytes_out'),
            ...types(bool, 'llmux.gone') },
        name: (s) => ['route', 'connect', 'tls', 'stream'].includes(s.name) ? s.name : 'route, connect, tls or stream',
    },
};

const labels = types(string, 'gen_ai.operation.name', 'gen_ai.provider.name', 'gen_ai.request.model', 'llmux.deployment');
const histogram = (unit, bounds, more) => ({ unit, bounds, attributes: { ...labels, ...more } });
const tokens = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];
export const metrics = {
    'gen_ai.client.token.usage': histogram('{token}', tokens, types(string, 'gen_ai.token.type')),
    'gen_ai.client.operation.duration': histogram('s', [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48,
        40.96, 81.92], types(string, 'error.type')),
    'gen_ai.server.time_to_first_token': histogram('s', [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5,
        5, 7.5, 10]),
    'gen_ai.server.time_per_output_token': histogram('s', [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5]),
};

export const value = (span, key) => span.attributes[key]?.value;
const isConvention = (key) => key.startsWith('llmux.') || named.has(key) || newer.has(key);

function* ofAttributes(what, attributes, known) {
    for (const [key, { type }] of Object.entries(attributes)) {
        if (type !== known[key])
            yield `${what}: ${key} is ${type}, not ${known[key]}`;
        if (!isConvention(key))
            yield `${what}: ${key} is no convention`;
    }
}

// Everything that is wrong with a span, as sentences.
export function* ofSpan(s) {
    const rule = spans[s.kind];
    if (!rule)
        return yield `${s.name}: ${s.kind}`;
    yield* ofAttributes(s.name, s.attributes, { ...rule.must, ...rule.may });
    for (const key of Object.keys(rule.must))
        if (!s.attributes[key])
            yield `${s.name}: no ${key}`;
    if (s.name !== rule.name(s))
        yield `the span ${s.name} should be ${rule.name(s)}`;
    const failed = s.status?.code === 'STATUS_CODE_ERROR';
    const clients = s.kind === 'SPAN_KIND_SERVER' && /^4/.test(value(s, 'http.response.status_code'));
    if (failed && (clients || !value(s, 'error.type')))
        yield `${s.name}: an error ${clients ? 'of the client' : 'without a type'}`;
    if (!failed && value(s, 'error.type') && !clients)
        yield `${s.name}: error.type ${value(s, 'error.type')} without a status`;
    if (BigInt(s.startTimeUnixNano) > BigInt(s.endTimeUnixNano))
        yield `${s.name} ends before it begins`;
    for (const e of s.events ?? [])
        if (e.name !== 'first_token' || BigInt(e.timeUnixNano) < BigInt(s.startTimeUnixNano)
            || BigInt(e.timeUnixNano) > BigInt(s.endTimeUnixNano))
            yield `${s.name}: event ${e.name} at ${e.timeUnixNano}`;
}

// The same for all spans of one trace, together.
export function* ofTrace(trace) {
    const ids = new Map(trace.map((s) => [s.spanId, s]));
    if (ids.size !== trace.length)
        yield 'an id of a span is there twice';
    const kinds = { SPAN_KIND_SERVER: [], SPAN_KIND_CLIENT: ['SPAN_KIND_SERVER'],
                    SPAN_KIND_INTERNAL: ['SPAN_KIND_SERVER', 'SPAN_KIND_CLIENT'] };
    for (const s of trace) {
        yield* ofSpan(s);
        const parent = ids.get(s.parentSpanId);
        if (s.kind === 'SPAN_KIND_SERVER')
            continue;
        if (!parent) {
            yield `${s.name} has no parent`;
            continue;
        }
        if (!kinds[s.kind].includes(parent.kind))
            yield `${s.name} below ${parent.name}`;
        if (BigInt(s.startTimeUnixNano) < BigInt(parent.startTimeUnixNano))
            yield `${s.name} begins before ${parent.name}`;
        if (BigInt(s.endTimeUnixNano) > BigInt(parent.endTimeUnixNano))
            yield `${s.name} ends after ${parent.name}`;
    }
}

export function* ofMetric(m) {
    const rule = metrics[m.name];
    if (!rule || !named.has(m.name))
        return yield `${m.name} is no convention`;
    if (m.unit !== rule.unit || !m.description)
        yield `${m.name}: unit ${m.unit}, ${m.description}`;
    if (m.histogram?.aggregationTemporality !== 'AGGREGATION_TEMPORALITY_CUMULATIVE')
        yield `${m.name} is no cumulative histogram`;
    for (const p of m.points) {
        yield* ofAttributes(m.name, p.attributes, rule.attributes);
        for (const key of ['gen_ai.operation.name', 'gen_ai.provider.name', ...(rule.unit === 's' ? [] : ['gen_ai.token.type'])])
            if (!p.attributes[key])
                yield `${m.name}: no ${key}`;
        if (JSON.stringify(p.explicitBounds) !== JSON.stringify(rule.bounds))
            yield `${m.name}: bounds ${p.explicitBounds}`;
        if (p.bucketCounts.length !== rule.bounds.length + 1
            || p.bucketCounts.reduce((a, b) => a + Number(b), 0) !== Number(p.count))
            yield `${m.name}: buckets ${p.bucketCounts} of ${p.count}`;
        if (BigInt(p.startTimeUnixNano) >= BigInt(p.timeUnixNano))
            yield `${m.name}: from ${p.startTimeUnixNano} to ${p.timeUnixNano}`;
    }
}

const severities = { debug: 'SEVERITY_NUMBER_DEBUG', info: 'SEVERITY_NUMBER_INFO', warn: 'SEVERITY_NUMBER_WARN',
                     error: 'SEVERITY_NUMBER_ERROR' };
export function* ofRecord(l) {
    if (l.severityNumber !== severities[l.severityText])
        yield `${l.body}: ${l.severityText} is ${l.severityNumber}`;
    if (!/^[a-z_]+$/.test(l.body))
        yield `${l.body}: no event`;
    if (l.traceId && !(l.traceId.length === 32 && l.spanId.length === 8))
        yield `${l.body}: trace ${l.traceId}`;
    if (BigInt(l.timeUnixNano) > BigInt(l.observedTimeUnixNano) || BigInt(l.timeUnixNano) === 0n)
        yield `${l.body}: at ${l.timeUnixNano}`;
}

export function* ofResource(r) {
    const known = { ...types(string, 'service.name', 'service.version', 'service.instance.id', 'host.name', 'telemetry.sdk.name',
        'telemetry.sdk.language', 'telemetry.sdk.version'), ...types(int, 'process.pid') };
    yield* ofAttributes('resource', r, { ...types(string, ...Object.keys(r)), ...known });
    for (const key of Object.keys(known))
        if (!r[key])
            yield `resource: no ${key}`;
}
