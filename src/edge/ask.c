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

enum { ORIGIN_MAX = ADDRESS_TEXT_MAX + 32 };

static void write_origin_of(const struct ask_place *place, char out[ORIGIN_MAX])
{
    if (place->path == NULL)
        write_origin(&place->address, place->port, out, ORIGIN_MAX);
    else
        snprintf(out, ORIGIN_MAX, "http://localhost");
}

/* Where and what; the body goes to `take` with `context`. */
static void set_target(CURL *curl, const struct ask_place *place, const char *target,
                       curl_write_callback take, void *context)
{
    char origin[ORIGIN_MAX];
    char url[1024];

    write_origin_of(place, origin);
    snprintf(url, sizeof url, "%s%s", origin, target);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, place->path);
    curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* whatever the environment says: it is near */
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, context);
}

static void write_failure(const struct ask_place *place, CURLcode result, char *error, size_t size)
{
    char origin[ORIGIN_MAX];

    write_origin_of(place, origin);
    snprintf(error, size, "expected hoptell to answer at %s, found: %s",
             place->path != NULL ? place->path : origin, curl_easy_strerror(result));
}

/* The headers beside curl's own, one of them `more` where that is not NULL; NULL for none. */
static struct curl_slist *headers_of(const struct ask_place *place, const char *more)
{
    struct curl_slist *headers = NULL;
    char line[512];

    if (more != NULL)
        headers = curl_slist_append(headers, more);
    if (place->token != NULL) {
        snprintf(line, sizeof line, "Authorization: Bearer %s", place->token);
        headers = curl_slist_append(headers, line);
    }
    return headers;
}

int ask(const struct ask_place *place, const char *method, const char *target, const char *json,
        long timeout_ms, struct ask_answer *out, char *error, size_t error_size)
{
    struct curl_slist *headers =
        headers_of(place, json != NULL ? "Content-Type: application/json" : NULL);
    CURL *curl = curl_easy_init();
    CURLcode result = CURLE_OUT_OF_MEMORY;

    *out = (struct ask_answer){0};
    if (curl != NULL) {
        out->body = calloc(1, 1);
        set_target(curl, place, target, take_body, out);
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        if (json != NULL)
            curl_easy_setopt(curl, CURLOPT_POSTFIELDS, json);
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
        result = curl_easy_perform(curl);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &out->status);
    }
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    if (result == CURLE_OK && out->body != NULL)
        return 0;
    ask_answer_deinit(out);
    write_failure(place, result, error, error_size);
    return result == CURLE_OPERATION_TIMEDOUT ? -ETIMEDOUT : -ECONNREFUSED;
}

void ask_answer_deinit(struct ask_answer *answer)
{
    free(answer->body);
    *answer = (struct ask_answer){0};
}

/* One question of a feed, or its stream. */
struct asked {
    struct ask_feed *feed;
    CURL *curl; /* kept for the next time, with its connection */
    struct curl_slist *headers;
    bool under_way;
    struct ask_answer answer;
};

struct ask_feed {
    const struct ask_place *place;
    struct ask_feed_handlers handlers;
    CURLM *multi;
    struct asked get[ASK_GETS_MAX];
    struct asked stream;
};

int ask_feed_open(const struct ask_place *place, const struct ask_feed_handlers *handlers,
                  struct ask_feed **out)
{
    struct ask_feed *feed = calloc(1, sizeof *feed);

    if (feed == NULL)
        return -ENOMEM;
    feed->place = place;
    feed->handlers = *handlers;
    feed->multi = curl_multi_init();
    if (feed->multi == NULL) {
        free(feed);
        return -ENOMEM;
    }
    *out = feed;
    return 0;
}

static void asked_end(struct asked *asked)
{
    if (asked->under_way)
        curl_multi_remove_handle(asked->feed->multi, asked->curl);
    asked->under_way = false;
    curl_slist_free_all(asked->headers);
    asked->headers = NULL;
    ask_answer_deinit(&asked->answer);
}

