/*
 * Status codes; see status.h.
 */
#include "serve/status.h"

#include <stddef.h>

static const struct {
    unsigned status;
    const char *phrase;
} rows[] = {
    {STATUS_OK, "OK"},
    {STATUS_NO_CONTENT, "No Content"},
    {STATUS_BAD_REQUEST, "Bad Request"},
    {STATUS_UNAUTHORIZED, "Unauthorized"},
    {STATUS_NOT_FOUND, "Not Found"},
    {STATUS_METHOD_NOT_ALLOWED, "Method Not Allowed"},
    {STATUS_REQUEST_TIMEOUT, "Request Timeout"},
    {STATUS_CONFLICT, "Conflict"},
    {STATUS_CONTENT_TOO_LARGE, "Content Too Large"},
    {STATUS_URI_TOO_LONG, "URI Too Long"},
    {STATUS_UNSUPPORTED_MEDIA_TYPE, "Unsupported Media Type"},
    {STATUS_EXPECTATION_FAILED, "Expectation Failed"},
    {STATUS_MISDIRECTED_REQUEST, "Misdirected Request"},
    {STATUS_TOO_MANY_REQUESTS, "Too Many Requests"},
    {STATUS_HEAD_TOO_LARGE, "Request Header Fields Too Large"},
    {STATUS_INTERNAL_SERVER_ERROR, "Internal Server Error"},
    {STATUS_NOT_IMPLEMENTED, "Not Implemented"},
    {STATUS_SERVICE_UNAVAILABLE, "Service Unavailable"},
    {STATUS_VERSION_NOT_SUPPORTED, "HTTP Version Not Supported"},
};

const char *status_phrase(unsigned status)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].status == status)
            return rows[i].phrase;
    return "";
}
