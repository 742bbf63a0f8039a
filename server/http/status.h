/* Status codes in words. */
#ifndef LLMUX_HTTP_STATUS_H
#define LLMUX_HTTP_STATUS_H

#include "runtime/base/str.h"

/* The reason phrase: "Not Found"; "Status" for a code without a name. */
struct str http_status_text(int status);

#endif
