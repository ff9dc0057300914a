/* Tales as YAML and as plain text: any octets give a tale, or an error, and nothing else. */
#include "names/records.h"
#include "tale/compile.h"
#include "tale/lines.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

static void count_name(const struct sight *sight, void *context)
{
    size_t *length = context;

    *length += sight->hop != NULL ? strlen(sight->hop->name) : 0;
}

static void compile(const uint8_t *octets, size_t length, const char *file)
{
    struct report report;
    struct tale *tale;
    const struct traits visitor = traits_of(2, 4, 128, 123);
    size_t names = 0;

    report_init(&report, file);
    tale = tale_compile((const char *)octets, length, file, &report);
    if ((tale == NULL) != (report.errors > 0))
        abort();
    if (tale != NULL && tale_longest(tale) > TALE_PATH_MAX)
        abort();
    for (unsigned i = 1; tale != NULL && i <= 30; i++)
        lines_at(tale, &visitor, i, count_name, &names);
    tale_free(tale);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    compile(octets, length, "t.yaml");
    compile(octets, length, "t.txt");
    return 0;
}
