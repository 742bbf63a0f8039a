/* The log: one structured line for each request and each notable event, JSON or text.
 *
 *   any thread: log_begin, log_str, ..., log_end ─► bounded queue ─► writer thread ─► fd
 *
 * No caller ever waits: when the queue is full the line is dropped and counted, and the writer
 * reports the count as soon as it can write again.  Known secrets, and what looks like a secret or
 * like personal data, are masked in every string value.
 *
 *   json: {"ts":"2026-01-31T12:00:00.123Z","level":"info","event":"request","status":200,...}
 *   text: 2026-01-31T12:00:00.123Z info request status=200 path="/v1/chat completions"
 *
 * Usage:
 *   struct log_line l;
 *   if (log_begin(log, &l, LOG_LEVEL_INFO, "request")) {
 *       log_str(&l, "model", model);
 *       log_int(&l, "status", 200);
 *       log_end(&l);
 *   } */
#ifndef LLMUX_LOG_LOG_H
#define LLMUX_LOG_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/brief.h"
#include "runtime/base/buf.h"
#include "runtime/base/err.h"
#include "runtime/base/str.h"

#define LOG_LINE_MAX 4096 /* bytes of a line with its line end */

struct log;

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_JSON, LOG_FORMAT_TEXT };

struct log_options {
    int fd;               /* borrowed: 1, 2, or a file */
    struct str path;      /* of a file that is opened, instead of fd; absent: fd counts */
    enum log_level level; /* lines below are not made */
    enum log_format format;
    unsigned queue;  /* lines that may wait; rounded up to a power of two; 0: 4096 */
    unsigned nap_ms; /* from a batch to the next, unless half of the queue is full; 0: 50 */
    uint64_t (*now_us)(void); /* wall clock in us since 1970; NULL: the system's */
};

/* Counters since creation. */
struct log_stats {
    uint64_t lines;   /* written */
    uint64_t dropped; /* the queue was full */
    uint64_t failed;  /* fd did not take them */
};

/* A log and its writer thread, or NULL: also when the path cannot be opened (errno).  The thread blocks all signals. */
struct log *log_create(const struct log_options *opts);
/* Write what waits, end the thread, free.  No other thread may use the log any more. */
void log_destroy(struct log *log);

/* Open the file of that path anew: whoever rotates logs has moved the old one away.  Lines that wait
 * go to the new file; one that cannot be opened leaves the old one in use.  From any thread; without
 * a path nothing happens. */
void log_reopen(struct log *log);

/* Show every line to this function as well, on the log's own thread, before it is written; NULL:
 * nobody.  Returns when the function of before is not running any more. */
void log_set_tee(struct log *log, void (*tee)(void *ctx, struct str line), void *ctx);

/* Change the level; from any thread. */
void log_set_level(struct log *log, enum log_level level);
enum log_level log_level(const struct log *log);
/* "debug", "info", "warn", "error"; and back, false for another word. */
const char *log_level_name(enum log_level level);
bool log_level_read(struct str name, enum log_level *level);
bool log_enabled(const struct log *log, enum log_level level);
struct log_stats log_stats(const struct log *log);

/* A line under construction: lives on the caller's stack, holds no resources. */
struct log_line {
    struct log *log;
    enum log_format format;
    bool full; /* a field did not fit and was left out */
    size_t n;  /* at most LOG_LINE_MAX */
    char text[LOG_LINE_MAX + BRIEF_SPARE];
};

/* Start a line.  False (and nothing else may be called on l) when the level is switched off.  event
 * is a constant: letters, digits, '_'. */
bool log_begin(struct log *log, struct log_line *l, enum log_level level, const char *event);

/* Fields, in this order in the line.  key is a literal, of at most BRIEF_SPARE bytes with what goes around it: letters,
 * digits, '_', '.'.  A value that does not fit is cut (strings) or left out; then the line ends with "cut":true. */
#define LOG_KEY_FITS(key)             ((void)sizeof(char[sizeof(key) + 3 <= BRIEF_SPARE ? 1 : -1]))
#define LOG_KEY(key)                  (LOG_KEY_FITS(key), BRIEF(",\"" key "\":"))
#define log_str(l, key, value)        log_put_str(l, LOG_KEY(key), value)
#define log_own(l, key, value)        log_put_own(l, LOG_KEY(key), value)
#define log_word(l, key, value)       log_put_word(l, LOG_KEY(key), value)
#define log_int(l, key, value)        log_put_int(l, LOG_KEY(key), value)
#define log_bool(l, key, value)       log_put_bool(l, LOG_KEY(key), value)
#define log_seconds(l, key, value)    log_put_seconds(l, LOG_KEY(key), value)
#define log_billionths(l, key, value) log_put_billionths(l, LOG_KEY(key), value)

void log_put_str(struct log_line *l, struct brief key, struct str value); /* absent: no field */
/* The same for what the gateway says of itself, and to whom it speaks: addresses of hosts stay. */
void log_put_own(struct log_line *l, struct brief key, struct str value);
/* The same for a constant of ours or of the configuration: letters, digits, and '.', '_', '-', '/', ':'. */
void log_put_word(struct log_line *l, struct brief key, struct str word);
void log_put_int(struct log_line *l, struct brief key, int64_t value);
void log_put_bool(struct log_line *l, struct brief key, bool value);
/* Microseconds, written as seconds with six decimals. */
void log_put_seconds(struct log_line *l, struct brief key, uint64_t us);
/* Billionths, written with nine decimals. */
void log_put_billionths(struct log_line *l, struct brief key, uint64_t value);
/* Hand the line to the writer. */
void log_end(struct log_line *l);

/* begin, one field "msg" of formatted text, end. */
void log_msg(struct log *log, enum log_level level, const char *event, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

#define LOG_SECRET_MIN 8 /* shorter ones would hit ordinary words */

/* Mask these values (n of them, copied) in every string from now on; values shorter than
 * LOG_SECRET_MIN are ignored.  Adds to the earlier ones: a key that was rotated away stays secret.
 * May be called while other threads log; false when memory is short. */
MUST_CHECK bool log_add_secrets(struct log *log, const struct str *secrets, size_t n);
/* Append s to out with every known secret replaced by "***", and whatever looks like a secret or like personal data
 * (runtime/redact) by the name of its kind: "[REDACTED:email]".  For text that goes to people by other ways than the
 * log. */
void log_mask(const struct log *log, struct str s, struct buf *out);
/* How many bytes of s, which may go on behind its end, are in front of what may be the begin of a known secret. */
size_t log_decided(const struct log *log, struct str s);
/* The same as log_mask: s itself where there is nothing to hide, else a copy in the arena; absent when that is full. */
struct str log_masked(const struct log *log, struct str s, struct arena *a);

#endif
