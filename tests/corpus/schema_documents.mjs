// The official documents as schemas that a validator takes, for each target what a request, a reply and a chunk is.
import { existsSync, readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromSmithy } from './smithy.mjs';

const here = dirname(fileURLToPath(import.meta.url));
if (!existsSync(join(here, 'node_modules/ajv')) || !existsSync(join(here, 'node_modules/yaml')))
    execFileSync('npm', ['ci', '--silent', '--no-audit', '--no-fund'], { cwd: here, stdio: ['ignore', 2, 2] });
const { default: Ajv } = await import('ajv/dist/2020.js');
const { parse } = await import('yaml');

const wire = process.env.LLMUX_WIRE || join(here, '../../../shared/wire');
const text = (name) => readFileSync(join(wire, '../schemas', name), 'utf8');

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

// Where recorded traffic, or what official clients know, is ahead of a document.
const without = (schema, ...names) => { schema.required = schema.required.filter((n) => !names.includes(n)); };
const each = (schemas, ...names) => names.map((name) => schemas[name]);
// Other makers' tiers pass with their own words.
function openTiers(value) {
    for (const [name, inner] of Object.entries(value || {}))
        if (name === 'service_tier')
            value[name] = {};
        else if (typeof inner === 'object')
            openTiers(inner);
}
const corrections = {
    openai(s) {
        openTiers(s);
        // every recorded stream says null until the last chunk
        s.CreateCompletionResponse.properties.choices.items.properties.finish_reason.nullable = true;
    },
    openai_input(s) {
        openTiers(s);
        without(s.ReasoningItem, 'id');                 // clients that keep nothing at the provider leave it out
        without(s.OutputMessage, 'id', 'status', 'type');
        without(s.OutputTextContent, 'logprobs');
        s.InputContent.anyOf ??= s.InputContent.oneOf;  // audio: in the official clients, ResponseInputAudio
        s.InputContent.anyOf.push({ properties: { type: { const: 'input_audio' } }, required: ['type', 'input_audio'] });
    },
    mistral(s) {
        s.ChatCompletionResponse.allOf[1].required =
            s.ChatCompletionResponse.allOf[1].required.filter((n) => n !== 'data');    // no reply has it
        for (const counts of each(s, 'UsageInfo', 'PromptTokensDetails'))
            counts.additionalProperties = true;         // replies have more counts than it names
        // Its clients take any reason; of those that it names none is a refusal.
        delete s.ChatCompletionChoice.properties.finish_reason.enum;
        delete s.CompletionResponseStreamChoice.properties.finish_reason.enum;
        // {"data": ..., "format": ...} was accepted.
        s.AudioChunk.properties.input_audio.anyOf.push({ type: 'object', required: ['data', 'format'] });
    },
};
// Members of Converse that the published model does not have yet; all are in recorded traffic or the developers' guide.
const newer = {
    TokenUsage: ['cacheReadInputTokens', 'cacheReadInputTokenCount', 'cacheWriteInputTokens', 'cacheWriteInputTokenCount'],
    ConverseRequest: ['outputConfig', 'serviceTier'],
    ConverseResponse: ['serviceTier'],
    ContentBlock: ['cachePoint', 'citationsContent'],
    ContentBlockDelta: ['citation'],
    SystemContentBlock: ['cachePoint'],
    Tool: ['cachePoint'],
    ToolSpecification: ['strict'],
};

const openai = () => JSON.parse(text('openai/openapi.json'));
const documents = {
    openai: { value: openai },
    openai_input: { value: openai },
    gemini: { value: () => JSON.parse(text('gemini/openapi.json')), closed: true },
    mistral: { value: () => parse(text('mistral/openapi.yaml')) },
    ollama: { value: () => parse(text('ollama/openapi.yaml')) },
    openrouter: { value: () => parse(text('openrouter/openapi.yaml')) },
    bedrock: { value: () => fromSmithy(JSON.parse(text('bedrock/bedrock-runtime-2023-09-30.smithy.json')), newer) },
};

