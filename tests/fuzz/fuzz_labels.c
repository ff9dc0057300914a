/* Labels as CSV; what was read must be found, each once. */
#include "base/labels.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    static struct report report;
    struct labels labels;

    report_init(&report, "labels.csv");
    if (labels_parse((const char *)octets, length, &label_verdicts, &report, &labels) < 0)
        return 0;
    for (size_t i = 0; i < labels.count; i++) {
        const struct address address = labels.label[i].address;
        const uint16_t port = labels.label[i].port;

        if (labels_take(&labels, &address, port) != &labels.label[i] ||
            labels_take(&labels, &address, port))
            abort();
    }
    labels_deinit(&labels);
    return 0;
}
