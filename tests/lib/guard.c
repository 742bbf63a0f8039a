/* Memory between two unreadable pages. */
#include "tests/lib/guard.h"

#include <assert.h>
#include <sys/mman.h>
#include <unistd.h>

void
guard_init(struct guard *g, size_t n)
{
    g->page = (size_t)sysconf(_SC_PAGESIZE);
    g->room = (n / g->page + 1) * g->page;
    g->map = mmap(NULL, g->room + 2 * g->page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert(g->map != MAP_FAILED);
    int denied = mprotect(g->map + g->page, g->room, PROT_READ | PROT_WRITE);
    assert(!denied);
    (void)denied;
}

void
guard_fini(struct guard *g)
{
    munmap(g->map, g->room + 2 * g->page);
    *g = (struct guard){ 0 };
}

static struct str
copy(char *to, struct str s)
{
    if (s.n)
        memmove(to, s.p, s.n); /* s may be an earlier copy */
    return str_make(to, s.n);
}

struct str
guard_end(struct guard *g, struct str s)
{
    assert(s.n <= g->room);
    return copy(g->map + g->page + g->room - s.n, s);
}

struct str
guard_start(struct guard *g, struct str s)
{
    assert(s.n <= g->room);
    return copy(g->map + g->page, s);
}
