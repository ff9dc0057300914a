/*
 * A judgement as people read it; see text.h.
 */
#include "cli/text.h"

#include "cli/colour.h"
#include "serve/json.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* RFC 3986, 3.2.2: an IPv6 address stands in brackets before a port. */
static void write_endpoint(const char *address, unsigned port, char *out, size_t size)
{
    snprintf(out, size, strchr(address, ':') != NULL ? "[%s]:%u" : "%s:%u", address, port);
}

void text_from_judgement(const struct judgement *judgement, struct text *out)
{
    const struct observation *seen = &judgement->observation;
    char address[ADDRESS_TEXT_MAX];

    out->time_us = seen->time_ns / 1000;
    write_endpoint(units_address(&seen->client, address), seen->client_port, out->client,
                   sizeof out->client);
    write_endpoint(units_address(&seen->server, address), seen->server_port, out->server,
                   sizeof out->server);
    subscriber_tunnel_name(seen, out->tunnel);
    out->hop_limit = seen->hop_limit;
    out->initial = judgement->initial;
    out->hops = judgement->hops;
    snprintf(out->family, sizeof out->family, "%s", stack_family_name(judgement->stack.family));
    out->family_probability = stack_probability(&judgement->stack);
    snprintf(out->verdict, sizeof out->verdict, "%s", verdict_name(judgement->verdict));
    out->probability = judgement->probability;
    out->rewritten = judgement->rewritten;
    out->evidence_count = judgement->evidence_count;
    for (unsigned i = 0; i < judgement->evidence_count; i++) {
        out->evidence[i].weight = (double)judgement->evidence[i].weight;
        evidence_text(&judgement->evidence[i], out->evidence[i].text, EVIDENCE_TEXT_MAX);
    }
}

static bool evidence_from_json(json_t *list, struct text *out)
{
    const size_t count = json_array_size(list);

    out->evidence_count = 0;
    for (size_t i = 0; i < count && i < EVIDENCE_MAX; i++) {
        struct text_evidence *evidence = &out->evidence[out->evidence_count++];
        const char *text;

        if (json_unpack(json_array_get(list, i), "{s:F, s:s}", "weight", &evidence->weight, "text",
                        &text) != 0)
            return false;
        snprintf(evidence->text, sizeof evidence->text, "%s", text);
    }
    return true;
}

bool text_from_json(const json_t *object, struct text *out)
{
    const char *tunnel = "";
    const char *client;
    const char *server;
    const char *family;
    const char *verdict;
    json_t *evidence;
    double time;
    int rewritten;
    int client_port;
    int server_port;
    int limits[3];

    if (json_unpack((json_t *)object,
                    "{s:F, s:s, s:i, s:{s:s, s:i}, s:i, s:i, s:i, s:{s:s, s:F}, s:s, s:F, s:b,"
                    " s:o, s?s}",
                    "time", &time, "address", &client, "port", &client_port, "server", "address",
                    &server, "port", &server_port, "hop_limit", &limits[0], "initial", &limits[1],
                    "hops", &limits[2], "stack", "family", &family, "probability",
                    &out->family_probability, "verdict", &verdict, "probability", &out->probability,
                    "rewritten", &rewritten, "evidence", &evidence, "subscriber", &tunnel) != 0 ||
        !json_is_array(evidence) || !(time >= 0 && time < 1e12))
        return false;
    out->time_us = (uint64_t)(time * 1e6 + 0.5);
    write_endpoint(client, (unsigned)client_port, out->client, sizeof out->client);
    write_endpoint(server, (unsigned)server_port, out->server, sizeof out->server);
    snprintf(out->tunnel, sizeof out->tunnel, "%s", tunnel);
    out->hop_limit = (unsigned)limits[0];
    out->initial = (unsigned)limits[1];
    out->hops = (unsigned)limits[2];
    out->rewritten = rewritten != 0;
    snprintf(out->family, sizeof out->family, "%s", family);
    snprintf(out->verdict, sizeof out->verdict, "%s", verdict);
    return evidence_from_json(evidence, out);
}

static void time_words(uint64_t time_us, char *out, size_t size)
{
    const time_t seconds = (time_t)(time_us / 1000000);
    struct tm parts;
    char day[32];

    gmtime_r(&seconds, &parts);
    strftime(day, sizeof day, "%F %T", &parts);
    snprintf(out, size, "%s.%06u", day, (unsigned)(time_us % 1000000));
}

/* How sure the verdict is; an unknown says how likely it is to be tethered. */
static double sureness(const struct text *text)
{
    return strcmp(text->verdict, "direct") == 0 ? 1 - text->probability : text->probability;
}

size_t text_lines(const struct text *text, bool colour, char out[TEXT_MAX])
{
    char time[48];
    size_t length;

    time_words(text->time_us, time, sizeof time);
    length = (size_t)snprintf(
        out, TEXT_MAX,
        "%s  %-21s -> %-21s  %3u = %3u - %-2u  %-7s %5.1f %%  %s%-8s%s %5.1f %%%s%s\n", time,
        text->client, text->server, text->hop_limit, text->initial, text->hops, text->family,
        text->family_probability * 100,
        colour ? colour_escape(colour_of_verdict(text->verdict)) : "", text->verdict,
        colour ? colour_escape(COLOUR_PLAIN) : "", sureness(text) * 100,
        strcmp(text->verdict, "unknown") == 0 ? " tethered" : "",
        text->rewritten ? ", rewritten" : "");
    if (text->tunnel[0] != '\0')
        length +=
            (size_t)snprintf(out + length, TEXT_MAX - length, "%28s in %s\n", "", text->tunnel);
    for (unsigned i = 0; i < text->evidence_count; i++)
        length += (size_t)snprintf(out + length, TEXT_MAX - length, "%28s %+6.2f  %s\n", "",
                                   text->evidence[i].weight, text->evidence[i].text);
    return length;
}

void text_print(const struct text *text)
{
    char lines[TEXT_MAX];
    const size_t length = text_lines(text, colour_wanted(STDOUT_FILENO), lines);

    fwrite(lines, 1, length, stdout);
}
