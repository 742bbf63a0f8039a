// Errors of providers, as the SDKs raise them: with the class that each has for the status, in the
// client's dialect, whichever dialect the provider speaks.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

import { call } from './lib/calls.mjs';
import { upstreams, World } from './lib/world.mjs';

let w;
before(async () => { w = await World.start({ retries: 0 }); });
after(() => w.stop());

// What the provider answers: the class of each SDK, and the error's type in each dialect.
const table = [
    [400, 'BadRequestError', 'invalid_request_error', 'BadRequestError', 'invalid_request_error'],
    [401, 'AuthenticationError', 'authentication_error',
     'AuthenticationError', 'authentication_error'],
    [402, 'APIError', 'insufficient_quota', 'APIError', 'billing_error'],
    [403, 'PermissionDeniedError', 'permission_error', 'PermissionDeniedError', 'permission_error'],
    [404, 'NotFoundError', 'not_found_error', 'NotFoundError', 'not_found_error'],
    [408, 'APIError', 'timeout_error', 'APIError', 'timeout_error'],
    [409, 'ConflictError', 'invalid_request_error', 'ConflictError', 'invalid_request_error'],
    [413, 'APIError', 'request_too_large', 'APIError', 'request_too_large'],
    [422, 'UnprocessableEntityError', 'invalid_request_error',
     'UnprocessableEntityError', 'invalid_request_error'],
    [429, 'RateLimitError', 'rate_limit_error', 'RateLimitError', 'rate_limit_error'],
    [500, 'InternalServerError', 'internal_error', 'InternalServerError', 'api_error'],
    [502, 'InternalServerError', 'internal_error', 'InternalServerError', 'api_error'],
    [503, 'InternalServerError', 'service_unavailable_error',
     'InternalServerError', 'overloaded_error'],
    [504, 'InternalServerError', 'timeout_error', 'InternalServerError', 'timeout_error'],
    [529, 'InternalServerError', 'service_unavailable_error',
     'InternalServerError', 'overloaded_error'],
];

for (const up of upstreams)
    for (const [status, openaiClass, openaiType, anthropicClass, anthropicType] of table)
        test(`status ${status} of a provider that speaks ${up}`, async () => {
            for (const stream of [false, true]) {
                const o = await call(w, 'openai', `${up}/any!${status}`, stream);
                assert.ok(o.error instanceof OpenAI[openaiClass], `${o.error}`);
                assert.equal(o.error.status, status);
                assert.equal(o.error.type, openaiType);
                assert.match(o.error.message, /says the mock/);
                const a = await call(w, 'anthropic', `${up}/any!${status}`, stream);
                assert.ok(a.error instanceof Anthropic[anthropicClass], `${a.error}`);
                assert.equal(a.error.status, status);
                assert.equal(a.error.error.error.type, anthropicType);
                assert.match(a.error.error.request_id, /^\S+$/);
                assert.equal(a.error.requestID, a.error.error.request_id);
            }
        });

for (const front of ['openai', 'anthropic'])
    for (const up of upstreams)
        test(`retry-after crosses from ${up} to ${front}`, async () => {
            const { error } = await call(w, front, `${up}/any!429!retry-after=7`, false);
            assert.equal(error.headers.get('retry-after'), '7');
            const log = await w.log(error.headers.get('x-request-id'));
            assert.deepEqual([log.outcome, log.error, log.status], ['error', 'rate', 429]);
        });

test('a model that nobody serves is named, and those that are served too', async () => {
    for (const stream of [false, true]) {
        const o = await call(w, 'openai', 'nobody/has-this', stream);
        assert.ok(o.error instanceof OpenAI.NotFoundError, `${o.error}`);
        assert.match(o.error.message, /nobody\/has-this/);
        assert.match(o.error.message, /openai\/\*/);
        const a = await call(w, 'anthropic', 'nobody/has-this', stream);
        assert.ok(a.error instanceof Anthropic.NotFoundError, `${a.error}`);
        assert.match(a.error.message, /anthropic\/\*/);
    }
});

test('an SDK that retries gets its answer in the end', async () => {
    const { data, response } = await w.openai({ maxRetries: 2 }).chat.completions.create({
        model: 'anthropic/sdk-retries!529!times=1', messages: [{ role: 'user', content: 'Hi' }],
    }).withResponse();
    assert.equal(data.choices[0].message.content, 'You said: Hi.');
    assert.equal(response.headers.get('x-llmux-attempts'), '1');
});
