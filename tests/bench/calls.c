/* Counts calls that the token path should not make.  Loaded into a running program by LD_PRELOAD:
 *
 *   BENCH_CALLS names a file of 16 bytes, which hold two counters: allocations of memory, and locks
 *   taken.  The benchmark reads it before and after what it wants to know about. */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* The C library's own. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

struct calls {
    _Atomic uint64_t allocations, locks;
};

static struct calls nowhere, *calls = &nowhere;

__attribute__((constructor)) static void
open_counters(void)
{
    const char *path = getenv("BENCH_CALLS");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *p = mmap(NULL, sizeof *calls, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p != MAP_FAILED)
        calls = p;
    close(fd);
}

void *
malloc(size_t n)
{
    atomic_fetch_add(&calls->allocations, 1);
    return __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
    atomic_fetch_add(&calls->allocations, 1);
    return __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
    atomic_fetch_add(&calls->allocations, 1);
    return __libc_realloc(p, n);
}

int
pthread_mutex_lock(pthread_mutex_t *m)
{
    static int (*_Atomic real)(pthread_mutex_t *);
    int (*f)(pthread_mutex_t *) = real;
    if (!f) {
        *(void **)&f = dlsym(RTLD_NEXT, "pthread_mutex_lock");
        real = f;
    }
    atomic_fetch_add(&calls->locks, 1);
    return f(m);
}
