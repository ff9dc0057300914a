/*
 * What this machine can do for tales and watch, and what the settings would use of it.
 */
#ifndef HOPTELL_CLI_MACHINE_H
#define HOPTELL_CLI_MACHINE_H

#include "base/settings.h"

#include <jansson.h>

/*
 * As JSON, for json_decref; NULL for want of memory:
 *
 *   {"xdp": {"built": true, "rights": true, "btf": true},
 *    "interfaces": [{"name": "eth0", "xdp": "native"}],
 *    "uses": ["tales: XDP on eth0, native, in the driver"]}
 */
json_t *machine_json(const struct settings *settings);

/* The same for people, on standard output. */
void machine_print(const json_t *machine);

#endif
