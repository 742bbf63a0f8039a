#include "runtime/redact/kind.h"

static const struct str names[REDACT_KINDS] = {
    [REDACT_API_KEY] = STR_INIT("api_key"),
    [REDACT_JWT] = STR_INIT("jwt"),
    [REDACT_PRIVATE_KEY] = STR_INIT("private_key"),
    [REDACT_BEARER] = STR_INIT("bearer"),
    [REDACT_PASSWORD] = STR_INIT("password"),
    [REDACT_EMAIL] = STR_INIT("email"),
    [REDACT_PHONE] = STR_INIT("phone"),
    [REDACT_CARD] = STR_INIT("card"),
    [REDACT_SSN] = STR_INIT("ssn"),
    [REDACT_IBAN] = STR_INIT("iban"),
    [REDACT_IP] = STR_INIT("ip"),
    [REDACT_CUSTOM] = STR_INIT("custom"),
};

struct str
redact_kind_name(enum redact_kind k)
{
    return names[k];
}

bool
redact_kind_read(struct str name, enum redact_kind *k)
{
    for (unsigned i = 0; i < REDACT_CUSTOM; i++)
        if (str_eq(name, names[i])) {
            *k = (enum redact_kind)i;
            return true;
        }
    return false;
}
