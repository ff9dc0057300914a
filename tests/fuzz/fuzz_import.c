/* Other programs' files: any octets give a tale that compiles, or an error, and nothing else. */
#include "tale/compile.h"
#include "tale/import.h"

#include <stdlib.h>
#include <string.h>

enum { WRITTEN_MAX = 1024 * 1024 };

struct written {
    size_t length;
    char text[WRITTEN_MAX];
};

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

static void put(const char *text, void *context)
{
    struct written *written = context;
    const size_t length = strlen(text);

    if (length >= WRITTEN_MAX - written->length)
        abort();
    memcpy(written->text + written->length, text, length + 1);
    written->length += length;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    static struct written written;

    for (size_t i = 0; import_format(i) != NULL; i++) {
        struct report report;
        struct tale *tale;
        bool is_good;

        written.length = 0;
        report_init(&report, "198.51.100.9-f");
        is_good = import_tale(import_format(i), (const char *)octets, length, report.file, &report,
                              put, &written);
        if (is_good == (report.errors > 0) || is_good == (written.length == 0))
            abort();
        if (!is_good)
            continue;
        report_init(&report, "t.yaml");
        tale = tale_compile(written.text, written.length, "t.yaml", &report);
        if (tale == NULL)
            abort();
        tale_free(tale);
    }
    return 0;
}
