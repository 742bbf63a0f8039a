/* What a command is asked about: a dialect, a kind of message, the bytes of a file. */
#ifndef LLMUX_CLI_SUBJECT_H
#define LLMUX_CLI_SUBJECT_H

#include "runtime/base/buf.h"
#include "runtime/xd/xd.h"

#define SUBJECT_BYTES_MAX ((size_t)256 << 20) /* of one document */

enum subject_kind { SUBJECT_REQUEST, SUBJECT_REPLY, SUBJECT_STREAM, SUBJECT_ERROR };

/* The dialect or provider of this name.  NULL, and a word to stderr, when there is none. */
const struct xd_dialect *subject_dialect(const char *command, const char *name);
/* False, and a word to stderr, when there is no such kind. */
bool subject_kind(const char *command, const char *name, enum subject_kind *kind);
/* The dialect's operation of this name that has messages of this kind, and does not pass them unread;
 * NULL for the name: chat, or for errors, which all operations share, any.  NULL, and a word to
 * stderr, when it has none. */
const struct xd_op *subject_op(const char *command, const struct xd_dialect *d,
                               enum subject_kind kind, const char *name);
/* Append the content of the file, or of stdin for NULL and "-".  False, and a word to stderr, when
 * it cannot be read. */
bool subject_read(const char *command, const char *path, struct buf *content);
/* "offset 12: messages[3].content: expected string, found number"; to has FAULT_LINE bytes. */
#define FAULT_LINE (FAULT_PATH + FAULT_TEXT + 40)
void subject_fault(char *to, const struct fault *f);

#endif
