/* The scenarios that the tests and `simulate` know. */
#include "tools/simulate/scenario.h"

#include <string.h>

#define PATIENT(s) .turns = 1, .in = 1000, .out = 200, .patience = (s)
#define USUAL      PATIENT(30)

/* Upstreams. */
#define STEADY .first = 0.5, .spread = 0.3, .rate = 60
#define CALM \
    { \
        STEADY \
    }
/* ... in trouble for five minutes, after the first. */
#define TROUBLED(...) \
    { \
        STEADY, .phases = { { .from = 0 }, { .from = 60, __VA_ARGS__ }, { .from = 360 } } \
    }
#define MUTE TROUBLED(.silent = true)
#define MADE_SLOW \
    { \
        .first = 0.5, .spread = 0.5, .rate = 60, .phases = { \
            { .from = 0 }, \
            { .from = 60, .slower = 25 }, \
            { .from = 360 } \
        } \
    }
#define RATED(n) \
    { \
        STEADY, .phases = { { .rpm = (n) } } \
    }
#define STALLING \
    { \
        .first = 0.4, .spread = 0.25, .rate = 60, .phases = { { .stalling = 0.02, .stall = 5 } } \
    }
#define CROWDED \
    { \
        .first = 0.5, .spread = 0.3, .rate = 100, .places = 25 \
    }

