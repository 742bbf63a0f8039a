/* Moments as reply headers tell them: when a provider's limit is made good, when to come back.
 *
 *   form           example                           says
 *   seconds        12, 33011.38                      from now
 *   milliseconds   250                               from now
 *   duration       6m0s, 1m51.595s, 20ms, 7          from now; without a unit seconds
 *   time           2026-01-02T23:49:18Z              RFC 3339
 *   date           Sun, 06 Nov 1994 08:49:37 GMT     RFC 9110, 5.6.7
 *   epoch          1790559566                        seconds since 1970
 *   epoch_ms       1790559566123                     milliseconds since 1970
 *
 * Which header has which form is said by the `limit` settings of the specs. */
#ifndef LLMUX_XD_MOMENT_H
#define LLMUX_XD_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/str.h"

/* The names of the specs, in codegen/setting.c too. */
enum xd_moment {
    XD_MOMENT_SECONDS,
    XD_MOMENT_MILLISECONDS,
    XD_MOMENT_DURATION,
    XD_MOMENT_TIME,
    XD_MOMENT_DATE,
    XD_MOMENT_EPOCH,
    XD_MOMENT_EPOCH_MS,
};
#define XD_MOMENTS 7

/* The longest that is believed; what is longer is as long. */
#define XD_MOMENT_MOST ((uint64_t)366 * 24 * 3600 * 1000 * 1000 * 1000)
/* Room for any text of xd_moment_write, with its NUL. */
#define XD_MOMENT_TEXT 32

/* How far away the moment is that text names, in nanoseconds; 0 for one that is over.  wall_ns: now,
 * since 1970.  False, and *ns is as before, when text is not of this form. */
bool xd_moment_read(struct str text, enum xd_moment form, uint64_t wall_ns, uint64_t *ns);
/* The text of a moment that is so far away, at most XD_MOMENT_MOST: to the millisecond, the last three forms
 * and time to the second but for epoch_ms, rounded up.  Returns its length. */
size_t
xd_moment_write(char out[XD_MOMENT_TEXT], enum xd_moment form, uint64_t wall_ns, uint64_t ns);

#endif
