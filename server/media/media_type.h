/* Is what came what was asked for? */
#ifndef LLMUX_MEDIA_MEDIA_TYPE_H
#define LLMUX_MEDIA_MEDIA_TYPE_H

#include "runtime/base/str.h"

enum media_kind { MEDIA_IMAGE, MEDIA_AUDIO, MEDIA_DOCUMENT };

/* The type of bytes that a server called `declared` (the value of Content-Type; may be absent): absent when that is not
 * of the kind, or when the bytes begin otherwise.  Images are PNG, JPEG, GIF or WebP, documents PDF or text; of what is
 * only called bytes, the bytes tell. */
struct str media_type_of(enum media_kind kind, struct str declared, struct str bytes);

/* "image", "audio", "document" */
const char *media_kind_name(enum media_kind kind);

#endif
