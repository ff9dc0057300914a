/*
 * Loads the user's file of networks; see networks_file.h.
 */
#include "cli/networks_file.h"

#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OCTETS_MAX = 1 << 28 };

int networks_file_load(const char *path, struct named_networks **out)
{
    struct report report;
    char *text = NULL;
    size_t length;
    int code = command_load(path, OCTETS_MAX, &text, &length);

    if (code == 0) {
        report_init(&report, path);
        code = named_networks_new(text, length, &report, out);
        command_print_report(&report);
    }
    if (code == -EFBIG)
        fprintf(stderr, "%s: error: expected at most %d octets, found more\n", path, OCTETS_MAX);
    else if (code != 0 && code != -EINVAL)
        fprintf(stderr, "%s: error: expected networks to read: %s\n", path, strerror(-code));
    free(text);
    return code;
}
