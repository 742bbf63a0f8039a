/* Where in a document a text of the model stands, which was read from it but does not point into it (json_node_of), as
 * what had escapes was copied. */
#ifndef LLMUX_GATEWAY_PLACE_H
#define LLMUX_GATEWAY_PLACE_H

#include "runtime/json/doc.h"

/* The string that says this and is nearest to a node: in the smallest object or list around the node that has one,
 * rather behind the node than before it; 0: there is none.  Not one whose byte in taken (by node; NULL: none) is set. */
uint32_t
place_near(const struct json_doc *doc, uint32_t node, struct str text, const unsigned char *taken);

#endif
