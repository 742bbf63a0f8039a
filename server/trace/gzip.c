/* By zlib. */
#include "server/trace/gzip.h"

#include <zlib.h>

#define WINDOW_BITS (15 + 16) /* the largest, with a head and a tail of gzip */
#define MEMORY      8
#define LEVEL       3 /* spans are repetitive: more costs time and gains little */

bool
gzip_put(struct buf *out, struct str bytes)
{
    z_stream z = { .next_in = (Bytef *)bytes.p, .avail_in = (uInt)bytes.n };
    if (deflateInit2(&z, LEVEL, Z_DEFLATED, WINDOW_BITS, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    size_t most = deflateBound(&z, (uLong)bytes.n);
    z.next_out = (Bytef *)buf_room(out, most);
    z.avail_out = (uInt)most;
    bool ok = z.next_out && deflate(&z, Z_FINISH) == Z_STREAM_END;
    if (ok)
        out->n += z.total_out;
    deflateEnd(&z);
    return ok;
}
