/* The functions of libcurl that we call; see curl_library.h.
 *
 * They are hidden: libcurl, which calls some of them itself, must find its own. */
#include "server/upstream/curl_library.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SONAME "libcurl.so.4"
#define LEAST  0x075500 /* 7.85.0, the first with CURLOPT_PROTOCOLS_STR */
#define HIDDEN __attribute__((visibility("hidden")))

/* All that we call. */
#define FUNCTIONS(f) \
    f(easy_cleanup) f(easy_getinfo) f(easy_init) f(easy_pause) f(easy_perform) f(easy_setopt) \
        f(easy_strerror) f(free) f(global_init) f(multi_add_handle) f(multi_cleanup) \
            f(multi_info_read) f(multi_init) f(multi_remove_handle) f(multi_setopt) \
                f(multi_socket_action) f(share_cleanup) f(share_init) f(share_setopt) \
                    f(slist_append) f(slist_free_all) f(url) f(url_cleanup) f(url_get) f(url_set) \
                        f(url_strerror) f(version_info)

struct functions {
#define MEMBER(name) __typeof__(&curl_##name) name;
    FUNCTIONS(MEMBER)
#undef MEMBER
};

static const struct {
    const char *name;
    size_t at; /* in struct functions */
} places[] = {
#define PLACE(name) { "curl_" #name, offsetof(struct functions, name) },
    FUNCTIONS(PLACE)
#undef PLACE
};
#define N_PLACES (sizeof places / sizeof *places)

static struct {
    pthread_mutex_t lock; /* of who loads */
    atomic_bool loaded;   /* and functions does not change any more */
    struct functions functions;
} library = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* --- loading ------------------------------------------------------------------------------- */

