/* By what it says, from the inside out. */
#include "server/gateway/place.h"

/* The first such string of these nodes; 0: none. */
static uint32_t
find(const struct json_doc *doc, uint32_t from, uint32_t to, struct str text,
     const unsigned char *taken)
{
    for (uint32_t i = from; i < to; i++)
        if (doc->nodes[i].n >= text.n && !(taken && taken[i]) && json_text_is(doc, i, text))
            return i;
    return 0;
}

uint32_t
place_near(const struct json_doc *doc, uint32_t node, struct str text, const unsigned char *taken)
{
    uint32_t from = node, to = node; /* these nodes do not have it */
    for (uint32_t around = node; around >= JSON_ROOT; around--) {
        const struct json_node *n = &doc->nodes[around];
        bool holds = (n->kind == JSON_OBJECT || n->kind == JSON_ARRAY) && n->next > node;
        if (!holds && around != node)
            continue;
        uint32_t found = find(doc, to, n->next, text, taken);
        found = found ? found : find(doc, around, from, text, taken);
        if (found)
            return found;
        from = around;
        to = n->next > to ? n->next : to;
    }
    return 0;
}
