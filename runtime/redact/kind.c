#include "runtime/redact/kind.h"

#define KIND(name) \
    { \
        STR_INIT(name), STR_INIT("[REDACTED:" name "]") \
    }

static const struct {
    struct str name, mask;
} kinds[REDACT_KINDS] = {
    [REDACT_API_KEY] = KIND("api_key"),
    [REDACT_JWT] = KIND("jwt"),
    [REDACT_PRIVATE_KEY] = KIND("private_key"),
    [REDACT_BEARER] = KIND("bearer"),
    [REDACT_PASSWORD] = KIND("password"),
    [REDACT_EMAIL] = KIND("email"),
    [REDACT_PHONE] = KIND("phone"),
    [REDACT_CARD] = KIND("card"),
    [REDACT_SSN] = KIND("ssn"),
    [REDACT_IBAN] = KIND("iban"),
    [REDACT_IP] = KIND("ip"),
    [REDACT_CUSTOM] = KIND("custom"),
};

struct str
redact_kind_name(enum redact_kind k)
{
    return kinds[k].name;
}

struct str
redact_kind_mask(enum redact_kind k)
{
    return kinds[k].mask;
}

bool
redact_kind_read(struct str name, enum redact_kind *k)
{
    for (unsigned i = 0; i < REDACT_CUSTOM; i++)
        if (str_eq(name, kinds[i].name)) {
            *k = (enum redact_kind)i;
            return true;
        }
    return false;
}
