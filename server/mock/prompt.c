/* Reading the user's commands. */
#include "server/mock/prompt.h"

/* The text behind "name:" when the line begins so, else absent. */
static struct str
behind(struct str line, struct str name)
{
    if (!str_starts(line, name) || line.n == name.n || line.p[name.n] != ':')
        return (struct str){ NULL, 0 };
    return str_skip(line, name.n + 1);
}

static void
take_call(struct mock_prompt *p, struct str s, struct arena *a)
{
    const char *space = s.n ? memchr(s.p, ' ', s.n) : NULL;
    size_t n = space ? (size_t)(space - s.p) : s.n;
    struct mock_call *c = arena_push(a, (void **)&p->calls, &p->n_calls, &p->room_calls, sizeof *c);
    if (c)
        *c = (struct mock_call){ str_make(s.p, n), str_trim(str_skip(s, n)) };
}

static void
add_line(struct str *to, struct str line, struct arena *a)
{
    if (to->p)
        arena_append(a, to, STR("\n"));
    arena_append(a, to, line);
}

static void
take_line(struct mock_prompt *p, struct str line, struct arena *a)
{
    const struct {
        struct str name;
        struct str *place;
    } texts[] = {
        { STR("say"), &p->say },   { STR("refuse"), &p->refuse }, { STR("think"), &p->think },
        { STR("seal"), &p->seal }, { STR("cite"), &p->cite },
    };
    struct str call = behind(line, STR("call"));
    if (call.p) {
        take_call(p, call, a);
        return;
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct str text = behind(line, texts[i].name);
        if (text.p) {
            add_line(texts[i].place, text, a);
            return;
        }
    }
    add_line(&p->talk, line, a);
}

static void
take_text(struct mock_prompt *p, struct str text, struct arena *a)
{
    while (text.n) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end ? (size_t)(end - text.p) : text.n;
        take_line(p, str_make(text.p, n), a);
        text = str_skip(text, n + 1);
    }
}

void
mock_prompt_read(struct mock_prompt *p, const struct ir_request *m, struct arena *a)
{
    *p = (struct mock_prompt){ 0 };
    if (m->turns.n == 0 || m->turns.v[m->turns.n - 1].role != IR_ROLE_USER)
        return;
    p->turn = &m->turns.v[m->turns.n - 1];
    for (unsigned i = 0; i < p->turn->blocks.n; i++) {
        const struct ir_block *b = &p->turn->blocks.v[i];
        if (b->kind == IR_BLOCK_TEXT)
            take_text(p, b->text.text, a);
        p->has_result |= b->kind == IR_BLOCK_RESULT;
    }
}
