/*
 * Any text as settings. What is taken prints to a text that is taken too, and prints the same.
 */
#include "base/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

struct printed {
    size_t length;
    size_t capacity;
    char *text;
};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void append(const char *text, void *context)
{
    struct printed *printed = context;
    const size_t length = strlen(text);

    if (printed->length + length + 1 > printed->capacity) {
        printed->capacity = 2 * (printed->length + length + 1);
        printed->text = realloc(printed->text, printed->capacity);
        require(printed->text != NULL);
    }
    memcpy(printed->text + printed->length, text, length + 1);
    printed->length += length;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    struct printed first = {0};
    struct printed second = {0};
    struct settings *settings = NULL;
    struct settings *again = NULL;
    struct report report;

    report_init(&report, "f");
    if (settings_parse((const char *)octets, length, &report, &settings) != 0) {
        require(settings == NULL && report.errors > 0);
        return 0;
    }
    settings_print(settings, append, &first);
    require(settings_parse(first.text, first.length, &report, &again) == 0);
    settings_print(again, append, &second);
    require(strcmp(first.text, second.text) == 0);
    require(settings_fixed_difference(settings, again) == NULL);
    settings_free(settings);
    settings_free(again);
    free(first.text);
    free(second.text);
    return 0;
}
