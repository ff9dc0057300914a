/*
 * A site of both listeners for tests, and requests to it over loopback: libcurl in libuv's threads,
 * the server in its loop.
 */
#ifndef HOPTELL_TESTS_SITE_H
#define HOPTELL_TESTS_SITE_H

#include "base/units.h"
#include "serve/serve.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

static const uint64_t MILLISECOND_NS = 1000000;

struct site {
    uv_loop_t loop;
    struct watch *watch;
    struct journal *journal;
    struct serve *visitors;
    struct serve *operators;
    unsigned observed; /* opening packets that came from our own sockets */
    bool ready;
    const struct tales *tales; /* NULL: none */
    int refusal;               /* what labels and forgetting get; 0: they are taken */
    char told[128];            /* the newest label */
};

static inline void site_observed(const struct observation *observation, struct judgement *out,
                                 void *context)
{
    struct site *site = context;

    site->observed++;
    if (watch_observe(site->watch, observation, out))
        journal_add(site->journal, out);
    serve_judged(site->operators, out);
}

static inline void site_metrics(metric_put *put, void *to, void *context)
{
    struct site *site = context;
    struct serve *const listeners[] = {site->visitors, site->operators};

    serve_metrics(listeners, 2, put, to);
}

static inline bool site_ready(const char **out_reason, void *context)
{
    struct site *site = context;

    *out_reason = "expected the store to be open, found it opening";
    return site->ready;
}

static inline const struct tales *site_tales(void *context)
{
    struct site *site = context;

    return site->tales;
}

static inline int site_label(const struct address *address, uint16_t port, bool is_tethered,
                             void *context)
{
    struct site *site = context;
    char text[ADDRESS_TEXT_MAX];

    snprintf(site->told, sizeof site->told, "%s %u %s", units_address(address, text), port,
             is_tethered ? "tethered" : "direct");
    return site->refusal;
}

static inline int site_forget(const struct address *address, void *context)
{
    struct site *site = context;

    if (site->refusal == 0) {
        watch_forget(site->watch, address);
        journal_forget(site->journal, address, NULL, NULL);
    }
    return site->refusal;
}

static inline struct serve *site_listen(struct site *site, const char *text,
                                        enum serve_audience audience)
{
    const struct serve_sources sources = {
        .watch = site->watch,
        .journal = site->journal,
        .observed = site_observed,
        .metrics = site_metrics,
        .ready = site_ready,
        .tales = site_tales,
        .label = site_label,
        .forget = site_forget,
        .context = site,
    };
    struct address address;
    struct serve *serve = NULL;
    char error[256] = "";

    assert_true(units_parse_address(text, &address));
    if (serve_open(&site->loop, &address, 0, audience, &sources, &serve, error, sizeof error) < 0)
        fail_msg("%s", error);
    return serve;
}

static inline int site_open(void **state)
{
    struct site *site = calloc(1, sizeof *site);
    struct watch_settings settings = watch_settings_default();

    settings.networks = settings.subscribers = settings.connections = 1024;
    assert_int_equal(watch_new(&settings, &site->watch), 0);
    assert_int_equal(journal_new(1024, 1, settings.hash_key, &site->journal), 0);
    assert_int_equal(uv_loop_init(&site->loop), 0);
    site->ready = true;
    site->visitors = site_listen(site, "::", SERVE_VISITORS);
    site->operators = site_listen(site, "127.0.0.1", SERVE_OPERATORS);
    *state = site;
    return 0;
}

static inline int site_close(void **state)
{
    struct site *site = *state;

    serve_close(site->visitors);
    serve_close(site->operators);
    uv_run(&site->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&site->loop), 0);
    journal_free(site->journal);
    watch_free(site->watch);
    free(site);
    return 0;
}

/* A request while it is under way, and what came back. */
struct fetch {
    uv_work_t work;
    CURL *curl;
    struct curl_slist *headers;
    bool done;
    CURLcode result;
    long status;
    char type[64];
    char header[4096]; /* all of them */
    char body[65536];
    size_t header_length;
    size_t body_length;
};