void ask_feed_close(struct ask_feed *feed)
{
    if (feed == NULL)
        return;
    for (unsigned i = 0; i < ASK_GETS_MAX; i++) {
        asked_end(&feed->get[i]);
        curl_easy_cleanup(feed->get[i].curl);
    }
    asked_end(&feed->stream);
    curl_easy_cleanup(feed->stream.curl);
    curl_multi_cleanup(feed->multi);
    free(feed);
}

static void asked_start(struct ask_feed *feed, struct asked *asked, const char *target,
                        const char *header, curl_write_callback take, long timeout_ms)
{
    asked->feed = feed;
    if (asked->curl == NULL)
        asked->curl = curl_easy_init();
    if (asked->curl == NULL)
        return;
    asked->headers = headers_of(feed->place, header);
    asked->answer.body = calloc(1, 1);
    set_target(asked->curl, feed->place, target, take, asked);
    curl_easy_setopt(asked->curl, CURLOPT_HTTPHEADER, asked->headers);
    curl_easy_setopt(asked->curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(asked->curl, CURLOPT_PRIVATE, asked);
    asked->under_way = curl_multi_add_handle(feed->multi, asked->curl) == CURLM_OK;
    if (!asked->under_way)
        asked_end(asked);
}

static size_t take_answer(char *octets, size_t one, size_t count, void *context)
{
    struct asked *asked = context;

    return take_body(octets, one, count, &asked->answer);
}

static size_t take_stream(char *octets, size_t one, size_t count, void *context)
{
    const struct asked *asked = context;
    long status = 0;

    (void)one;
    curl_easy_getinfo(asked->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status == 200)
        asked->feed->handlers.received(octets, count, asked->feed->handlers.context);
    return count;
}

void ask_feed_get(struct ask_feed *feed, unsigned which, const char *target, long timeout_ms)
{
    if (!feed->get[which].under_way)
        asked_start(feed, &feed->get[which], target, NULL, take_answer, timeout_ms);
}

void ask_feed_follow(struct ask_feed *feed, const char *target, const char *last_id)
{
    char header[64];

    snprintf(header, sizeof header, "Last-Event-ID: %s", last_id);
    if (!feed->stream.under_way)
        asked_start(feed, &feed->stream, target, last_id[0] != '\0' ? header : NULL, take_stream,
                    0);
}

bool ask_feed_is_asking(const struct ask_feed *feed)
{
    for (unsigned i = 0; i < ASK_GETS_MAX; i++)
        if (feed->get[i].under_way)
            return true;
    return false;
}

/* Tells its handler how a question went, after which it may be asked again. */
static void finish(struct ask_feed *feed, struct asked *asked, CURLcode result)
{
    const struct ask_feed_handlers *handlers = &feed->handlers;
    struct ask_answer answer = asked->answer;
    char error[512] = "";

    curl_easy_getinfo(asked->curl, CURLINFO_RESPONSE_CODE, &answer.status);
    if (result != CURLE_OK)
        write_failure(feed->place, result, error, sizeof error);
    asked->answer = (struct ask_answer){0};
    asked_end(asked);
    if (asked == &feed->stream) {
        if (error[0] == '\0')
            snprintf(error, sizeof error, "the events ended with HTTP status %ld", answer.status);
        handlers->ended(error, handlers->context);
    } else {
        handlers->answered((unsigned)(asked - feed->get), result == CURLE_OK ? &answer : NULL,
                           error, handlers->context);
    }
    ask_answer_deinit(&answer);
}

void ask_feed_wait(struct ask_feed *feed, const int *fds, unsigned count, int timeout_ms)
{
    struct curl_waitfd wait[4] = {{.fd = -1}};
    const CURLMsg *message;
    int left;

    for (unsigned i = 0; i < count && i < 4; i++)
        wait[i] = (struct curl_waitfd){.fd = fds[i], .events = CURL_WAIT_POLLIN};
    curl_multi_perform(feed->multi, &left);
    curl_multi_poll(feed->multi, wait, count < 4 ? count : 4, timeout_ms, &left);
    curl_multi_perform(feed->multi, &left);
    while ((message = curl_multi_info_read(feed->multi, &left)) != NULL) {
        struct asked *asked = NULL;

        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &asked);
        if (message->msg == CURLMSG_DONE && asked != NULL)
            finish(feed, asked, message->data.result);
    }
}