// target, kind, operation: the document, and the schema's name in it.  Nobody speaks a provider's dialect but to it: of
// those only requests are judged.
const schemas = {
    'openai.chat request chat': ['openai', 'CreateChatCompletionRequest'],
    'openai.chat reply chat': ['openai', 'CreateChatCompletionResponse'],
    'openai.chat chunk chat': ['openai', 'CreateChatCompletionStreamResponse'],
    'openai.chat request embeddings': ['openai', 'CreateEmbeddingRequest'],
    'openai.chat reply embeddings': ['openai', 'CreateEmbeddingResponse'],
    'openai.responses request chat': ['openai_input', 'CreateResponse'],
    'openai.responses reply chat': ['openai', 'Response'],
    'openai.responses chunk chat': ['openai', 'ResponseStreamEvent'],
    'openai.responses request count_tokens': ['openai_input', 'TokenCountsBody'],
    'openai.responses reply count_tokens': ['openai', 'TokenCountsResource'],
    'openai.completions request chat': ['openai', 'CreateCompletionRequest'],
    'openai.completions reply chat': ['openai', 'CreateCompletionResponse'],
    'openai.completions chunk chat': ['openai', 'CreateCompletionResponse'],
    'gemini request chat': ['gemini', 'GenerateContentRequest'],
    'google.generate reply chat': ['gemini', 'GenerateContentResponse'],
    'google.generate chunk chat': ['gemini', 'GenerateContentResponse'],
    'gemini request embeddings': ['gemini', 'BatchEmbedContentsRequest'],
    'google.generate reply embeddings': ['gemini', 'BatchEmbedContentsResponse'],
    'gemini request count_tokens': ['gemini', 'CountTokensRequest'],
    'google.generate reply count_tokens': ['gemini', 'CountTokensResponse'],
    'mistral.chat request chat': ['mistral', 'ChatCompletionRequest'],
    'mistral.chat reply chat': ['mistral', 'ChatCompletionResponse'],
    'mistral.chat chunk chat': ['mistral', 'CompletionChunk'],
    'mistral.chat request embeddings': ['mistral', 'EmbeddingRequest'],
    'mistral.chat reply embeddings': ['mistral', 'EmbeddingResponse'],
    'ollama.chat request chat': ['ollama', 'ChatRequest'],
    'ollama.chat reply chat': ['ollama', 'ChatResponse'],
    'ollama.chat chunk chat': ['ollama', 'ChatStreamEvent'],
    'ollama.chat request embeddings': ['ollama', 'EmbedRequest'],
    'ollama.chat reply embeddings': ['ollama', 'EmbedResponse'],
    'bedrock.converse request chat': ['bedrock', 'ConverseRequest'],
    'bedrock.converse reply chat': ['bedrock', 'ConverseResponse'],
    'bedrock.converse chunk chat': ['bedrock', 'ConverseStreamOutput'],
    'openrouter request chat': ['openrouter', 'ChatRequest'],
    'openrouter request embeddings': ['openrouter', '/embeddings', 'request'],
    'openrouter request rerank': ['openrouter', '/rerank', 'request'],
};

const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
for (const [name, { value, closed }] of Object.entries(documents)) {
    const { components, paths } = value();
    const inline = {};
    for (const [path, { post }] of Object.entries(paths || {})) {
        inline[`${path} request`] = post?.requestBody?.content?.['application/json']?.schema || {};
        inline[`${path} reply`] = post?.responses?.['200']?.content?.['application/json']?.schema || {};
    }
    components.schemas = { ...components.schemas, ...inline };
    corrections[name]?.(components.schemas);
    ajv.addSchema({ components: modern(components, Boolean(closed)) }, name);
}

const pointer = (name) => encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'));
const compiled = new Map();
// What judges documents of this kind, null when there is no schema.
export function judgeOf(what) {
    if (!compiled.has(what)) {
        const [document, ...name] = schemas[what] || [];
        compiled.set(what, document
            ? ajv.compile({ $ref: `${document}#/components/schemas/${pointer(name.join(' '))}` }) : null);
    }
    return compiled.get(what);
}
