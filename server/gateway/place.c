/* By its address, or by what it says. */
#include "server/gateway/place.h"

uint32_t
place_of(const struct json_doc *doc, struct str text)
{
    if (!text.p || text.p < doc->src || text.p >= doc->src + doc->n)
        return 0;
    size_t at = (size_t)(text.p - doc->src);
    uint32_t low = 0, high = doc->count; /* nodes[low] begins at or before it */
    while (high - low > 1) {
        uint32_t mid = low + (high - low) / 2;
        if (doc->nodes[mid].at <= at)
            low = mid;
        else
            high = mid;
    }
    return low;
}

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
