/* Baselines of another site; what was read is written and read to the same, and can be added. */
#include "store/exchange.h"
#include "watch/others.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

/* Each with itself, as with what this site would have learnt. */
static void sum_up(const struct others *others, const struct baseline *baseline)
{
    struct network *own = (struct network *)others_network(others, &baseline->prefix);
    const uint64_t key = subscriber_key(&baseline->prefix.address);
    static struct others_sum once;
    static struct others_sum twice;

    others_sum(others, &baseline->prefix, &own, 1, key, NULL, &once);
    others_sum(others, &baseline->prefix, &own, 1, key, once.subscriber, &twice);
    if (own != NULL && twice.level[0]->seen < own->seen)
        abort();
    if ((once.subscriber == NULL) != (twice.subscriber == NULL))
        abort();
}

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
            sum_up(&others, baseline);
        }
    others_clear(&others);
    if (others_any(&others))
        abort();
    others_deinit(&others);
    exchange_deinit(&exchange);
    return 0;
}
