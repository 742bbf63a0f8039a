/* Two digits at a time. */
#include "runtime/base/digits.h"

#include <string.h>

static const char pairs[201] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

struct str
digits_of(char room[DIGITS_ROOM], uint64_t v, unsigned least)
{
    size_t at = DIGITS_ROOM;
    for (; v >= 10; v /= 100) {
        at -= 2;
        memcpy(room + at, pairs + v % 100 * 2, 2);
    }
    if (v || at == DIGITS_ROOM)
        room[--at] = (char)('0' + v);
    while (DIGITS_ROOM - at < least)
        room[--at] = '0';
    return str_make(room + at, DIGITS_ROOM - at);
}