static inline size_t append(char *to, size_t capacity, size_t *length, const char *from,
                            size_t more)
{
    if (*length + more >= capacity)
        return 0;
    memcpy(to + *length, from, more);
    *length += more;
    to[*length] = '\0';
    return more;
}

static inline size_t on_body(char *data, size_t size, size_t count, void *to)
{
    struct fetch *fetch = to;

    return append(fetch->body, sizeof fetch->body, &fetch->body_length, data, size * count);
}

static inline size_t on_header(char *data, size_t size, size_t count, void *to)
{
    struct fetch *fetch = to;

    return append(fetch->header, sizeof fetch->header, &fetch->header_length, data, size * count);
}

static inline void fetch_work(uv_work_t *work)
{
    struct fetch *fetch = work->data;
    const char *type = NULL;

    fetch->result = curl_easy_perform(fetch->curl);
    curl_easy_getinfo(fetch->curl, CURLINFO_RESPONSE_CODE, &fetch->status);
    curl_easy_getinfo(fetch->curl, CURLINFO_CONTENT_TYPE, &type);
    snprintf(fetch->type, sizeof fetch->type, "%s", type != NULL ? type : "");
}

static inline void fetch_done(uv_work_t *work, int status)
{
    struct fetch *fetch = work->data;

    (void)status;
    fetch->done = true;
}

static inline struct fetch *fetch_new(void)
{
    struct fetch *fetch = calloc(1, sizeof *fetch);

    assert_non_null(fetch);
    fetch->curl = curl_easy_init();
    assert_non_null(fetch->curl);
    return fetch;
}

static inline void fetch_free(struct fetch *fetch)
{
    curl_slist_free_all(fetch->headers);
    curl_easy_cleanup(fetch->curl);
    free(fetch);
}

static inline void fetch_header(struct fetch *fetch, const char *line)
{
    fetch->headers = curl_slist_append(fetch->headers, line);
}

/* Sets off a request; http://HOST:PORT is put before `path`. */
static inline void fetch_start(struct site *site, struct fetch *fetch, const char *host,
                               const struct serve *serve, const char *method, const char *path)
{
    char url[512];

    snprintf(url, sizeof url, "http://%s:%u%s", host, serve_port(serve), path);
    curl_easy_setopt(fetch->curl, CURLOPT_URL, url);
    curl_easy_setopt(fetch->curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(fetch->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(fetch->curl, CURLOPT_TIMEOUT, 20L);
    curl_easy_setopt(fetch->curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(fetch->curl, CURLOPT_NOBODY, strcmp(method, "HEAD") == 0 ? 1L : 0L);
    curl_easy_setopt(fetch->curl, CURLOPT_HTTPHEADER, fetch->headers);
    curl_easy_setopt(fetch->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(fetch->curl, CURLOPT_WRITEDATA, fetch);
    curl_easy_setopt(fetch->curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(fetch->curl, CURLOPT_HEADERDATA, fetch);
    fetch->work.data = fetch;
    fetch->done = false;
    fetch->body_length = fetch->header_length = 0;
    assert_int_equal(uv_queue_work(&site->loop, &fetch->work, fetch_work, fetch_done), 0);
}

static inline void fetch_finish(struct site *site, struct fetch *fetch)
{
    while (!fetch->done)
        uv_run(&site->loop, UV_RUN_ONCE);
}

static inline void fetch_run(struct site *site, struct fetch *fetch, const char *host,
                             const struct serve *serve, const char *path)
{
    fetch_start(site, fetch, host, serve, "GET", path);
    fetch_finish(site, fetch);
    assert_int_equal(fetch->result, CURLE_OK);
}

/* Turns the loop until `count` requests wait on the operators' listener. */
static inline void wait_for_waiting(struct site *site, uint64_t count)
{
    while (serve_counts(site->operators).waiting < count)
        uv_run(&site->loop, UV_RUN_ONCE);
}

#endif
