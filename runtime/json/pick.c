/* A walk over strings and brackets. */
#include "runtime/json/pick.h"

void
json_pick_init(struct json_pick *p, struct str member)
{
    *p = (struct json_pick){ .member = member };
}

struct str
json_pick_value(const struct json_pick *p)
{
    return p->has ? str_make(p->value, p->value_n) : (struct str){ NULL, 0 };
}

/* --- the value ----------------------------------------------------------------------------------- */

static void
keep(struct json_pick *p, char c)
{
    if (!p->takes)
        return;
    if (p->taken_n == JSON_PICK_MAX)
        p->takes = p->has = false; /* what came before is not what counts any more */
    else
        p->taken[p->taken_n++] = c;
}

static void
begin_value(struct json_pick *p)
{
    if (p->depth != 1 || p->place != JSON_PICK_VALUE)
        return;
    p->takes = p->is_ours;
    p->taken_n = 0;
    p->place = JSON_PICK_ANYWHERE;
}

static void
end_value(struct json_pick *p)
{
    if (p->depth != 1 || !p->takes)
        return;
    memcpy(p->value, p->taken, p->taken_n);
    p->value_n = p->taken_n;
    p->has = true;
    p->takes = false;
}

/* --- strings ------------------------------------------------------------------------------------- */

static void
begin_string(struct json_pick *p)
{
    begin_value(p);
    keep(p, '"');
    p->in_string = true;
    p->escaped = false;
    p->is_key = p->depth == 1 && p->place == JSON_PICK_KEY;
    if (p->is_key) {
        p->is_ours = true;
        p->compared = 0;
    }
}

static void
end_string(struct json_pick *p)
{
    p->in_string = false;
    if (p->is_key) {
        p->is_ours = p->is_ours && p->compared == p->member.n;
        p->place = JSON_PICK_COLON;
    } else {
        end_value(p);
    }
}

static void
in_string(struct json_pick *p, char c)
{
    keep(p, c);
    if (c == '"' && !p->escaped) {
        end_string(p);
        return;
    }
    if (p->is_key && p->is_ours)
        p->is_ours = p->compared < p->member.n && p->member.p[p->compared++] == c;
    p->escaped = c == '\\' && !p->escaped;
}

/* --- brackets, and what stands between them ------------------------------------------------------ */

static void
open_bracket(struct json_pick *p, char c)
{
    begin_value(p);
    keep(p, c);
    if (p->depth++ > 0)
        return;
    p->is_list = c == '[';
    p->place = p->is_list ? JSON_PICK_ANYWHERE : JSON_PICK_KEY;
}

static void
close_bracket(struct json_pick *p, char c)
{
    end_value(p); /* a number, say, at the end of the document */
    keep(p, c);
    p->depth--;
    end_value(p);
}

static void
other(struct json_pick *p, char c)
{
    bool top = p->depth == 1;
    if (top && (c == ',' || c == ' ' || c == '\t' || c == '\n' || c == '\r'))
        end_value(p);
    else if (top && c == ':' && p->place == JSON_PICK_COLON)
        p->place = JSON_PICK_VALUE;
    else
        begin_value(p);
    keep(p, c);
    if (top && c == ',' && !p->is_list)
        p->place = JSON_PICK_KEY;
}

void
json_pick_feed(struct json_pick *p, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = s[i];
        if (p->in_string)
            in_string(p, c);
        else if (c == '{' || c == '[')
            open_bracket(p, c);
        else if (p->depth == 0)
            continue;
        else if (c == '"')
            begin_string(p);
        else if (c == '}' || c == ']')
            close_bracket(p, c);
        else
            other(p, c);
    }
}
