/* A profile of AWS's shared files: the keys that sign, and a region.
 *
 *   ~/.aws/credentials   [work]           counts where both say something
 *   ~/.aws/config        [profile work]
 *
 * Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files". */
#ifndef LLMUX_AUTH_PROFILE_H
#define LLMUX_AUTH_PROFILE_H

#include "runtime/base/err.h"
#include "server/auth/sigv4.h"

struct profile {
    bool found;           /* a file has such a profile */
    struct sigv4_key key; /* key.id absent: it has none */
    struct str region;    /* absent: none */
    struct str other; /* how else it would get keys (`role_arn`, `sso_session`, ...); absent: not */
};

/* Read the profile from the texts of the two files, absent ones being empty.  The strings point
 * into the texts. */
void profile_read(struct profile *p, struct str name, struct str credentials, struct str config);

#endif
