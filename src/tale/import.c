/*
 * Tales from other programs' files; see import.h.
 */
#include "tale/import.h"

#include "base/units.h"
#include "tale/hop.h"
#include "tale/pool.h"
#include "tale/steps.h"
#include "tale/write.h"

#include <string.h>

static const struct import_format formats[] = {
    {"scuttle", "a list of addresses, one a line", import_scuttle},
    {"paris-traceroute", "a fakeroute target: the arcs of a graph, one a line",
     import_paris_traceroute},
    {"trippy", "a simulation, TOML", import_trippy},
};

const struct import_format *import_format(size_t index)
{
    return index < sizeof formats / sizeof formats[0] ? &formats[index] : NULL;
}

void import_set_title(struct import *import, const char *text, size_t length)
{
    if (length >= sizeof import->title)
        length = sizeof import->title - 1;
    for (size_t i = 0; i < length; i++)
        import->title[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    import->title[length] = '\0';
}

static struct address stand_in(enum family family)
{
    static const uint8_t v4[4] = {203, 0, 113, 9};
    static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0x42, [15] = 0x09};

    return family == FAMILY_V4 ? address_v4(v4) : address_v6(v6);
}

static void set_target(struct import *import, const struct address *target)
{
    struct tale *tale = import->draft.tale;

    tale->target[0] = prefix_of(target, 128);
    tale->target_count = 1;
}

bool import_set_target(struct import *import, const struct address *target, uint32_t line)
{
    const struct address other = stand_in(address_family(target));
    char text[ADDRESS_TEXT_MAX];
    char other_text[ADDRESS_TEXT_MAX];

    if (!address_is_special(target)) {
        set_target(import, target);
        return true;
    }
    set_target(import, &other);
    report_warning(import->draft.report, line, 1,
                   "expected a target that packets come to from other machines, found %s: the "
                   "target is %s",
                   units_address(target, text), units_address(&other, other_text));
    return false;
}

void import_set_stand_in(struct import *import, enum family family, const char *why)
{
    const struct address other = stand_in(family);
    char text[ADDRESS_TEXT_MAX];

    set_target(import, &other);
    report_warning(import->draft.report, 0, 0, "%s: the target is %s", why,
                   units_address(&other, text));
}

/* Why no hop can have it; NULL where one can. */
static const char *objection(const struct import *import, const struct address *address)
{
    const struct address *target = &import->draft.tale->target[0].address;

    if (address_is_special(address))
        return "an address that packets come from";
    if (address_family(address) != address_family(target))
        return address_is_v4(target) ? "an IPv4 address, as the target has"
                                     : "an IPv6 address, as the target has";
    if (address_equal(address, target))
        return "an address that is not the target's";
    return NULL;
}

struct hop *import_add_hop(struct import *import, const struct address *address, uint32_t line)
{
    struct tale *tale = import->draft.tale;
    const unsigned before = tale->hop_count;
    const char *expected = address != NULL ? objection(import, address) : NULL;
    char text[ADDRESS_TEXT_MAX];
    struct hop *hop;

    if (expected != NULL) {
        report_warning(import->draft.report, line, 1, "expected %s, found %s: the hop is silent",
                       expected, units_address(address, text));
        address = NULL;
    }
    hop_add_plain(&import->draft, address != NULL ? "" : NULL, line);
    if (tale->hop_count == before)
        return NULL;
    hop = &tale->hop[before];
    if (address != NULL)
        hop->address[address_family(address)] = *address;
    return hop;
}

struct hop *import_add_step(struct import *import, const struct address *address, uint32_t line)
{
    const unsigned before = import->draft.tale->hop_count;
    struct hop *hop = import_add_hop(import, address, line);

    steps_add(&import->draft, before);
    return hop;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

bool import_next_line(struct import_lines *lines)
{
    static const char mark[] = "\xef\xbb\xbf"; /* the byte order mark of UTF-8 */
    const char *newline;
    size_t length;

    if (lines->number == 0 && lines->end - lines->at >= 3 && memcmp(lines->at, mark, 3) == 0)
        lines->at += 3;
    if (lines->at >= lines->end)
        return false;
    newline = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));
    length = (size_t)((newline != NULL ? newline : lines->end) - lines->at);
    while (length > 0 && is_blank(lines->at[length - 1]))
        length--;
    while (length > 0 && is_blank(lines->at[0])) {
        lines->at++;
        length--;
    }
    if (length >= sizeof lines->text)
        length = sizeof lines->text - 1;
    for (size_t i = 0; i < length; i++)
        lines->text[i] = lines->at[i] != '\0' ? lines->at[i] : '?';
    lines->text[length] = '\0';
    lines->at = newline != NULL ? newline + 1 : lines->end;
    lines->number++;
    return true;
}

bool import_tale(const struct import_format *format, const char *text, size_t length,
                 const char *file, struct report *report,
                 void (*put)(const char *text, void *context), void *context)
{
    struct import import = {.file = file};

    if (draft_init(&import.draft, report) != 0) {
        report_error(report, 0, 0, "not enough memory for the tale");
        return false;
    }
    draft_set_defaults(&import.draft, file);
    format->read(&import, text, length);
    if (report->errors == 0 && import.draft.tale->hop_count == 0)
        report_error(report, 0, 0, "expected a hop at least, found none");
    if (report->errors == 0)
        steps_check(&import.draft);
    if (report->errors == 0)
        pool_assign(&import.draft);
    if (report->errors == 0)
        write_tale(import.draft.tale, import.title, put, context);
    draft_deinit(&import.draft);
    return report->errors == 0;
}
