/*
 * The parameters of a request; see parameters.h.
 */
#include "serve/parameters.h"

#include "serve/answer.h"

#include <string.h>

struct parameters parameters_of(const struct request *request)
{
    const struct message *message = &request->connection->message;
    struct parameters given = {.count = message->parameter_count};

    memcpy(given.parameter, message->parameter, given.count * sizeof given.parameter[0]);
    return given;
}

void parameters_add(struct parameters *parameters, const char *name, const char *value)
{
    if (parameters->count < QUERY_PARAMETERS_MAX)
        parameters->parameter[parameters->count++] = (struct query_parameter){
            .name = name,
            .name_length = strlen(name),
            .value = value,
            .value_length = strlen(value),
        };
}

bool parameters_query(struct request *request, unsigned accepted, struct query *out,
                      int *out_result)
{
    const struct parameters given = parameters_of(request);
    char error[QUERY_ERROR_MAX];

    if (query_parse(given.parameter, given.count, accepted, 0, out, error) == 0)
        return true;
    *out_result = answer_problem(request, STATUS_BAD_REQUEST, error);
    return false;
}