const struct scenario scenarios[] = {
    { .name = "fine",
      .about = "three equals, nothing goes wrong",
      .upstreams = { CALM, CALM, CALM },
      .n_upstreams = 3,
      .seconds = 300,
      .rate = 40,
      USUAL },
    { .name = "shares",
      .about = "four with the weights 1, 2, 3 and 4",
      .models = { "weight: 1", "weight: 2", "weight: 3", "weight: 4" },
      .upstreams = { CALM, CALM, CALM, CALM },
      .n_upstreams = 4,
      .seconds = 300,
      .rate = 40,
      USUAL },
    { .name = "dead",
      .about = "one of three refuses connections for good after a minute",
      .upstreams = { CALM,
                     { STEADY, .phases = { { .from = 0 }, { .from = 60, .refuses = true } } },
                     CALM },
      .n_upstreams = 3,
      .seconds = 600,
      .rate = 40,
      USUAL },
    { .name = "broken",
      .about = "one of three answers 500 for five minutes",
      .upstreams = { CALM, TROUBLED(.failing = 1), CALM },
      .n_upstreams = 3,
      .seconds = 600,
      .rate = 40,
      USUAL },
    { .name = "silent",
      .about = "one of three accepts, but never answers, for five minutes",
      .upstreams = { CALM, MUTE, CALM },
      .n_upstreams = 3,
      .seconds = 600,
      .rate = 40,
      PATIENT(10) },
    { .name = "silent-long",
      .about = "the same, and calls are given up after two minutes",
      .upstreams = { CALM, MUTE, CALM },
      .n_upstreams = 3,
      .seconds = 600,
      .rate = 40,
      PATIENT(120) },
    { .name = "silent-few",
      .about = "the same with few requests",
      .upstreams = { CALM, MUTE, CALM },
      .n_upstreams = 3,
      .seconds = 600,
      .rate = 3,
      PATIENT(120) },
    { .name = "brown",
      .about = "one of three fails a third of its calls and is slow for five minutes",
      .upstreams = { CALM, TROUBLED(.failing = 0.33, .slower = 3), CALM },
      .n_upstreams = 3,
      .seconds = 600,
      .rate = 40,
      USUAL },
    { .name = "all-slow",
      .about = "all become so slow that most calls are given up, for five minutes",
      .upstreams = { MADE_SLOW, MADE_SLOW, MADE_SLOW },
      .n_upstreams = 3,
      .seconds = 600,
      .rate = 40,
      PATIENT(10) },
    { .name = "limited",
      .about = "two accounts have rate limits, together less than a third of what comes",
      .models = { "rpm: 300", "rpm: 300", "rpm: 6000" },
      .upstreams = { RATED(300), RATED(300), RATED(6000) },
      .n_upstreams = 3,
      .seconds = 300,
      .rate = 40,
      USUAL },
    { .name = "fast-one",
      .about = "one of four is ten times as fast, as long as it has places left",
      .upstreams = { { .first = 2, .spread = 0.3, .rate = 60 },
                     { .first = 2, .spread = 0.3, .rate = 60 },
                     { .first = 0.2, .spread = 0.3, .rate = 200, .places = 60 },
                     { .first = 2, .spread = 0.3, .rate = 60 } },
      .n_upstreams = 4,
      .seconds = 300,
      .rate = 30,
      USUAL },
    { .name = "crowded",
      .about = "four equals that slow down when more than 25 calls run there; 100 run in all",
      .upstreams = { CROWDED, CROWDED, CROWDED, CROWDED },
      .n_upstreams = 4,
      .seconds = 300,
      .rate = 36,
      USUAL },
    { .name = "prices",
      .about = "three equals; the first is dear, the second cheap, the third in between",
      .models = { "price: { input: 5, output: 15 }", "price: { input: 0.5, output: 1.5 }",
                  "price: { input: 1, output: 4 }" },
      .upstreams = { CALM, CALM, CALM },
      .n_upstreams = 3,
      .seconds = 300,
      .rate = 20,
      USUAL },
    { .name = "slow-starts",
      .about = "the first token of one call in fifty comes after five seconds",
      .models = { "price: { input: 1, output: 4 }", "price: { input: 1, output: 4 }" },
      .upstreams = { STALLING, STALLING },
      .n_upstreams = 2,
      .seconds = 600,
      .rate = 20,
      USUAL },
    { .name = "hedged",
      .about = "the same, with hedged requests",
      .models = { "price: { input: 1, output: 4 }", "price: { input: 1, output: 4 }" },
      .config = "resilience: { hedge: { share: 5%, quantile: 95% } }",
      .upstreams = { STALLING, STALLING },
      .n_upstreams = 2,
      .seconds = 600,
      .rate = 20,
      USUAL },
    { .name = "conversations",
      .about = "conversations of one to twelve turns over four deployments",
      .upstreams = { CALM, CALM, CALM, CALM },
      .n_upstreams = 4,
      .seconds = 600,
      .rate = 4,
      .turns = 12,
      .think = 10,
      .in = 1000,
      .out = 200,
      .patience = 30 },
    { .name = "overload",
      .about = "twice what the gateway's limit lets through, in three priorities",
      .config = "limits: { gateway: { parallel: 60 } }",
      .upstreams = { CALM, CALM, CALM },
      .n_upstreams = 3,
      .seconds = 300,
      .rate = 32,
      .urgent = 0.2,
      .idle = 0.2,
      USUAL },
    { .name = "narrow",
      .about = "two deployments take few calls at a time, the third what is left",
      .limits = { "{ parallel: 10, queue: 5, wait: 1s }", "{ parallel: 20 }" },
      .upstreams = { CALM, CALM, CALM },
      .n_upstreams = 3,
      .seconds = 300,
      .rate = 40,
      USUAL },
    { .name = "rated",
      .about = "a model with 600 requests a minute, 60 at once, asked for twice as often",
      .config = "limits: { models: { m: { requests_per_minute: 600, request_burst: 60 } } }",
      .upstreams = { CALM, CALM, CALM },
      .n_upstreams = 3,
      .seconds = 300,
      .rate = 20,
      USUAL },
    { .name = "greedy",
      .about = "one client of ten sends four of five requests; each may have ten at a time",
      .config = "limits: { client: { parallel: 10, queue: 5, wait: 1s } }",
      .upstreams = { CALM, CALM, CALM },
      .n_upstreams = 3,
      .seconds = 300,
      .rate = 20,
      .greedy = 0.8,
      USUAL },
    { .name = "adaptive",
      .about = "two that slow down from 25 calls on, twice what they can take, limits that adapt",
      .limits = { "{ adaptive: { least: 5, most: 400 }, queue: 5, wait: 1s }",
                  "{ adaptive: { least: 5, most: 400 }, queue: 5, wait: 1s }" },
      .upstreams = { CROWDED, CROWDED },
      .n_upstreams = 2,
      .seconds = 300,
      .rate = 40,
      USUAL },
    { .name = "unlimited",
      .about = "the same without limits",
      .upstreams = { CROWDED, CROWDED },
      .n_upstreams = 2,
      .seconds = 300,
      .rate = 40,
      USUAL },
    { .name = NULL },
};

const struct scenario *
scenario_find(const char *name)
{
    for (const struct scenario *s = scenarios; s->name; s++)
        if (strcmp(s->name, name) == 0)
            return s;
    return NULL;
}
