// Images and files: the emulator tells what reached it, byte for byte.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { dataUrl, pdf, png, seen } from './lib/fixtures.mjs';
import { upstreams, World } from './lib/world.mjs';

let w;
before(async () => { w = await World.start(); });
after(() => w.stop());

const source = (media_type, bytes) => ({ type: 'base64', media_type, data: bytes.toString('base64') });

for (const up of upstreams) {
    const model = `${up}/echo`;

    describe(`openai front, ${up} upstream`, () => {
        const ask = async (...content) => (await w.openai().chat.completions.create({
            model, messages: [{ role: 'user', content }],
        })).choices[0].message.content;
        const image = (url) => ({ type: 'image_url', image_url: { url } });

        test('images', async () => {
            const said = await ask({ type: 'text', text: 'Look' }, image(dataUrl('image/png', png)),
                                   image(dataUrl('image/jpeg', pdf)));
            assert.equal(said, `You said: Look. Image: ${seen('image/png', png)} `
                + `Image: ${seen('image/jpeg', pdf)}`);
        });

        test('an image by its address', async () => {
            const said = await ask(image('https://example.com/a.png?b=c&d'));
            assert.equal(said, 'Image: url https://example.com/a.png?b=c&d .');
        });

        test('a PDF', async () => {
            const said = await ask({ type: 'file', file: {
                filename: 'report.pdf', file_data: dataUrl('application/pdf', pdf),
            } });
            assert.equal(said, `Document "report.pdf": ${seen('application/pdf', pdf)}`);
        });

        test('a large image, streamed', async () => {
            const bytes = randomBytes(3 << 20);
            const s = w.openai().chat.completions.stream({
                model, messages: [{ role: 'user', content: [image(dataUrl('image/png', bytes))] }],
            });
            assert.equal(await s.finalContent(), `Image: ${seen('image/png', bytes)}`);
        });
    });

    describe(`anthropic front, ${up} upstream`, () => {
        const ask = async (...content) => (await w.anthropic().messages.create({
            model, max_tokens: 1000, messages: [{ role: 'user', content }],
        })).content[0].text;

        test('images', async () => {
            const said = await ask({ type: 'image', source: source('image/png', png) },
                                   { type: 'text', text: 'Look' },
                                   { type: 'image', source: source('image/webp', pdf) });
            assert.equal(said, `You said: Look. Image: ${seen('image/png', png)} `
                + `Image: ${seen('image/webp', pdf)}`);
        });

        test('an image by its address', async () => {
            const said = await ask({ type: 'image', source: { type: 'url',
                                                              url: 'https://example.com/a.png' } });
            assert.equal(said, 'Image: url https://example.com/a.png .');
        });

        test('a PDF', async () => {
            const said = await ask({ type: 'document', title: 'report.pdf',
                                     source: source('application/pdf', pdf) });
            assert.equal(said, `Document "report.pdf": ${seen('application/pdf', pdf)}`);
        });

        test('an image in the result of a tool', async () => {
            const m = await w.anthropic().messages.create({
                model, max_tokens: 1000,
                tools: [{ name: 'shoot', input_schema: { type: 'object', properties: {} } }],
                messages: [
                    { role: 'user', content: 'Shoot' },
                    { role: 'assistant', content: [{ type: 'tool_use', id: 'c1', name: 'shoot',
                                                     input: {} }] },
                    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c1', content: [
                        { type: 'text', text: 'done' },
                        { type: 'image', source: source('image/png', png) },
                    ] }] },
                ],
            });
            assert.match(m.content[0].text, /^Result of c1: done\./);
            assert.ok(m.content[0].text.includes(seen('image/png', png)), m.content[0].text);
        });
    });
}
