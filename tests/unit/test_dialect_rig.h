/* Dialects that are made while the test runs: specc prints them, the C compiler makes a shared
 * object, which is loaded; and documents on their way from one dialect to another. */
#ifndef LLMUX_TEST_DIALECT_RIG_H
#define LLMUX_TEST_DIALECT_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <unistd.h>

#include "runtime/xd/registry.h"
#include "runtime/xd/translate.h"

#define PATH_LEN 512

/* --- making ------------------------------------------------------------------------------------ */

struct made {
    char dir[32];         /* removed by made_fini */
    char build[PATH_LEN]; /* where specc is: the build directory this test is in */
    void *object;         /* of dlopen */
};

static inline void
made_init(struct made *m)
{
    *m = (struct made){ .dir = "/tmp/llmux-made-XXXXXX" };
    assert_non_null(mkdtemp(m->dir));
    ssize_t n = readlink("/proc/self/exe", m->build, sizeof m->build - 1);
    assert_true(n > 0);
    m->build[n] = '\0';
    for (int up = 0; up < 3; up++) /* BUILD/tests/unit/NAME */
        *strrchr(m->build, '/') = '\0';
}

/* Run a shell command; what it prints is shown when it fails. */
static inline void
made_run(const char *command)
{
    int code = system(command);
    if (code != 0)
        print_error("%s\nexit code %d\n", command, code);
    assert_int_equal(code, 0);
}

/* specc with these arguments; DIR in them is the temporary directory. */
static inline void
made_specc(struct made *m, const char *arguments)
{
    char command[4096];
    snprintf(command, sizeof command, "DIR=%s && %s/specc %s", m->dir, m->build, arguments);
    made_run(command);
}

/* Compile the C files of the temporary directory that match a pattern (without its .c) into one
 * object and load it. */
static inline void
made_load(struct made *m, const char *pattern)
{
    char command[4096], path[PATH_LEN];
    snprintf(command, sizeof command,
             "${CC:-cc} -std=c11 -Wall -Wextra -Werror -O0 -fPIC -shared -I. %s/%s.c -o %s/made.so",
             m->dir, pattern, m->dir);
    made_run(command);
    snprintf(path, sizeof path, "%s/made.so", m->dir);
    m->object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!m->object)
        print_error("%s\n", dlerror());
    assert_non_null(m->object);
}

static inline void
made_fini(struct made *m)
{
    char command[PATH_LEN];
    if (m->object)
        dlclose(m->object);
    snprintf(command, sizeof command, "rm -rf %s", m->dir);
    made_run(command);
}

/* --- translating ------------------------------------------------------------------------------- */

struct trip {
    struct arena arena;
    struct buf out;
    struct xd reader, writer;
};

static inline void
trip_init(struct trip *t, const struct xd_dialect *from, const struct xd_dialect *to)
{
    arena_init(&t->arena, 16 << 20);
    buf_init(&t->out, 16 << 20);
    xd_init(&t->reader, from, XD_OP_CHAT, &t->arena, NULL);
    xd_init(&t->writer, to, XD_OP_CHAT, &t->arena, &t->out);
}

static inline void
trip_fini(struct trip *t)
{
    xd_fini(&t->reader);
    xd_fini(&t->writer);
    buf_fini(&t->out);
    arena_fini(&t->arena);
}

static inline void
trip_ok(struct trip *t, enum err err)
{
    if (err)
        print_error("%s%s\n", t->reader.err ? t->reader.fault.text : "",
                    t->writer.err ? t->writer.fault.text : "");
    assert_int_equal(err, ERR_OK);
}

static inline void
trip_request(struct trip *t, struct str body)
{
    struct ir_request m;
    trip_ok(t, xd_request_read(&t->reader, body, &m));
    trip_ok(t, xd_request_write(&t->writer, &m));
}

static inline void
trip_reply(struct trip *t, struct str body)
{
    struct ir_reply m;
    struct ir_error e;
    trip_ok(t, xd_reply_read(&t->reader, body, &m, &e));
    trip_ok(t, xd_reply_write(&t->writer, &m));
}

/* Returns the status that the error has in the dialect it was written in. */
static inline int
trip_error(struct trip *t, struct str body, int status)
{
    struct ir_error e;
    xd_error_read(&t->reader, body, status, &e);
    xd_error_write(&t->writer, &e);
    trip_ok(t, t->writer.err);
    return xd_error_status(t->writer.dialect, &e);
}

static inline void
assert_out(struct trip *t, const char *expected)
{
    buf_putc(&t->out, '\0');
    assert_string_equal(t->out.p, expected);
}

#endif
