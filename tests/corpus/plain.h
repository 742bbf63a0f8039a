/* What a reply says, read from its bytes in the simplest way: an oracle for what the runtime
 * carries from dialect to dialect.  It knows the families of dialects by heart (family.h) and
 * shares nothing with their specs; frames and JSON come from the scanners, which have oracles of
 * their own. */
#ifndef LLMUX_TESTS_CORPUS_PLAIN_H
#define LLMUX_TESTS_CORPUS_PLAIN_H

#include "runtime/base/arena.h"
#include "runtime/json/doc.h"

#define PLAIN_CALLS_MAX 64

enum plain_form { PLAIN_DOCUMENT, PLAIN_STREAM };
enum plain_stop {
    PLAIN_STOP_NONE,
    PLAIN_STOP_END,
    PLAIN_STOP_LENGTH,
    PLAIN_STOP_CALL,
    PLAIN_STOP_REFUSAL
};

struct plain_call {
    struct str id, name, arguments; /* arguments: the JSON text, "{}" for nothing */
    int64_t key;                    /* on the wire, -1: none */
};

/* Counts as one bill, whatever the dialect calls them: prompt includes what was cached. */
struct plain_usage {
    int64_t prompt, completion, cached, written, thinking, total;
};

/* Of one choice. */
struct plain {
    struct arena *arena; /* borrowed: all of it lives there */
    struct json_doc doc;
    enum plain_form form;
    int64_t choice;  /* which */
    struct str text; /* refusals too; several blocks joined */
    struct str thinking;
    struct plain_call call[PLAIN_CALLS_MAX];
    unsigned ncalls;
    enum plain_stop stop;
    bool stopped; /* a reason to stop was said */
    bool refused; /* there was a refusal in words */
    bool counted; /* there was a usage */
    struct plain_usage usage;
    int64_t input;    /* of dialects whose prompt excludes the cache */
    struct str error; /* its message; absent when there was none */
    bool done;        /* a stream's last word was said */
    bool unreadable;  /* a frame or the document is no JSON */
    unsigned frames;
    unsigned usages; /* frames that had one */
};

/* family: one of family.h.  Of several choices the first. */
void plain_read(struct plain *p, const char *family, enum plain_form form, struct str bytes,
                struct arena *a);
/* The same of another choice. */
void plain_read_choice(struct plain *p, int64_t choice, const char *family, enum plain_form form,
                       struct str bytes, struct arena *a);
/* What differs, as text in the arena; NULL when both say the same.  lacks: what `is` has no place
 * for (enum family_lack). */
const char *plain_difference(const struct plain *was, const struct plain *is, unsigned lacks);

/* The parts of the families; private.  event: the frame's name, at: its document. */
typedef void plain_frame_fn(struct plain *p, struct str event, uint32_t at);
plain_frame_fn plain_openai, plain_mistral, plain_anthropic, plain_cohere, plain_responses,
    plain_ollama, plain_completions;
uint32_t
plain_member(const struct plain *p, uint32_t at, const char *name); /* 0: missing or null */
/* Append the member's decoded text, if it is a string. */
void plain_append(struct plain *p, struct str *to, uint32_t at, const char *name);
struct str plain_text(struct plain *p, uint32_t at, const char *name); /* "" when there is none */
void plain_count(const struct plain *p, uint32_t at, const char *name, int64_t *v);
struct plain_call *plain_add_call(struct plain *p, int64_t key);

#endif
