/* Baselines of another site; what was read is written and read to the same, and can be added. */
#include "store/exchange.h"
#include "watch/others.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    static const uint64_t key[2] = {1, 2};
    static struct report report;
    static struct exchange exchange;
    struct others others = {0};

    report_init(&report, "x");
    if (exchange_parse((const char *)octets, length, 2000000000, &report, &exchange) < 0) {
        if (report.errors == 0)
            abort();
        return 0;
    }
    if (others_init(&others, 8, 8, key) < 0)
        abort();
    for (size_t i = 0; i < exchange.count; i++)
        for (size_t j = 0; j < exchange.site[i].count; j++) {
            const struct baseline *baseline = &exchange.site[i].baseline[j];
            char line[EXCHANGE_LINE_MAX];

            if (exchange_baseline_line(baseline, line) == 0 || others_add(&others, baseline) != 0)
                abort();
        }
    others_deinit(&others);
    exchange_deinit(&exchange);
    return 0;
}
