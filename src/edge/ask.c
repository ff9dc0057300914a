/*
 * libcurl's place; see ask.h.
 */
#include "edge/ask.h"

#include "base/units.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_origin(const struct address *address, uint16_t port, char *out, size_t size)
{
    char text[ADDRESS_TEXT_MAX];

    snprintf(out, size, address_is_v4(address) ? "http://%s:%u" : "http://[%s]:%u",
             units_address(address, text), port);
}

/* libcurl's writer: a short count makes it stop. */
static size_t take_body(char *octets, size_t one, size_t count, void *context)
{
    struct ask_answer *answer = context;
    char *larger;

    (void)one; /* always 1 */
    if (count > ASK_BODY_MAX - answer->length)
        return 0;
    larger = realloc(answer->body, answer->length + count + 1);
    if (larger == NULL)
        return 0;
    memcpy(larger + answer->length, octets, count);
    answer->body = larger;
    answer->length += count;
    larger[answer->length] = '\0';
    return count;
}

static CURLcode perform(CURL *curl, const char *url, long timeout_ms, struct ask_answer *answer)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* whatever the environment says: it is near */
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    return curl_easy_perform(curl);
}

/* The headers beside curl's own; NULL for none. */
static struct curl_slist *headers_of(const struct ask_place *place, const char *json)
{
    struct curl_slist *headers = NULL;
    char line[512];

    if (json != NULL)
        headers = curl_slist_append(headers, "Content-Type: application/json");
    if (place->token != NULL) {
        snprintf(line, sizeof line, "Authorization: Bearer %s", place->token);
        headers = curl_slist_append(headers, line);
    }
    return headers;
}

int ask(const struct ask_place *place, const char *method, const char *target, const char *json,
        long timeout_ms, struct ask_answer *out, char *error, size_t error_size)
{
    struct curl_slist *headers = headers_of(place, json);
    CURL *curl = curl_easy_init();
    char origin[ADDRESS_TEXT_MAX + 32] = "http://localhost";
    char url[1024];
    CURLcode result = CURLE_OUT_OF_MEMORY;

    *out = (struct ask_answer){0};
    if (place->path == NULL)
        write_origin(&place->address, place->port, origin, sizeof origin);
    snprintf(url, sizeof url, "%s%s", origin, target);
    if (curl != NULL) {
        out->body = calloc(1, 1);
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, place->path);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        if (json != NULL)
            curl_easy_setopt(curl, CURLOPT_POSTFIELDS, json);
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
        result = perform(curl, url, timeout_ms, out);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &out->status);
    }
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    if (result == CURLE_OK && out->body != NULL)
        return 0;
    ask_answer_deinit(out);
    snprintf(error, error_size, "expected hoptell to answer at %s, found: %s",
             place->path != NULL ? place->path : origin, curl_easy_strerror(result));
    return result == CURLE_OPERATION_TIMEDOUT ? -ETIMEDOUT : -ECONNREFUSED;
}

void ask_answer_deinit(struct ask_answer *answer)
{
    free(answer->body);
    *answer = (struct ask_answer){0};
}
