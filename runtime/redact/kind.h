/* What can be found in a text that should not be shown: secrets, and what is personal.
 *
 * The kinds are general; what the keys of each provider look like is data (specs/redact/secrets.tab). */
#ifndef LLMUX_REDACT_KIND_H
#define LLMUX_REDACT_KIND_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/str.h"

enum redact_kind {
    /* secrets */
    REDACT_API_KEY, /* keys and tokens of providers; by their form, or by the name before them */
    REDACT_JWT,     /* JSON web tokens (RFC 7519) */
    REDACT_PRIVATE_KEY, /* PEM (RFC 7468) */
    REDACT_BEARER,      /* what follows `Bearer ` or `Basic ` */
    REDACT_PASSWORD,    /* in `scheme://user:password@host` */
    /* personal */
    REDACT_EMAIL,
    REDACT_PHONE,
    REDACT_CARD, /* payment cards */
    REDACT_SSN,  /* social security numbers of the United States */
    REDACT_IBAN, /* bank accounts (ISO 13616) */
    REDACT_IP,   /* addresses of either version */
    /* the operator's own patterns (runtime/redact/custom.h) */
    REDACT_CUSTOM,
    REDACT_KINDS,
};

/* A set of kinds: bit 1 << kind. */
typedef uint64_t redact_kinds;

#define REDACT_BIT(kind) (UINT64_C(1) << (kind))
#define REDACT_ALL       (REDACT_BIT(REDACT_KINDS) - 1)
#define REDACT_SECRETS   (REDACT_BIT(REDACT_EMAIL) - 1)
#define REDACT_PERSONAL  (REDACT_ALL & ~REDACT_SECRETS & ~REDACT_BIT(REDACT_CUSTOM))

/* "api_key", "email", ...: the word in masks and in the config.  Static. */
struct str redact_kind_name(enum redact_kind k);
/* "[REDACTED:email]": what is written instead.  Static. */
struct str redact_kind_mask(enum redact_kind k);
/* The kind of that name; false for another word.  `custom` is no name. */
bool redact_kind_read(struct str name, enum redact_kind *k);

#endif
