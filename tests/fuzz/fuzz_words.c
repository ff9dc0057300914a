/* Any text as a name: within DNS's limits and characters, or refused. */
#include "base/units.h"
#include "tale/words.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    struct report report;
    char name[TALE_NAME_MAX + 1];
    char *text = malloc(length + 1);
    bool good;

    if (text == NULL)
        return 0;
    memcpy(text, octets, length);
    text[length] = '\0';
    report_init(&report, "t");
    good = words_to_name(text, &report, 1, 1, name);
    if (good != (report.errors == 0) || (good && name[0] != '\0' && !units_is_host_name(name)))
        abort();
    free(text);
    return 0;
}
