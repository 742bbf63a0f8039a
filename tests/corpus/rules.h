/* The order of events in the streams we write: small automata by hand, from what the official
 * clients expect.  They share nothing with the tables that specc makes. */
#ifndef LLMUX_TESTS_CORPUS_RULES_H
#define LLMUX_TESTS_CORPUS_RULES_H

#include "runtime/base/arena.h"
#include "runtime/json/doc.h"

/* The first offence of a stream in this family of dialects, as text in the arena; NULL when it is
 * in order. */
const char *rules_offence(const char *family, struct str stream, struct arena *a);

#define RULES_CHOICES_MAX 128

enum rules_state {
    RULES_START,
    RULES_OPEN,
    RULES_COUNTED,
    RULES_STOPPED,
    RULES_OVER,
    RULES_FAILED
};

struct rules {
    struct arena *arena; /* borrowed */
    struct json_doc doc;
    enum rules_state state;
    const char *offence; /* the first */
    unsigned frame;      /* number of the current one */
    /* messages */
    bool open;       /* a block is */
    int64_t index;   /* of the open block, else of the next */
    struct str type; /* of the open block */
    bool sealed;     /* its signature came */
    /* chat */
    struct str id;
    bool begun[RULES_CHOICES_MAX], finished[RULES_CHOICES_MAX];
    int64_t calls[RULES_CHOICES_MAX];
    unsigned unfinished; /* choices begun but not finished */
    bool billed;         /* the usage stands in the chunk with the reason to stop */
};

/* The automata; private.  at: the frame's document. */
typedef void rules_frame_fn(struct rules *r, struct str event, uint32_t at);
rules_frame_fn rules_messages, rules_chat, rules_mistral, rules_cohere, rules_responses,
    rules_ollama, rules_completions;
/* Note an offence unless there is one. */
void rules_object(struct rules *r, const char *what);
static inline void
rules_want(struct rules *r, bool holds, const char *what)
{
    if (!holds)
        rules_object(r, what);
}

/* Members: node 0 for a missing one, also for null. */
uint32_t rules_member(const struct rules *r, uint32_t at, const char *name);
bool rules_has(const struct rules *r, uint32_t at, const char *name, enum json_kind kind);
bool rules_is_null(const struct rules *r, uint32_t at, const char *name);
struct str rules_text(struct rules *r, uint32_t at, const char *name);   /* "" when there is none */
int64_t rules_int(const struct rules *r, uint32_t at, const char *name); /* -1 when there is none */

#endif