static enum err
fill(void *handle, struct functions *v, struct fault *f)
{
    for (size_t i = 0; i < N_PLACES; i++) {
        void *function = dlsym(handle, places[i].name);
        if (!function)
            return fault_set(f, ERR_UNSUPPORTED, 0, SONAME ": has no %s", places[i].name);
        memcpy((char *)v + places[i].at, &function, sizeof function);
    }
    const curl_version_info_data *version = v->version_info(CURLVERSION_NOW);
    if (version->version_num < LEAST)
        return fault_set(f, ERR_UNSUPPORTED, 0, SONAME ": %s is older than 7.85.0",
                         version->version);
    if (v->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return fault_set(f, ERR_UNSUPPORTED, 0, SONAME ": cannot be initialised");
    return ERR_OK;
}

/* With the lock.  It stays loaded: its handles have no end that we would know. */
static enum err
load(struct fault *f)
{
    struct functions v;
    void *handle = dlopen(SONAME, RTLD_LAZY | RTLD_LOCAL);
    if (!handle)
        return fault_set(f, ERR_UNSUPPORTED, 0, "%s", dlerror());
    enum err err = fill(handle, &v, f);
    if (err) {
        dlclose(handle);
        return err;
    }
    library.functions = v;
    atomic_store_explicit(&library.loaded, true, memory_order_release);
    return ERR_OK;
}

enum err
curl_library_load(struct fault *f)
{
    if (atomic_load_explicit(&library.loaded, memory_order_acquire))
        return ERR_OK;
    pthread_mutex_lock(&library.lock);
    enum err err = atomic_load(&library.loaded) ? ERR_OK : load(f);
    pthread_mutex_unlock(&library.lock);
    return err;
}

/* The functions; NULL when there is no library. */
static const struct functions *
curl(void)
{
    return curl_library_load(NULL) ? NULL : &library.functions;
}

/* --- looking for it ------------------------------------------------------------------------ */

static bool
is_in(const Dl_serinfo *folders)
{
    char path[4096];
    for (unsigned i = 0; i < folders->dls_cnt; i++) {
        int n = snprintf(path, sizeof path, "%s/" SONAME, folders->dls_serpath[i].dls_name);
        if (n > 0 && (size_t)n < sizeof path && access(path, R_OK) == 0)
            return true;
    }
    return false;
}

enum err
curl_library_find(struct fault *f)
{
    Dl_serinfo size, *folders = NULL;
    void *self = dlopen(NULL, RTLD_LAZY);
    if (self && dlinfo(self, RTLD_DI_SERINFOSIZE, &size) == 0)
        folders = malloc(size.dls_size);
    bool found = folders && dlinfo(self, RTLD_DI_SERINFOSIZE, folders) == 0
                 && dlinfo(self, RTLD_DI_SERINFO, folders) == 0 && is_in(folders);
    free(folders);
    if (self)
        dlclose(self);
    return found ? ERR_OK : curl_library_load(f);
}

/* --- what makes a handle: the library may be missing ---------------------------------------- */

HIDDEN CURL *
curl_easy_init(void)
{
    const struct functions *v = curl();
    return v ? v->easy_init() : NULL;
}

HIDDEN CURLM *
curl_multi_init(void)
{
    const struct functions *v = curl();
    return v ? v->multi_init() : NULL;
}

HIDDEN CURLSH *
curl_share_init(void)
{
    const struct functions *v = curl();
    return v ? v->share_init() : NULL;
}

HIDDEN CURLU *
curl_url(void)
{
    const struct functions *v = curl();
    return v ? v->url() : NULL;
}

HIDDEN struct curl_slist *
curl_slist_append(struct curl_slist *list, const char *text)
{
    const struct functions *v = curl();
    return v ? v->slist_append(list, text) : NULL;
}

HIDDEN curl_version_info_data *
curl_version_info(CURLversion age)
{
    const struct functions *v = curl();
    return v ? v->version_info(age) : NULL;
}

/* --- what is done to handles, or to none ---------------------------------------------------- */

HIDDEN void
curl_easy_cleanup(CURL *e)
{
    if (e)
        library.functions.easy_cleanup(e);
}

HIDDEN CURLMcode
curl_multi_cleanup(CURLM *m)
{
    return m ? library.functions.multi_cleanup(m) : CURLM_OK;
}

HIDDEN CURLSHcode
curl_share_cleanup(CURLSH *share)
{
    return share ? library.functions.share_cleanup(share) : CURLSHE_OK;
}

HIDDEN void
curl_url_cleanup(CURLU *u)
{
    if (u)
        library.functions.url_cleanup(u);
}

HIDDEN void
curl_slist_free_all(struct curl_slist *list)
{
    if (list)
        library.functions.slist_free_all(list);
}

HIDDEN void
curl_free(void *p)
{
    if (p)
        library.functions.free(p);
}

/* --- what is done to handles ---------------------------------------------------------------- */

/* The number of an option tells the type of what follows. */
HIDDEN
CURLcode(curl_easy_setopt)(CURL *e, CURLoption option, ...)
{
    CURLcode (*set)(CURL *, CURLoption, ...) = library.functions.easy_setopt;
    va_list args;
    CURLcode code;
    va_start(args, option);
    if (option < CURLOPTTYPE_OBJECTPOINT) {
        long number = va_arg(args, long);
        code = set(e, option, number);
    } else if (option < CURLOPTTYPE_OFF_T || option >= CURLOPTTYPE_BLOB) {
        void *address = va_arg(args, void *);
        code = set(e, option, address);
    } else {
        curl_off_t size = va_arg(args, curl_off_t);
        code = set(e, option, size);
    }
    va_end(args);
    return code;
}

HIDDEN
CURLMcode(curl_multi_setopt)(CURLM *m, CURLMoption option, ...)
{
    CURLMcode (*set)(CURLM *, CURLMoption, ...) = library.functions.multi_setopt;
    va_list args;
    CURLMcode code;
    va_start(args, option);
    if ((int)option < CURLOPTTYPE_OBJECTPOINT) {
        long number = va_arg(args, long);
        code = set(m, option, number);
    } else {
        void *address = va_arg(args, void *);
        code = set(m, option, address);
    }
    va_end(args);
    return code;
}

/* What is shared is a number, all else an address. */
HIDDEN
CURLSHcode(curl_share_setopt)(CURLSH *share, CURLSHoption option, ...)
{
    CURLSHcode (*set)(CURLSH *, CURLSHoption, ...) = library.functions.share_setopt;
    va_list args;
    CURLSHcode code;
    va_start(args, option);
    if (option == CURLSHOPT_SHARE || option == CURLSHOPT_UNSHARE) {
        int number = va_arg(args, int);
        code = set(share, option, number);
    } else {
        void *address = va_arg(args, void *);
        code = set(share, option, address);
    }
    va_end(args);
    return code;
}

HIDDEN
CURLcode(curl_easy_getinfo)(CURL *e, CURLINFO info, ...)
{
    va_list args;
    va_start(args, info);
    CURLcode code = library.functions.easy_getinfo(e, info, va_arg(args, void *));
    va_end(args);
    return code;
}

HIDDEN CURLcode
curl_easy_pause(CURL *e, int bits)
{
    return library.functions.easy_pause(e, bits);
}

HIDDEN CURLcode
curl_easy_perform(CURL *e)
{
    return library.functions.easy_perform(e);
}

HIDDEN CURLMcode
curl_multi_add_handle(CURLM *m, CURL *e)
{
    return library.functions.multi_add_handle(m, e);
}

HIDDEN CURLMcode
curl_multi_remove_handle(CURLM *m, CURL *e)
{
    return library.functions.multi_remove_handle(m, e);
}

HIDDEN CURLMsg *
curl_multi_info_read(CURLM *m, int *left)
{
    return library.functions.multi_info_read(m, left);
}

HIDDEN CURLMcode
curl_multi_socket_action(CURLM *m, curl_socket_t fd, int events, int *running)
{
    return library.functions.multi_socket_action(m, fd, events, running);
}

/* Newer headers promise not to change it. */
typedef __typeof__(_Generic(&curl_url_get,
                            CURLUcode (*)(const CURLU *, CURLUPart, char **, unsigned)
                            : (const CURLU *)NULL, default
                            : (CURLU *)NULL)) url_to_read;

HIDDEN CURLUcode
curl_url_get(url_to_read u, CURLUPart what, char **part, unsigned flags)
{
    return library.functions.url_get(u, what, part, flags);
}

HIDDEN CURLUcode
curl_url_set(CURLU *u, CURLUPart what, const char *part, unsigned flags)
{
    return library.functions.url_set(u, what, part, flags);
}

HIDDEN const char *
curl_url_strerror(CURLUcode code)
{
    return library.functions.url_strerror(code);
}

/* A code may be of our own making: nothing has been loaded yet. */
HIDDEN const char *
curl_easy_strerror(CURLcode code)
{
    const struct functions *v = curl();
    return v ? v->easy_strerror(code) : "libcurl cannot be loaded";
}
