/* Any bytes as the values of a log line: the line is JSON, holds no line end of theirs, and becomes a record. */
#include <stdint.h>
#include <stdlib.h>

#include "runtime/json/doc.h"
#include "server/gateway/records.h"
#include "server/log/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct log *log;
    struct log_line l;
    struct json_doc doc;
    struct fault f;
    struct buf out;
    if (!log && !(log = log_create(&(struct log_options){ .fd = -1, .path = STR("/dev/null") })))
        abort();
    char *copy = malloc(n ? n : 1);
    memcpy(copy, data, n);
    if (!log_begin(log, &l, LOG_LEVEL_ERROR, "fuzz"))
        abort();
    log_str(&l, "first", str_make(copy, n / 2));
    log_str(&l, "second", str_make(copy + n / 2, n - n / 2));
    log_int(&l, "n", (int64_t)n);
    l.text[l.n++] = '}';
    json_doc_init(&doc);
    if (json_doc_parse(&doc, str_make(l.text, l.n), &f) || memchr(l.text, '\n', l.n))
        abort();
    json_doc_fini(&doc);
    buf_init(&out, 1 << 20);
    records_write(&out, str_make(l.text, l.n), 1);
    records_write(&out, str_make(copy, n), 1);
    buf_fini(&out);
    free(copy);
    return 0;
}
