/* libcurl, loaded when something is first sent.
 *
 * With it come some thirty libraries more (Kerberos, LDAP, SSH, a second TLS), for protocols that we
 * never speak: half of the memory and of the start of a program that has sent nothing yet, and all
 * of it for commands that never send anything.  So we are not linked with libcurl: the functions of
 * <curl/curl.h> that we call are defined in curl_library.c, under their own names, and hand on to
 * the library, which the first of them loads.  Callers need not know.
 *
 * From any thread.  What fails is tried again with the next call, as descriptors or memory may have
 * been short; meanwhile whatever makes a handle returns NULL. */
#ifndef LLMUX_UPSTREAM_CURL_LIBRARY_H
#define LLMUX_UPSTREAM_CURL_LIBRARY_H

#include "runtime/base/err.h"

/* Load it and have it initialised, if nobody has.  Else ERR_UNSUPPORTED, and why. */
enum err curl_library_load(struct fault *f);
/* For a program that begins, and will need it: is there one?  Looks into the folders where the
 * loader looks, and loads it only if that finds nothing; takes some 20 us.  Else ERR_UNSUPPORTED,
 * and why. */
enum err curl_library_find(struct fault *f);

#endif
