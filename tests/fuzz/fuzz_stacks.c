/* A table of stacks, and a guess by it when it is a good one. */
#include "watch/stack.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    static struct stack_table table;
    static struct report report;
    const struct observation observation = {.version = 4, .window = 64240, .option = {2}};
    struct stack stack;
    double sum = 0;

    report_init(&report, "stacks.txt");
    if (stack_table_parse((const char *)octets, length, &report, &table) < 0) {
        if (report.errors == 0)
            abort();
        return 0;
    }
    stack_guess(&table, &observation, &stack);
    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++)
        sum += stack.probability[i];
    if (!(sum > 0.999 && sum < 1.001))
        abort();
    return 0;
}
