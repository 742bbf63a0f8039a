/* The fast way to nodes: private to runtime/json.
 *
 * Nearly all documents are well-formed, and nearly all are small.  A scanner of our own takes those in
 * a third of yajl's time; what it does not take is yajl's to judge. */
#ifndef LLMUX_JSON_DOC_SCAN_H
#define LLMUX_JSON_DOC_SCAN_H

#include "runtime/json/doc.h"

/* Fill d's nodes from d->src.  False when it is not one well-formed document in UTF-8
 * (RFC 8259) within the limits, or memory is out: then the nodes mean nothing. */
bool json_doc_scan(struct json_doc *d);
/* More room for nodes: ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK enum err json_doc_grow(struct json_doc *d);

#endif
