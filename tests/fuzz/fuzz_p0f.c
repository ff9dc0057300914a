/* A file of p0f's signatures; what was read must match packets or not, and without a fault. */
#include "watch/p0f.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    static struct report report;
    static struct p0f p0f;

    report_init(&report, "p0f.fp");
    if (p0f_parse((const char *)octets, length, &report, &p0f) < 0) {
        if (report.errors == 0)
            abort();
        return 0;
    }
    for (unsigned i = 0; i < p0f.count; i++) {
        struct observation o;
        uint8_t families;

        /* A signature without open parts is of a packet that it matches, but for its own window. */
        if (!pattern_observation(&p0f.signature[i].pattern, &o) ||
            p0f.signature[i].pattern.window_kind != PATTERN_WINDOW_IS)
            continue;
        (void)p0f_match(&p0f, &o, &families);
        if (families & ~((1u << STACK_FAMILY_COUNT) - 1))
            abort();
    }
    return 0;
}
