// Replies that fit a JSON Schema, through the helpers of the SDKs.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';

import { upstreams, World } from './lib/world.mjs';

let w;
before(async () => { w = await World.start(); });
after(() => w.stop());

const Weather = z.object({
    city: z.string(), celsius: z.number(), wet: z.boolean(),
    sky: z.enum(['clear', 'cloudy']), hours: z.array(z.object({ at: z.string() })),
});
const messages = [{ role: 'user', content: 'Weather?' }];
const check = (v) => {
    Weather.parse(v);
    assert.equal(v.sky, 'clear');
};

for (const up of upstreams) {
    const model = `${up}/echo`;

    describe(`openai front, ${up} upstream`, () => {
        test('a schema from zod, parsed', async () => {
            const r = await w.openai().chat.completions.parse({
                model, messages, response_format: zodResponseFormat(Weather, 'weather'),
            });
            check(r.choices[0].message.parsed);
        });

        test('a schema from zod, streamed', async () => {
            const s = w.openai().chat.completions.stream({
                model, messages, response_format: zodResponseFormat(Weather, 'weather'),
            });
            check((await s.finalChatCompletion()).choices[0].message.parsed);
        });
    });

    describe(`anthropic front, ${up} upstream`, () => {
        const params = {
            model, max_tokens: 1000, messages, output_config: { format: zodOutputFormat(Weather) },
        };

        test('a schema from zod, parsed', async () => {
            check((await w.anthropic().messages.parse(params)).parsed_output);
        });

        test('a schema from zod, streamed', async () => {
            const m = await w.anthropic().messages.stream(params).finalMessage();
            check(JSON.parse(m.content[0].text));
        });
    });
}

test('any JSON object, where the upstream has that', async () => {
    const r = await w.openai().chat.completions.create({
        model: 'openai/echo', messages, response_format: { type: 'json_object' },
    });
    assert.deepEqual(JSON.parse(r.choices[0].message.content), { answer: 'You said: Weather?.' });
});

test('a format that the upstream does not have is named as lost', async () => {
    for (const type of ['json_object', 'text']) {
        const { data, response } = await w.openai().chat.completions.create({
            model: 'anthropic/echo', messages, response_format: { type },
        }).withResponse();
        assert.equal(data.choices[0].message.content, 'You said: Weather?.');
        assert.equal(response.headers.get('x-llmux-dropped'), 'response_format');
    }
});
