/* The table of families. */
#include "tests/corpus/family.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct family families[] = {
    { "openai.chat", FRAMES_SSE, "[DONE]", 0, plain_openai, rules_chat, asked_chat },
    { "anthropic.messages", FRAMES_SSE, NULL, 0, plain_anthropic, rules_messages, asked_messages },
    { "mistral.chat", FRAMES_SSE, "[DONE]", LACKS_REFUSALS | LACKS_THINKING_COUNT, plain_mistral,
      rules_mistral, asked_chat },
    { "cohere.chat", FRAMES_SSE, "[DONE]", LACKS_CACHE_WRITES | LACKS_DOCUMENTS, plain_cohere,
      rules_cohere, asked_chat },
    { "openai.responses", FRAMES_SSE, NULL, 0, plain_responses, rules_responses, asked_responses },
    { "ollama.chat", FRAMES_LINES, NULL,
      LACKS_CACHE_COUNTS | LACKS_THINKING_COUNT | LACKS_DOCUMENTS | LACKS_IMAGES
          | LACKS_REFUSAL_TEXT,
      plain_ollama, rules_ollama, asked_chat },
    { "openai.completions", FRAMES_SSE, "[DONE]",
      LACKS_THINKING | LACKS_CALLS | LACKS_TOOLS | LACKS_DOCUMENTS | LACKS_IMAGES
          | LACKS_REFUSAL_TEXT,
      plain_completions, rules_completions, asked_completions },
    { 0 },
};

bool
family_has_oracle(const char *name)
{
    for (const struct family *f = families; f->name; f++)
        if (strcmp(f->name, name) == 0)
            return true;
    return false;
}

const struct family *
family_find(const char *name)
{
    for (const struct family *f = families; f->name; f++)
        if (strcmp(f->name, name) == 0)
            return f;
    fprintf(stderr, "no oracle knows the family %s: see tests/corpus/family.c\n", name);
    abort();
}
