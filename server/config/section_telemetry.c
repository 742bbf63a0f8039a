/* `telemetry`: what is told to those who watch. */
#include <stddef.h>

#include "server/config/sections.h"

const struct config_telemetry config_telemetry_defaults = {
    .data_port = 1,
};

static const struct str truths[] = { STR_INIT("false"), STR_INIT("true"), { 0 } };

/* clang-format off */
#define AT(member) offsetof(struct config_telemetry, member)

static const struct config_field telemetry_fields[] = {
    { "metrics_on_data_port", config_read_choice, AT(data_port), .choices = truths },
};
/* clang-format on */

const struct config_record config_telemetry_record = CONFIG_RECORD("telemetry", telemetry_fields);
