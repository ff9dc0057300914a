/*
 * The parameters of a request; see parameters.h.
 */
#include "serve/parameters.h"

#include "serve/answer.h"

#include <string.h>

static enum MHD_Result collect_parameter(void *to, enum MHD_ValueKind kind, const char *name,
                                         size_t name_length, const char *value, size_t value_length)
{
    struct parameters *parameters = to;

    (void)kind;
    if (parameters->count == QUERY_PARAMETERS_MAX)
        return MHD_NO;
    parameters->parameter[parameters->count++] = (struct query_parameter){
        .name = name,
        .name_length = name_length,
        .value = value,
        .value_length = value_length,
    };
    return MHD_YES;
}

struct parameters parameters_of(struct request *request)
{
    struct parameters given = {.count = 0};

    MHD_get_connection_values_n(request->connection, MHD_GET_ARGUMENT_KIND, collect_parameter,
                                &given);
    return given;
}

void parameters_add(struct parameters *parameters, const char *name, const char *value)
{
    collect_parameter(parameters, MHD_HEADER_KIND, name, strlen(name), value, strlen(value));
}

bool parameters_query(struct request *request, unsigned accepted, struct query *out,
                      enum MHD_Result *out_result)
{
    const struct parameters given = parameters_of(request);
    char error[QUERY_ERROR_MAX];

    if (query_parse(given.parameter, given.count, accepted, 0, out, error) == 0)
        return true;
    *out_result = answer_problem(request, MHD_HTTP_BAD_REQUEST, error);
    return false;
}
