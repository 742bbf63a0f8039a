/* What the lexer made of a file; see dump.h. */
#include "codegen/dump.h"

#include "codegen/source.h"
#include "codegen/token.h"

static void
put_quoted(struct buf *out, struct str s)
{
    buf_putc(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '\n')
            buf_puts(out, STR("\\n"));
        else if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c < ' ')
            buf_printf(out, "\\x%02x", c);
        else
            buf_putc(out, (char)c);
    }
    buf_putc(out, '"');
}

void
dump_tokens(const struct tokens *tokens, struct buf *out)
{
    for (unsigned i = 0; i < tokens->n; i++) {
        const struct token *t = &tokens->v[i];
        struct place place = source_place(t->word.pos.src, t->word.pos.at);
        buf_printf(out, "%u:%u %s", place.line, place.col, token_name(t->kind));
        if (t->word.pos.n > 0) {
            buf_putc(out, ' ');
            put_quoted(out, t->word.s);
        }
        buf_putc(out, '\n');
    }
}
