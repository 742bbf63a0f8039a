/* `providers[].auth`: credentials of the schemes that need more than a key. */
#include <stddef.h>

#include "server/config/sections.h"

#define AT(member) offsetof(struct config_auth, member)
/* clang-format off */
static const struct config_field auth_fields[] = {
    { "scheme",            config_read_name,   AT(scheme),            .need = CONFIG_OPTIONAL },
    { "access_key_id",     config_read_secret, AT(access_key_id),     .need = CONFIG_OPTIONAL },
    { "secret_access_key", config_read_secret, AT(secret_access_key), .need = CONFIG_OPTIONAL },
    { "session_token",     config_read_secret, AT(session_token),     .need = CONFIG_OPTIONAL },
    { "profile",           config_read_text,   AT(profile),           .need = CONFIG_OPTIONAL },
    { "region",            config_read_name,   AT(region),            .need = CONFIG_OPTIONAL },
    { "credentials_file",  config_read_file,   AT(credentials_file),  .need = CONFIG_OPTIONAL },
    { "tenant_id",         config_read_name,   AT(tenant_id),         .need = CONFIG_OPTIONAL },
    { "client_id",         config_read_text,   AT(client_id),         .need = CONFIG_OPTIONAL },
    { "client_secret",     config_read_secret, AT(client_secret),     .need = CONFIG_OPTIONAL },
    { "scope",             config_read_text,   AT(scope),             .need = CONFIG_OPTIONAL },
    { "token_url",         config_read_url,    AT(token_url),         .need = CONFIG_OPTIONAL },
};
/* clang-format on */
#undef AT
const struct config_record config_auth_record = CONFIG_RECORD("providers[].auth", auth_fields);
