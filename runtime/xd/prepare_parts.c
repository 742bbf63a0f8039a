/* Parts that the target cannot take: they go, by name, as long as something is left. */
#include <stdio.h>

#include "runtime/xd/fault.h"
#include "runtime/xd/media_url.h"
#include "runtime/xd/part.h"
#include "runtime/xd/prepare.h"

/* What of the client's bytes says the part. */
static struct str
culprit_of(const struct ir_block *part)
{
    struct ir_block b = *part;
    const struct ir_source *s = xd_part_source(&b);
    switch (s ? s->kind : IR_SOURCE_UNSET) {
    case IR_SOURCE_BYTES:
        return s->bytes.data;
    case IR_SOURCE_PLAIN:
        return s->plain.text;
    case IR_SOURCE_URL:
        return s->url.url;
    case IR_SOURCE_FILE:
        return s->file.id;
    case IR_SOURCE_UNSET:
        break;
    }
    return (struct str){ NULL, 0 };
}

/* The request would mean something else without it. */
static void
refuse(struct xd *x, unsigned turn, enum ir_role role, const struct ir_block *part, struct str lost)
{
    char place[32];
    snprintf(place, sizeof place, "turns[%u]", turn);
    xd_refuse(x, culprit_of(part), place, "%s cannot take %.*s%s", x->dialect->name, STR_ARG(lost),
              xd_media_is_wanted(x, role, part)
                  ? "; llmux fetches it if the deployment says policies: { media_urls: fetch }"
                  : "");
}

/* The blocks that can be said, as a list of our own when that is not all of them. */
static void
drop_parts(struct xd *x, struct ir_turn *t, unsigned at, enum xd_parts_rule rule)
{
    struct ir_blocks own = { 0 };
    struct str lost = { NULL, 0 };
    const struct ir_block *gone = NULL;
    for (unsigned i = 0; i < t->blocks.n; i++) {
        struct ir_block b = t->blocks.v[i];
        if (xd_part_source(&b) && !xd_takes_part(x, t->role, &b, &lost)) {
            gone = &t->blocks.v[i];
            xd_lose_name(x, lost);
            xd_lose_rest(x, &b.rest);
            continue;
        }
        struct ir_block *to = XD_PUSH(x, &own);
        if (to)
            *to = b;
    }
    if (!gone)
        return;
    bool hollow = own.n == 0 && t->role == IR_ROLE_USER;
    if (rule == PARTS_ALL || (rule == PARTS_SOME && hollow))
        refuse(x, at, t->role, gone, lost);
    t->blocks = own;
}

void
prepare_parts(struct xd *x, struct ir_request *m, enum xd_parts_rule rule)
{
    struct ir_turns own = { 0 };
    bool some = false, changed = false;
    for (unsigned i = 0; i < m->turns.n && !some; i++)
        some = xd_has_parts(&m->turns.v[i].blocks);
    if (!some || !x->op->write_request)
        return;
    for (unsigned i = 0; i < m->turns.n && !x->err; i++) {
        struct ir_turn t = m->turns.v[i];
        if (xd_has_parts(&t.blocks))
            drop_parts(x, &t, i, rule);
        bool same = t.blocks.n == m->turns.v[i].blocks.n;
        changed |= !same;
        struct ir_turn *to = same || t.blocks.n ? XD_PUSH(x, &own) : NULL;
        if (to)
            *to = t;
    }
    if (changed)
        m->turns = own;
}
