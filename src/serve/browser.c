/*
 * The browser's name for its system, and the headers of proxies; see browser.h.
 */
#include "serve/browser.h"

#include "watch/judge.h"

#include <string.h>

/* The first word that stands in it decides: Android's also says Linux, and an iPhone's Mac OS X. */
static const struct {
    const char *word;
    enum stack_family family;
} words[] = {
    {"Windows NT", STACK_WINDOWS}, {"Android", STACK_ANDROID}, {"iPhone", STACK_IOS},
    {"iPad", STACK_IOS},           {"Macintosh", STACK_MACOS}, {"Linux", STACK_LINUX},
    {"CrOS", STACK_LINUX},
};

/* RFC 7239; RFC 9110, 7.6.3; and what was usual before. */
static const char *const proxy_headers[] = {"Forwarded", "Via", "X-Forwarded-For"};

enum stack_family browser_family(const char *user_agent)
{
    for (size_t i = 0; user_agent != NULL && i < sizeof words / sizeof words[0]; i++)
        if (strstr(user_agent, words[i].word) != NULL)
            return words[i].family;
    return STACK_UNKNOWN;
}

static bool is_proxied(const struct request *request)
{
    for (size_t i = 0; i < sizeof proxy_headers / sizeof proxy_headers[0]; i++)
        if (request_header(request, proxy_headers[i])[0] != '\0')
            return true;
    return false;
}

void browser_hear(const struct request *request, struct judgement *judgement)
{
    judge_hear(watch_threshold(request->sources->watch),
               browser_family(request_header(request, "User-Agent")), is_proxied(request),
               judgement);
}
