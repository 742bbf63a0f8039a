// What we write in a dialect obeys its maker's own schema: OpenAI's chat and Responses, Google's
// generateContent.
//
// Every recorded Anthropic exchange goes through `llmux translate`; replies, chunks and requests are
// judged by the official documents.  test_schema.c runs this; exit code 1 when something does not obey.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const wire = process.env.LLMUX_WIRE || join(here, '../../../shared/wire');
const document = (name) => JSON.parse(readFileSync(join(wire, `../schemas/${name}/openapi.json`), 'utf8'));
const llmux = process.env.LLMUX || join(here, '../../build/llmux');

if (!existsSync(join(here, 'node_modules/ajv')))
    execFileSync('npm', ['ci', '--silent', '--no-audit', '--no-fund'], { cwd: here, stdio: 'inherit' });
const { default: Ajv } = await import('ajv/dist/2020.js');

// The documents are of version 3.1 and 3.0; the former, too, in places still says `nullable`.  closed: members that
// the schema does not name are refused, as the server of that document does.  Alternatives with a discriminator may
// overlap: a message with parts is an input message in two ways.
function modern(schema, closed) {
    if (Array.isArray(schema))
        return schema.map((s) => modern(s, closed));
    if (typeof schema !== 'object' || schema === null)
        return schema;
    const { nullable, discriminator, oneOf, ...rest } = schema;
    if (oneOf)
        rest[discriminator ? 'anyOf' : 'oneOf'] = oneOf;
    const out = Object.fromEntries(Object.entries(rest).map(([k, v]) => [k, modern(v, closed)]));
    if (closed && out.type === 'object' && out.properties && !('additionalProperties' in out))
        out.additionalProperties = false;
    return nullable === true ? { anyOf: [out, { type: 'null' }] } : out;
}

const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
ajv.addSchema({ components: modern(document('openai').components, false) }, 'openai');
ajv.addSchema({ components: modern(document('gemini').components, true) }, 'gemini');
const schema = (of, name) => ajv.compile({ $ref: `${of}#/components/schemas/${name}` });
const targets = [
    { dialect: 'openai.chat', isRequest: schema('openai', 'CreateChatCompletionRequest'),
      isReply: schema('openai', 'CreateChatCompletionResponse'),
      isChunk: schema('openai', 'CreateChatCompletionStreamResponse') },
    { dialect: 'openai.responses', isRequest: schema('openai', 'CreateResponse'),
      isReply: schema('openai', 'Response'), isChunk: schema('openai', 'ResponseStreamEvent') },
    { dialect: 'google.generate', isRequest: schema('gemini', 'GenerateContentRequest'),
      isReply: schema('gemini', 'GenerateContentResponse'),
      isChunk: schema('gemini', 'GenerateContentResponse') },
];

const exceptions = new Map(readFileSync(join(here, 'exceptions.tsv'), 'utf8').split('\n')
    .map((line) => line.split('\t')).filter((f) => f[1] === 'schema').map((f) => [f[0], false]));
const counts = { replies: 0, chunks: 0, requests: 0, refused: 0 };
let offences = 0;

function offence(id, what) {
    if (exceptions.has(id)) {
        exceptions.set(id, true);
        return;
    }
    offences++;
    console.log(`${id}\tschema\t${what}`);
}

function judge(id, valid, text) {
    let value;
    try {
        value = JSON.parse(text);
    } catch (e) {
        offence(id, `not JSON: ${e.message}`);
        return;
    }
    if (!valid(value)) {
        const e = valid.errors[0];
        offence(id, `${e.instancePath || '/'} ${e.message}`);
    }
}

function translate(from, to, kind, file) {
    const r = spawnSync(llmux, ['translate', '--from', from, '--to', to, '--kind', kind, file],
        { encoding: 'utf8', maxBuffer: 1 << 28 });
    return { text: r.stdout, failed: r.status !== 0, why: r.stderr };
}

function judgeStream(id, isChunk, text) {
    for (const line of text.split('\n')) {
        if (!line.startsWith('data: ') || line === 'data: [DONE]' || line.startsWith('data: {"error"'))
            continue;
        counts.chunks++;
        judge(id, isChunk, line.slice(6));
    }
}

function judgeExchange(id, dir) {
    const meta = JSON.parse(readFileSync(join(dir, 'meta.json'), 'utf8'));
    if (meta.status >= 300 || !meta.uri.includes('/v1/messages'))
        return;
    const file = (name) => existsSync(join(dir, name)) && join(dir, name);
    const reply = file('response.json'), stream = file('response.sse'), request = file('request.json');
    for (const { dialect, isRequest, isReply, isChunk } of targets) {
        if (request) {
            const r = translate('anthropic.messages', dialect, 'request', request);
            counts.requests++;
            if (r.why.includes('tools: ' + dialect + ' does not have any of them'))
                counts.refused++; // nothing but tools of its own API
            else
                r.failed ? offence(id, r.why) : judge(id, isRequest, r.text);
        }
        if (reply) {
            const r = translate('anthropic.messages', dialect, 'reply', reply);
            counts.replies++;
            r.failed ? offence(id, r.why) : judge(id, isReply, r.text);
        }
        if (stream)
            judgeStream(id, isChunk, translate('anthropic.messages', dialect, 'stream', stream).text);
    }
}

for (const family of readdirSync(join(wire, 'recorded')).filter((d) => /^anthropic-(messages|compat)/.test(d)).sort())
    for (const item of readdirSync(join(wire, 'recorded', family)).sort())
        judgeExchange(`${family}/${item}`, join(wire, 'recorded', family, item));

for (const [id, seen] of exceptions)
    if (!seen) {
        offences++;
        console.log(`${id}\tschema\tthis exception does not occur any more: remove it`);
    }
console.log(`# schema: ${counts.requests} requests (${counts.refused} refused), ${counts.replies} replies, ${counts.chunks} chunks, ${offences} offences`);
process.exit(offences === 0 && counts.replies > 0 && counts.chunks > 0 ? 0 : 1);
