/*
 * Any judgement: its line is JSON, fits, and is the same object that jansson makes of it.
 */
#include "../unit/judgements.h"
#include "serve/json.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

/* Any octets in the numbers; the enumerations, which only core sets, by judgement_any. */
static struct judgement make(const uint8_t *octets, size_t length)
{
    uint64_t numbers[8] = {1};
    struct judgement j;
    double share;

    memcpy(numbers, octets, length < sizeof numbers ? length : sizeof numbers);
    numbers[0] |= 1;
    j = judgement_any(&numbers[0]);
    memcpy(&share, &numbers[1], sizeof share);
    j.probability = share;
    memcpy(&share, &numbers[2], sizeof share);
    j.network.share = share;
    j.network.seen = numbers[3] >> 1; /* jansson's integers have a sign */
    memcpy(&j.evidence[0].weight, &numbers[4], sizeof j.evidence[0].weight);
    memcpy(j.evidence[0].detail, &numbers[5], sizeof j.evidence[0].detail);
    j.observation.time_ns = numbers[6] >> 2; /* whole microseconds in a double */
    return j;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    const struct judgement judgement = make(octets, length);
    char line[JSON_LINE_MAX];
    json_t *object = json_judgement(&judgement);
    json_t *read;

    if (object == NULL || json_judgement_line(&judgement, line, sizeof line) == 0)
        abort();
    read = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    if (read == NULL || !json_equal(read, object))
        abort();
    json_decref(read);
    json_decref(object);
    return 0;
}
