/* What the emulator signs and fingerprints.
 *
 * Signatures are made of the signed text and a secret word, so that they can be verified on a later
 * turn by any worker, and after a restart, without anything being kept. */
#ifndef LLMUX_MOCK_SEAL_H
#define LLMUX_MOCK_SEAL_H

#include <stdint.h>

#include "runtime/base/arena.h"

#define MOCK_PRINT_HEX 16

/* The signature of a thinking text: base64 with all of its alphabet.  Absent when the arena is
 * full. */
struct str mock_seal_sign(struct str text, struct arena *a);

/* Thinking that nobody may read: base64; and whether it is one of ours. */
struct str mock_seal_make(struct str text, struct arena *a);
bool mock_seal_is_ours(struct str data);

/* The first hex digits of the SHA-256 of some bytes, and a NUL. */
void mock_seal_print(char hex[MOCK_PRINT_HEX + 1], struct str bytes);

/* A number for some bytes: for ids and tables. */
uint64_t mock_seal_hash(struct str bytes);

#endif
