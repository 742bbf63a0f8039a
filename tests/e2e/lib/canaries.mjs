// The secrets of tests/canaries.txt, and where they are found.
import { readFileSync } from 'node:fs';

const text = readFileSync(new URL('../../canaries.txt', import.meta.url), 'utf8');

export const canaries = text.split('\n').filter((l) => l && !l.startsWith('#')).map((l) => l.replace('|', ''));

// Which of them stand in a text; also as JSON would write them.
export const seen = (said) => canaries.filter((c) => said.includes(c) || said.includes(JSON.stringify(c).slice(1, -1)));
