/* What the files of this directory share while one config is read, and the values they know how to
 * read.
 *
 * Every function that reads a value takes the node it stands in, and on a fault adds an error at
 * that place and returns false; the caller goes on with the next value. */
#ifndef LLMUX_CONFIG_READER_H
#define LLMUX_CONFIG_READER_H

#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "server/config/config.h"
#include "server/config/tree.h"

struct config_field;

struct config_reader {
    const struct config_world *world;
    struct arena *arena;
    struct config_errors *errors;
    struct str dir; /* where relative paths begin; absent: the working directory */
    struct str *secrets;
    unsigned n_secrets, room_secrets;
};

/* reader.c */

/* Add an error at this node; NULL: the file as a whole. */
void
config_fail(struct config_reader *r, const struct node *at, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The same at a line and column. */
void config_fail_at(struct config_reader *r, unsigned line, unsigned column, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* Remember a value that must not show in logs. */
void config_secret(struct config_reader *r, struct str value);
/* The nearest of n candidates, or absent when none is near enough to suggest. */
struct str config_nearest(struct str word, const struct str *candidates, size_t n);
/* Is n a list or map, as wanted (an empty value is an empty one)?  If not, say that f must be
 * `like`. */
bool config_check_kind(struct config_reader *r, const struct config_field *f, const struct node *n,
                       enum node_kind kind, const char *like);
/* Was the key of n's i-th child there before?  If so, say it. */
bool config_fail_twice(struct config_reader *r, const struct node *n, unsigned i);
/* Room for one more element of an array in the arena; NULL when it is full. */
#define CONFIG_PUSH(r, v, n, room) arena_push((r)->arena, (void **)&(v), &(n), &(room), sizeof *(v))

/* expand.c */

/* The text of a scalar with ${VAR} replaced, NUL-terminated behind its end.  key names it in
 * messages. False for a list, a map, and no value. */
bool config_text(struct config_reader *r, const char *key, const struct node *n, struct str *out);
/* The same, or the content of a file after `file:`; without white space at its end, not empty, no
 * control characters.  It counts as a secret. */
bool
config_secret_text(struct config_reader *r, const char *key, const struct node *n, struct str *out);

/* record.c */

/* Reads a value into the place that f says. */
typedef bool
config_read(struct config_reader *r, const struct config_field *f, const struct node *n, void *out);

enum config_need { CONFIG_OPTIONAL, CONFIG_REQUIRED };

/* One key of a map. */
struct config_field {
    const char *key;
    config_read *read;
    size_t offset; /* of the value in the struct */
    enum config_need need;
    uint64_t min, max;                  /* of numbers, times (ms) and sizes (bytes) */
    const struct config_record *record; /* of config_read_record */
    const struct str *choices;          /* of config_read_choice; ends with an absent one */
};

/* The keys of a map. */
struct config_record {
    const char *name; /* "server", "server.tls", "providers[]" */
    const struct config_field *fields;
    size_t n;
};

/* Read a map into the struct at out, each key at most once, no others.  An empty value is an empty
 * map. */
bool config_record(struct config_reader *r, const struct config_record *record,
                   const struct node *n, void *out);

/* value.c: readers of single values.  The type of the place they fill in is behind each. */
config_read config_read_record;   /* the struct of f->record */
config_read config_read_node;     /* const struct node *: kept for later */
config_read config_read_text;     /* struct str, not empty */
config_read config_read_secret;   /* struct str */
config_read config_read_name;     /* struct str of letters, digits, '.', '_', '-' */
config_read config_read_file;     /* struct str: path of a file that can be read */
config_read config_read_url;      /* struct str, without a slash at its end */
config_read config_read_proxy;    /* struct str */
config_read config_read_int;      /* unsigned */
config_read config_read_share;    /* unsigned, thousandths: `5%`, `0.5%` */
config_read config_read_workers;  /* unsigned; `auto` is 0 */
config_read config_read_duration; /* uint64_t, ms */
config_read config_read_size;     /* uint64_t, bytes */
config_read config_read_choice;   /* int: index into f->choices */
config_read config_read_count;    /* uint64_t: a whole number */
config_read config_read_amount;   /* double: a number that may have a point, not below 0 */
config_read config_read_words;    /* struct config_words: a list of names, not empty */
config_read config_read_listen;   /* struct config_listen */

/* headers.c */
config_read config_read_headers; /* struct config_pairs: names and values, which count as secret */

/* root.c */

/* Read the tree.  What comes out is only valid if there were no errors; NULL when memory is short.
 * */
struct config *config_finish(struct config_reader *r, const struct node *root);

#endif
