/* Recorded traffic: exchanges between real clients and real providers, one directory each.
 *
 *   $LLMUX_WIRE/recorded/openai-chat/0010-name/{meta.json,request.json,response.json|response.sse}
 *
 * The recordings are not part of the repository; LLMUX_WIRE says where they are, else
 * ../shared/wire. */
#ifndef LLMUX_TESTS_CORPUS_WIRE_H
#define LLMUX_TESTS_CORPUS_WIRE_H

#include "runtime/base/arena.h"
#include "runtime/xd/path.h"
#include "runtime/xd/registry.h"

struct wire_item {
    struct str id;  /* "openai-chat/0010-name" */
    struct str dir; /* "openai-chat" */
    const struct xd_dialect
        *dialect;          /* the provider where it is compiled in, else what it speaks */
    struct xd_asked asked; /* what the address says, of wire_each_address */
    int status;
    struct str request; /* the body; absent when there is none */
    struct str reply;   /* absent when there is none */
    bool stream;        /* the reply is a stream */
};

/* Is the corpus there?  When it is not, says so on a line of its own; then a test must end: as
 * failed where CI is set in the environment, as passed elsewhere.  WIRE_REQUIRE does both. */
bool wire_present(void);
#define WIRE_REQUIRE() \
    do { \
        if (!wire_present()) { \
            assert_null(getenv("CI")); \
            return; \
        } \
    } while (0)

/* The path of a file below the corpus, NUL-terminated, in the arena. */
const char *wire_path(struct arena *a, const char *name);
/* The content of a file in the arena; absent when it cannot be read. */
struct str wire_file(struct arena *a, const char *path);
/* Cut off what stands in front of the separator, or all of the line, and return it. */
struct str wire_field(struct str *line, char separator);

/* The provider whose traffic a directory holds ("groq-chat"), NULL when it is not compiled in. */
const struct xd_dialect *wire_provider(struct arena *a, struct str dir);

/* Everything in the item lives until fn returns. */
typedef void wire_fn(void *ctx, const struct wire_item *item);
/* Call fn for each recorded chat exchange of the compiled dialects, in alphabetical order; returns
 * how many. */
size_t wire_each(wire_fn *fn, void *ctx);
/* The same for all dialects that are compiled in, each known by its address. */
size_t wire_each_address(wire_fn *fn, void *ctx);
/* The same for operations that are no chat and do not pass. */
size_t wire_each_operation(wire_fn *fn, void *ctx);

#endif
