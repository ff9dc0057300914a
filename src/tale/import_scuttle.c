/*
 * scuttle6's file: an address a line, which are the hops in their order. Its target is whatever
 * address the machine has, and the hops' names are in the DNS of whoever owns them. Empty lines and
 * remarks behind '#' are ours.
 */
#include "base/units.h"
#include "tale/import.h"

static bool read_address(struct import *import, const struct import_lines *lines,
                         struct address *out)
{
    if (units_parse_address(lines->text, out))
        return true;
    report_warning(import->draft.report, lines->number, 1,
                   "expected an address, found '%.60s': left out", lines->text);
    return false;
}

void import_scuttle(struct import *import, const char *text, size_t length)
{
    struct import_lines lines = {.at = text, .end = text + length};
    struct address address;

    while (!import->draft.is_full && import_next_line(&lines)) {
        if (lines.text[0] == '\0' || lines.text[0] == '#')
            continue;
        if (!read_address(import, &lines, &address))
            continue;
        if (import->draft.tale->target_count == 0)
            import_set_stand_in(import, address_family(&address),
                                "the list does not say the target");
        import_add_step(import, &address, lines.number);
    }
    if (import->draft.tale->hop_count > 0)
        report_warning(import->draft.report, 0, 0,
                       "the names of these hops are in the DNS, not in the list: hops without "
                       "`say` have none");
}
