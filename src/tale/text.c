/*
 * A plain text file as a tale; see text.h.
 */
#include "tale/text.h"

#include "tale/hop.h"
#include "tale/steps.h"

#include <string.h>

static const struct prefix target[] = {
    {{{[10] = 0xff, 0xff, 203, 0, 113, 9}}, 128},
    {{{0x20, 0x01, 0x0d, 0xb8, 0x00, 0x42, [15] = 0x09}}, 128},
};

static const struct prefix pool[] = {
    {{{[10] = 0xff, 0xff, 198, 51, 100, 0}}, 96 + 24},
    {{{[10] = 0xff, 0xff, 192, 0, 2, 0}}, 96 + 24},
    {{{0x20, 0x01, 0x0d, 0xb8, 0x00, 0x43}}, 64},
};

static void set_prefixes(struct draft *draft)
{
    struct tale *tale = draft->tale;

    memcpy(tale->target, target, sizeof target);
    tale->target_count = sizeof target / sizeof target[0];
    memcpy(tale->pool, pool, sizeof pool);
    tale->pool_count = sizeof pool / sizeof pool[0];
    report_warning(draft->report, 0, 0,
                   "plain text has no addresses of its own: the targets are 203.0.113.9 and "
                   "2001:db8:42::9, and hops come from 198.51.100.0/24, 192.0.2.0/24 and "
                   "2001:db8:43::/64");
}

/* A copy of the line without the blanks around it, cut at TALE_TEXT_MAX + 1. */
static void trim(const char *line, size_t length, char out[TALE_TEXT_MAX + 2])
{
    while (length > 0 && strchr(" \t\r", line[length - 1]) != NULL)
        length--;
    while (length > 0 && strchr(" \t\r", line[0]) != NULL) {
        line++;
        length--;
    }
    if (length > TALE_TEXT_MAX + 1)
        length = TALE_TEXT_MAX + 1;
    memcpy(out, line, length);
    out[length] = '\0';
}

static void read_line(struct draft *draft, const char *line, size_t length, uint32_t number)
{
    char text[TALE_TEXT_MAX + 2];

    if (memchr(line, '\0', length) != NULL) {
        report_error(draft->report, number, 1, "expected text, found an octet 0");
        return;
    }
    trim(line, length, text);
    if (text[0] == '\0' || text[0] == '#')
        return;
    hop_add_plain(draft, text[strspn(text, "* \t")] == '\0' ? NULL : text, number);
}

void text_read(struct draft *draft, const char *text, size_t length)
{
    static const char mark[] = "\xef\xbb\xbf"; /* the byte order mark of UTF-8 */
    const char *const end = text + length;
    uint32_t number = 1;

    if (length >= 3 && memcmp(text, mark, 3) == 0)
        text += 3;
    set_prefixes(draft);
    for (; text < end && !draft->is_full; number++) {
        const char *const newline = memchr(text, '\n', (size_t)(end - text));
        const char *const next = newline != NULL ? newline : end;

        read_line(draft, text, (size_t)(next - text), number);
        text = next + (newline != NULL ? 1 : 0);
    }
    if (draft->tale->hop_count == 0)
        report_error(draft->report, 0, 0, "expected a line for each hop, found none");
    steps_add(draft, 0);
}
