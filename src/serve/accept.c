/*
 * Content negotiation; see accept.h.
 */
#include "serve/accept.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum { WEIGHT_ONE = 1000, RANGE_MAX = 64 };

struct range {
    char name[RANGE_MAX]; /* "text/html", "de-CH"; "" when it is longer than any of ours */
    int weight;           /* 0 to 1000 */
};

/* qvalue: "0", "0.7", "1.000" (RFC 9110, 12.4.2); anything else counts as 1. */
static int parse_weight(const char *text)
{
    int weight = 0;

    if (text[0] != '0')
        return WEIGHT_ONE;
    if (text[1] != '.')
        return 0;
    for (int i = 0, place = 100; i < 3; i++, place /= 10) {
        const char digit = text[2 + i];

        if (digit < '0' || digit > '9')
            break;
        weight += (digit - '0') * place;
    }
    return weight;
}

/* The "q" among the parameters of one element. */
static int range_weight(const char *at, const char *end)
{
    while (at < end) {
        at += strcspn(at, ";,");
        if (*at != ';')
            break;
        at += 1 + strspn(at + 1, " \t");
        if (strncasecmp(at, "q=", 2) == 0)
            return parse_weight(at + 2);
    }
    return WEIGHT_ONE;
}

/* Reads one element of the list and returns where it ends; NULL after the last. */
static const char *next_range(const char *at, struct range *out)
{
    const char *end;
    size_t length;

    at += strspn(at, ", \t");
    if (*at == '\0')
        return NULL;
    end = at + strcspn(at, ",");
    length = strcspn(at, ",; \t");
    if (length >= sizeof out->name)
        length = 0;
    memcpy(out->name, at, length);
    out->name[length] = '\0';
    out->weight = range_weight(at, end);
    return end;
}

/* The weight of "type/subtype": the most specific range that covers it decides. */
static int media_weight(const char *accept, const char *full, const char *type_range)
{
    struct range range;
    int best = 0;
    int best_rank = 0;

    while ((accept = next_range(accept, &range)) != NULL) {
        const int rank = strcasecmp(range.name, full) == 0         ? 3
                         : strcasecmp(range.name, type_range) == 0 ? 2
                         : strcmp(range.name, "*/*") == 0          ? 1
                                                                   : 0;

        if (rank > best_rank) {
            best_rank = rank;
            best = range.weight;
        }
    }
    return best;
}

static bool is_terminal_tool(const char *user_agent)
{
    static const char *const tools[] = {"curl/", "Wget/", "HTTPie/"};

    for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++)
        if (strncasecmp(user_agent, tools[i], strlen(tools[i])) == 0)
            return true;
    return false;
}

enum medium accept_medium(const char *accept, const char *user_agent)
{
    const int html = media_weight(accept, "text/html", "text/*");
    const int text = media_weight(accept, "text/plain", "text/*");

    if (html != text)
        return html > text ? MEDIUM_HTML : MEDIUM_TEXT;
    return is_terminal_tool(user_agent) ? MEDIUM_TEXT : MEDIUM_HTML;
}

/* Whether `tag` ("de-CH", "*") asks for the language `primary` ("de"). */
static bool language_covers(const char *tag, const char *primary)
{
    const size_t length = strlen(primary);

    return strcmp(tag, "*") == 0 ||
           (strncasecmp(tag, primary, length) == 0 && (tag[length] == '\0' || tag[length] == '-'));
}

size_t accept_language(const char *header, const char *const *offers, size_t count)
{
    struct range range;
    size_t best = 0;
    int best_weight = 0;

    while ((header = next_range(header, &range)) != NULL)
        for (size_t i = 0; i < count; i++)
            if (range.weight > best_weight && language_covers(range.name, offers[i])) {
                best = i;
                best_weight = range.weight;
            }
    return best;
}
