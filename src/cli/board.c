/*
 * The board; see board.h.
 */
#include "cli/board.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void board_deinit(struct board *board)
{
    json_decref(board->networks);
    json_decref(board->tales);
    json_decref(board->verdicts);
    json_decref(board->metrics);
    *board = (struct board){.heard = 0};
}

void board_copy(const struct board *board, struct board *out)
{
    *out = *board;
    json_incref(out->networks);
    json_incref(out->tales);
    json_incref(out->verdicts);
    json_incref(out->metrics);
}

static bool keep_list(json_t *answer, const char *name, json_t **to)
{
    json_t *list = json_object_get(answer, name);

    if (!json_is_array(list))
        return false;
    json_decref(*to);
    *to = json_incref(list);
    return true;
}

bool board_take_networks(struct board *board, json_t *answer)
{
    return keep_list(answer, "networks", &board->networks);
}

bool board_take_tales(struct board *board, json_t *answer)
{
    return keep_list(answer, "tales", &board->tales);
}

static void keep_verdict(struct board *board, const struct board_verdict *verdict)
{
    board->verdict[board->heard++ % BOARD_VERDICTS_MAX] = *verdict;
}

bool board_take_verdict(struct board *board, const json_t *judgement)
{
    struct board_verdict verdict = {.reason = ""};
    const char *address;
    const char *family;
    const char *word;
    const char *reason;
    int port;
    int numbers[3];

    if (json_unpack((json_t *)judgement, "{s:F, s:s, s:i, s:i, s:i, s:i, s:{s:s}, s:s, s:F}",
                    "time", &verdict.time, "address", &address, "port", &port, "hop_limit",
                    &numbers[0], "initial", &numbers[1], "hops", &numbers[2], "stack", "family",
                    &family, "verdict", &word, "probability", &verdict.probability) != 0)
        return false;
    snprintf(verdict.client, sizeof verdict.client,
             strchr(address, ':') != NULL ? "[%s]:%d" : "%s:%d", address, port);
    verdict.hop_limit = (unsigned)numbers[0];
    verdict.initial = (unsigned)numbers[1];
    verdict.hops = (unsigned)numbers[2];
    snprintf(verdict.family, sizeof verdict.family, "%s", family);
    snprintf(verdict.verdict, sizeof verdict.verdict, "%s", word);
    reason = json_string_value(
        json_object_get(json_array_get(json_object_get(judgement, "evidence"), 0), "text"));
    snprintf(verdict.reason, sizeof verdict.reason, "%s", reason != NULL ? reason : "");
    keep_verdict(board, &verdict);
    return true;
}

bool board_take_verdicts(struct board *board, json_t *answer)
{
    if (!keep_list(answer, "verdicts", &board->verdicts))
        return false;
    if (board->heard > 0)
        return true;
    for (size_t i = json_array_size(board->verdicts); i-- > 0;)
        if (!board_take_verdict(board, json_array_get(board->verdicts, i)))
            return false;
    return true;
}

const struct board_verdict *board_verdict_at(const struct board *board, uint64_t back)
{
    if (back >= board->heard || back >= BOARD_VERDICTS_MAX)
        return NULL;
    return &board->verdict[(board->heard - 1 - back) % BOARD_VERDICTS_MAX];
}

/* A metric's beginning, with or without labels, and the count that it is added to. */
static const struct count_row {
    const char *name;
    size_t member;
} count_rows[] = {
    {"hoptell_capture_packets_total", offsetof(struct board_counts, packets)},
    {"hoptell_capture_dropped_total", offsetof(struct board_counts, dropped)},
    {"hoptell_verdicts_total{verdict=\"direct\"}", offsetof(struct board_counts, direct)},
    {"hoptell_verdicts_total{verdict=\"tethered\"}", offsetof(struct board_counts, tethered)},
    {"hoptell_verdicts_total{verdict=\"unknown\"}", offsetof(struct board_counts, unknown)},
    {"hoptell_xdp_ring_lost_total", offsetof(struct board_counts, ring_lost)},
    {"hoptell_xdp_handed_lost_total", offsetof(struct board_counts, ring_lost)},
    {"hoptell_probes_total", offsetof(struct board_counts, probes)},
    {"hoptell_dns_queries_total", offsetof(struct board_counts, names)},
    {"hoptell_store_queued", offsetof(struct board_counts, queued)},
    {"hoptell_store_spooled", offsetof(struct board_counts, spooled)},
    {"hoptell_store_lost_total", offsetof(struct board_counts, lost)},
    {"hoptell_http_connections", offsetof(struct board_counts, connections)},
    {"hoptell_http_followers", offsetof(struct board_counts, followers)},
};

static double *count_of(struct board_counts *counts, size_t member)
{
    return (double *)(void *)((char *)counts + member);
}

static void add_count(struct board_counts *counts, const char *metric, double value)
{
    for (size_t i = 0; i < sizeof count_rows / sizeof count_rows[0]; i++) {
        const size_t length = strlen(count_rows[i].name);

        if (strncmp(metric, count_rows[i].name, length) == 0 &&
            (metric[length] == '\0' || metric[length] == '{'))
            *count_of(counts, count_rows[i].member) += value;
    }
}

bool board_take_metrics(struct board *board, const char *text, double at)
{
    json_t *metrics = json_object();

    board->before = board->counts;
    board->counts = (struct board_counts){.at = at};
    for (const char *line = text; *line != '\0';) {
        const size_t length = strcspn(line, "\n");
        const char *space = memrchr(line, ' ', length);
        char name[BOARD_TEXT_MAX];

        if (*line != '#' && space != NULL) {
            const double value = strtod(space + 1, NULL);

            snprintf(name, sizeof name, "%.*s", (int)(space - line), line);
            add_count(&board->counts, name, value);
            json_object_set_new(metrics, name, json_real(value));
        }
        line += length + (line[length] == '\n');
    }
    json_decref(board->metrics);
    board->metrics = metrics;
    return json_object_size(metrics) > 0;
}

double board_rate(const struct board *board, size_t member)
{
    struct board_counts counts[2] = {board->before, board->counts};
    const double seconds = counts[1].at - counts[0].at;
    const double more = *count_of(&counts[1], member) - *count_of(&counts[0], member);

    return counts[0].at > 0 && seconds > 0 && more > 0 ? more / seconds : 0;
}

static json_t *list_or_empty(json_t *list)
{
    return list != NULL ? json_incref(list) : json_array();
}

json_t *board_json(const struct board *board, double now)
{
    return json_pack("{s:f, s:b, s:s?, s:o, s:o, s:o, s:O?}", "time", now, "ready",
                     board->unready[0] == '\0', "reason",
                     board->unready[0] != '\0' ? board->unready : NULL, "networks",
                     list_or_empty(board->networks), "verdicts", list_or_empty(board->verdicts),
                     "tales", list_or_empty(board->tales), "metrics", board->metrics);
}
