/* Configs from texts, in a world with a few types of providers, files and variables. */
#ifndef LLMUX_TESTS_CONFIG_TEXT_H
#define LLMUX_TESTS_CONFIG_TEXT_H

#include "server/config/config.h"

/* Types: openai, anthropic and deepseek; openai.chat, which needs an address; hills, whose address has the places
 * {region}, with a usual value, and {project}.  Variables: KEY, EMPTY, PORT, LINES.  Files: see the .c. */
extern const struct config_world config_text_world;

struct config_text {
    struct arena arena;
    struct config *config;
    struct config_errors errors;
    struct buf text; /* the errors, printed */
};

/* Read "conf/x.yaml"; the test fails when it has neither a config nor errors, or both. */
void config_text_parse(struct config_text *r, const char *text);
void config_text_fini(struct config_text *r);

#define CONFIG_TEXT_IS(s, text) assert_true(str_is(s, text))

#define SMALL_SERVER    "server: { listen: 127.0.0.1:1 }\n"
#define SMALL_PROVIDERS "providers: [{ name: a, type: openai, models: [m] }]\n"

#endif
