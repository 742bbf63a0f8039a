/* What a stranger's server says its bytes are, and the text of a network.
 *
 *   byte 0   'n': the rest is a network; else the kind of media: a line with its type, then the bytes */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/media/media_type.h"
#include "server/wire/network.h"

static void
check(bool ok, const char *why)
{
    if (ok)
        return;
    fprintf(stderr, "%s\n", why);
    abort();
}

static void
try_network(struct str text)
{
    struct network n;
    if (!network_read(text, &n))
        return;
    check(n.bits <= 128, "more bits than an address has");
    check(network_has(&n, &n.first), "a network without its first address");
    (void)network_is_public(&n.first);
}

static void
try_type(enum media_kind kind, struct str text)
{
    const char *end = text.n ? memchr(text.p, '\n', text.n) : NULL;
    struct str declared = { text.p, end ? (size_t)(end - text.p) : text.n };
    struct str bytes = str_skip(text, declared.n + (end != NULL));
    struct str type = media_type_of(kind, declared, bytes);
    if (!type.p)
        return;
    bool image = str_starts(type, STR("image/")), audio = str_starts(type, STR("audio/"));
    check(image == (kind == MEDIA_IMAGE) && audio == (kind == MEDIA_AUDIO), "of another kind");
    check(str_eq(media_type_of(kind, type, bytes), type), "called by its own name it is none");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    struct str rest = { (const char *)data + 1, n - 1 };
    if (data[0] == 'n')
        try_network(rest);
    else
        try_type((enum media_kind)(data[0] % 3), rest);
    return 0;
}
