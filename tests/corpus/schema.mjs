// Judges documents by official schemas; test_schema.c runs this and sends them.  Exit code 1 when something does not
// obey.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { judgeOf } from './schema_documents.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const exceptions = new Map(readFileSync(join(here, 'exceptions.tsv'), 'utf8').split('\n')
    .map((line) => line.split('\t')).filter((f) => f[1] === 'schema').map((f) => [f[0], false]));
const counts = new Map();
const shown = new Map();
let offences = 0;

function offence(what, id, why) {
    if (exceptions.has(id)) {
        exceptions.set(id, true);
        return;
    }
    offences++;
    const seen = (shown.get(what) || 0) + 1;
    shown.set(what, seen);
    if (seen <= 8 || process.env.ALL)
        console.log(`${id}\tschema\t${what}: ${why}`);
}

// The deepest error says most: those above it only follow.
function reasonOf(errors) {
    const depth = (e) => e.instancePath.split('/').length;
    const e = errors.filter((x) => !['anyOf', 'oneOf', 'if'].includes(x.keyword))
        .reduce((a, b) => (depth(b) > depth(a) ? b : a), errors[0]);
    return `${e.instancePath || '/'} ${e.message} ${e.keyword === 'additionalProperties' ? e.params.additionalProperty : ''}`;
}

function judge(what, id, text) {
    const valid = judgeOf(what);
    if (!valid)
        return;
    counts.set(what, (counts.get(what) || 0) + 1);
    try {
        if (!valid(JSON.parse(text)))
            offence(what, id, reasonOf(valid.errors));
    } catch (e) {
        offence(what, id, `not JSON: ${e.message}`);
    }
}

const input = readFileSync(0);
for (let at = 0; at < input.length;) {
    const end = input.indexOf(10, at);
    const [target, kind, op, id, size] = input.toString('utf8', at, end).split(' ');
    judge(`${target} ${kind} ${op}`, id, input.toString('utf8', end + 1, end + 1 + Number(size)));
    at = end + 2 + Number(size);
}

for (const [id, seen] of exceptions)
    if (!seen) {
        offences++;
        console.log(`${id}\tschema\tthis exception does not occur any more: remove it`);
    }
for (const [what, n] of counts)
    console.log(`# ${what}: ${n}${shown.get(what) ? `, ${shown.get(what)} do not obey` : ''}`);
console.log(`# schema: ${[...counts.values()].reduce((a, b) => a + b, 0)} documents, ${offences} offences`);
process.exit(offences === 0 && counts.size > 0 ? 0 : 1);
