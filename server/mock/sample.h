/* A small JSON value that fits a JSON Schema. */
#ifndef LLMUX_MOCK_SAMPLE_H
#define LLMUX_MOCK_SAMPLE_H

#include "runtime/base/buf.h"
#include "runtime/base/str.h"

/* Append a value for the schema to out.  Understood: type (also a list), properties, required,
 * items, minItems, enum, const, anyOf, oneOf, allOf (the first), $ref into the same document,
 * minimum, exclusiveMinimum, minLength; strings are `text` unless these say more.  A schema that is
 * absent or not JSON gives {}. */
void mock_sample(struct buf *out, struct str schema, struct str text);

#endif
