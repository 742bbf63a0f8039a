/* Any bytes as what clients and models say: what spans tell of it is bounded, and protocol buffers to their end. */
#include <stdint.h>
#include <stdlib.h>

#include "server/gateway/transcript.h"
#include "server/trace/protobuf.h"

#define MOST 2048u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check(const struct buf *out)
{
    struct str rest = buf_str(out);
    struct pb_field f;
    while (pb_next(&rest, &f))
        ;
    if (out->err || rest.n || out->n > 64 * MOST)
        abort();
}

/* The same bytes as a text, as a name and as arguments. */
static void
tell_request(struct str s, const struct transcript_options *o)
{
    struct ir_block blocks[] = { { .kind = IR_BLOCK_TEXT, .text.text = s },
                                 { .kind = IR_BLOCK_CALL, .call = { s, s, s, { NULL, 0 } } },
                                 { .kind = IR_BLOCK_THINKING, .thinking.text = s } };
    struct ir_turn turn = { .set = true, .role = IR_ROLE_USER, .blocks = { blocks, 3, 3 } };
    struct ir_tool tool = { .kind = IR_TOOL_FUNCTION, .function = { s, s, s, IR_UNSET } };
    const struct ir_request r = { .set = true,
                                  .instructions = { blocks, 1, 1 },
                                  .turns = { &turn, 1, 1 },
                                  .tools = { &tool, 1, 1 } };
    struct buf out;
    buf_init(&out, 1 << 20);
    (void)transcript_request(&out, &r, o);
    check(&out);
    buf_fini(&out);
}

/* In pieces as long as its first byte says. */
static void
tell_reply(struct str s, const struct transcript_options *o)
{
    const struct ir_reply reply = { .set = true };
    size_t piece = s.n ? (unsigned char)*s.p + 1u : 1;
    struct ir_block block = { .kind = IR_BLOCK_TEXT, .text.text = STR("") };
    struct transcript_reply t;
    struct arena a;
    struct buf out;
    arena_init(&a, 1 << 20);
    buf_init(&out, 1 << 20);
    transcript_listen(&t, o, &a);
    transcript_event(&t, &(struct ir_event){ .kind = IR_EVENT_BEGIN, .reply = &reply });
    transcript_event(&t, &(struct ir_event){ .kind = IR_EVENT_OPEN, .block = &block });
    for (; s.n; s = str_skip(s, block.text.text.n)) {
        block.text.text = str_make(s.p, s.n < piece ? s.n : piece);
        transcript_event(&t, &(struct ir_event){ .kind = IR_EVENT_GROW, .block = &block });
    }
    (void)transcript_said(&out, &t, o);
    check(&out);
    buf_fini(&out);
    arena_fini(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct transcript_options o = { .most = MOST };
    char *copy = malloc(n ? n : 1);
    memcpy(copy, data, n);
    tell_request(str_make(copy, n), &o);
    tell_reply(str_make(copy, n), &o);
    free(copy);
    return 0;
}
