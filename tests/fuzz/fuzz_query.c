/*
 * The query of a request. The input is split as that of a request, but not decoded, so that the
 * parser meets every octet.
 */
#include "serve/query.h"

#include <stdlib.h>
#include <string.h>

static struct query_parameter parameter_of(char *text)
{
    struct query_parameter parameter = {.name = text, .value = strchr(text, '=')};

    parameter.name_length = parameter.value ? (size_t)(parameter.value - text) : strlen(text);
    if (parameter.value != NULL) {
        parameter.value++;
        parameter.value_length = strlen(parameter.value);
    }
    return parameter;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct query_parameter parameters[QUERY_PARAMETERS_MAX];
    char *text = strndup((const char *)data, size);
    char error[QUERY_ERROR_MAX];
    struct query query;
    size_t count = 0;
    char *rest = text;

    while (rest != NULL && count < QUERY_PARAMETERS_MAX)
        parameters[count++] = parameter_of(strsep(&rest, "&"));
    if (query_parse(parameters, count, ~0u, QUERY_ADDRESS, &query, error) == 0) {
        if (!(query.given & QUERY_ADDRESS) || query.wait_ms > QUERY_WAIT_MAX_MS ||
            query.limit < 1 || query.limit > QUERY_LIMIT_MAX ||
            ((query.given & QUERY_PORT) && query.port == 0))
            abort();
    } else if (strnlen(error, sizeof error) == sizeof error) {
        abort();
    }
    free(text);
    return 0;
}
