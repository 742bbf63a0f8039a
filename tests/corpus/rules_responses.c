/* Events of a response:
 *
 *   created in_progress (output_item.added part* output_item.done)* (completed | incomplete)
 *   part := content_part.added output_text.delta* ... content_part.done, and likewise
 *   response.failed ends it anywhere; every event has the next number */
#include "tests/corpus/rules.h"

static void
on_item(struct rules *r, uint32_t at, bool opens)
{
    uint32_t item = rules_member(r, at, "item");
    rules_want(r, rules_text(r, item, "type").n > 0, "an item without a type");
    rules_want(r, r->open != opens, opens ? "an item inside of an item" : "no item is open");
    rules_want(r, rules_int(r, at, "output_index") == r->index, "the item's index is not the next");
    if (opens)
        r->id = arena_str(r->arena, rules_text(r, item, "id"));
    else
        rules_want(r, str_eq(r->id, rules_text(r, item, "id")), "the item's id has changed");
    r->open = opens;
    r->index += !opens;
}

/* What of an item comes while it is open. */
static void
on_inside(struct rules *r, struct str type, uint32_t at)
{
    rules_want(r, r->open, "an event of an item that is not open");
    rules_want(r, rules_int(r, at, "output_index") == r->index, "an event of another item");
    rules_want(r, str_eq(rules_text(r, at, "item_id"), r->id), "an event with another item's id");
    if (str_ends(type, STR(".delta")))
        rules_want(r, rules_has(r, at, "delta", JSON_STRING), "a delta that says nothing");
}

static void
on_response(struct rules *r, struct str type, uint32_t at)
{
    uint32_t response = rules_member(r, at, "response");
    rules_want(r, rules_has(r, response, "id", JSON_STRING), "the response has no id");
    rules_want(r, rules_has(r, response, "output", JSON_ARRAY), "the response has no output");
    if (str_is(type, "response.created")) {
        rules_want(r, r->state == RULES_START, "created again");
        r->state = RULES_OPEN;
    } else if (str_is(type, "response.failed")) {
        rules_want(r, rules_text(r, rules_member(r, response, "error"), "code").n > 0,
                   "a failure without a code");
        r->state = RULES_FAILED;
    } else if (!str_is(type, "response.in_progress")) {
        rules_want(r, r->state == RULES_OPEN && !r->open, "the end before all is said");
        r->state = RULES_OVER;
    }
}

void
rules_responses(struct rules *r, struct str event, uint32_t at)
{
    struct str type = rules_text(r, at, "type");
    bool failed = str_is(type, "response.failed");
    rules_want(r, str_eq(event, type), "the event's name is not its type");
    rules_want(r, rules_int(r, at, "sequence_number") == r->calls[0]++, "a number is left out");
    rules_want(r, failed || r->state == RULES_OPEN || str_is(type, "response.created"),
               "an event outside of the response");
    if (rules_member(r, at, "response"))
        on_response(r, type, at);
    else if (str_is(type, "response.output_item.added"))
        on_item(r, at, true);
    else if (str_is(type, "response.output_item.done"))
        on_item(r, at, false);
    else
        on_inside(r, type, at);
}
