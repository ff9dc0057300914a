/*
 * Reads labels, and finds them by bisection.
 */
#include "base/labels.h"

#include "base/text_lines.h"
#include "base/units.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_OCTETS_MAX = 128, FIRST_CAPACITY = 256 };

const struct label_kind label_verdicts = {
    .header = "address,port,label",
    .expected = "direct or tethered",
    .words = (const char *const[]){"direct", "tethered", NULL},
};

const struct label_kind label_stacks = {
    .header = "address,port,stack",
    .expected = "android, ios, macos, windows, linux or other",
    .words = (const char *const[]){"android", "ios", "macos", "windows", "linux", "other", NULL},
};

static int compare(const void *a, const void *b)
{
    const struct label *left = a;
    const struct label *right = b;
    const int order = memcmp(left->address.octets, right->address.octets, 16);

    return order != 0 ? order : (int)left->port - (int)right->port;
}

/* A slot for one more, or NULL. */
static struct label *grow(struct labels *labels, size_t *capacity)
{
    if (labels->count == *capacity) {
        const size_t wanted = *capacity ? *capacity * 2 : FIRST_CAPACITY;
        struct label *larger = realloc(labels->label, wanted * sizeof *larger);

        if (!larger)
            return NULL;
        labels->label = larger;
        *capacity = wanted;
    }
    return &labels->label[labels->count++];
}

static bool parse_port(const char *text, uint16_t *out)
{
    uint64_t value;

    if (text[0] < '0' || text[0] > '9' || !units_parse_count(text, &value) || value > UINT16_MAX)
        return false;
    *out = (uint16_t)value;
    return true;
}

static bool parse_word(const struct label_kind *kind, const char *text, unsigned *out)
{
    for (unsigned i = 0; kind->words[i]; i++)
        if (strcmp(kind->words[i], text) == 0) {
            *out = i;
            return true;
        }
    return false;
}

/* False with an error in the report. `line` is changed. */
static bool parse_line(char *line, uint32_t number, const struct label_kind *kind,
                       struct report *report, struct label *out)
{
    char *port = strchr(line, ',');
    char *label = port ? strchr(port + 1, ',') : NULL;

    *out = (struct label){0};
    if (!label) {
        report_error(report, number, 1, "expected %s, found '%s'", kind->header, line);
        return false;
    }
    *port++ = '\0';
    *label++ = '\0';
    if (!units_parse_address(line, &out->address))
        report_error(report, number, 1, "expected an address, found '%s'", line);
    else if (!parse_port(port, &out->port))
        report_error(report, number, (uint32_t)(port - line) + 1,
                     "expected a port from 0 to 65535, found '%s'", port);
    else if (!parse_word(kind, label, &out->word))
        report_error(report, number, (uint32_t)(label - line) + 1, "expected %s, found '%s'",
                     kind->expected, label);
    else
        return true;
    return false;
}

static bool check_header(const char *line, const struct label_kind *kind, struct report *report)
{
    if (strcmp(line, kind->header) == 0)
        return true;
    report_error(report, 1, 1, "expected the header '%s', found '%s'", kind->header, line);
    return false;
}

static void sort(struct labels *labels, struct report *report)
{
    if (labels->count == 0)
        return;
    qsort(labels->label, labels->count, sizeof *labels->label, compare);
    for (size_t i = 1; i < labels->count; i++) {
        char address[ADDRESS_TEXT_MAX];

        if (compare(&labels->label[i - 1], &labels->label[i]) == 0)
            report_error(report, 0, 0, "expected one label for %s port %u, found two",
                         units_address(&labels->label[i].address, address), labels->label[i].port);
    }
}

int labels_parse(const char *text, size_t length, const struct label_kind *kind,
                 struct report *report, struct labels *out)
{
    const unsigned errors = report->errors;
    struct text_lines lines = {.rest = text, .left = length};
    size_t capacity = 0;
    int rc = 0;

    *out = (struct labels){0};
    if (length == 0)
        (void)check_header("", kind, report);
    while (rc == 0 && text_lines_next(&lines)) {
        char line[LINE_OCTETS_MAX];
        struct label label;
        struct label *slot;

        if (!text_lines_string(&lines, report, line, sizeof line))
            continue;
        if (lines.number == 1) {
            if (!check_header(line, kind, report))
                break;
        } else if (line[0] != '\0' && parse_line(line, lines.number, kind, report, &label)) {
            slot = grow(out, &capacity);
            if (slot)
                *slot = label;
            else
                rc = -ENOMEM;
        }
    }
    sort(out, report);
    if (rc == 0 && report->errors != errors)
        rc = -EINVAL;
    if (rc < 0)
        labels_deinit(out);
    return rc;
}

void labels_deinit(struct labels *labels)
{
    free(labels->label);
    *labels = (struct labels){0};
}

static struct label *find(const struct labels *labels, const struct address *address, uint16_t port)
{
    const struct label key = {.address = *address, .port = port};

    return labels->count > 0
               ? bsearch(&key, labels->label, labels->count, sizeof *labels->label, compare)
               : NULL;
}

const struct label *labels_find(const struct labels *labels, const struct address *address,
                                uint16_t port)
{
    const struct label *found = find(labels, address, port);

    return found ? found : find(labels, address, 0);
}

const struct label *labels_take(struct labels *labels, const struct address *address, uint16_t port)
{
    struct label *found = find(labels, address, port);

    if (!found || found->is_taken)
        return NULL;
    found->is_taken = true;
    return found;
}
