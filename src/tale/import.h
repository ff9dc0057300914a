/*
 * Tales from what other programs simulate paths with: text in, a tale's YAML out. What a format says
 * and a tale cannot is a warning with its line; nothing is dropped in silence.
 */
#ifndef HOPTELL_TALE_IMPORT_H
#define HOPTELL_TALE_IMPORT_H

#include "tale/draft.h"

struct import;

struct import_format {
    const char *name;
    const char *summary;
    /* Reads `length` octets into the draft; see the functions below. */
    void (*read)(struct import *import, const char *text, size_t length);
};

/* The formats, by index; NULL past the last. */
const struct import_format *import_format(size_t index);

/*
 * Reads `length` octets of `text` in `format`, `file` being its name, and writes by `put`, piece by
 * piece, a tale that tale_compile accepts. False, with an error in the report and nothing written,
 * when nothing can be made of it.
 */
bool import_tale(const struct import_format *format, const char *text, size_t length,
                 const char *file, struct report *report,
                 void (*put)(const char *text, void *context), void *context);

/* For the readers: a tale while it is being imported. */

enum { IMPORT_TITLE_MAX = 120 };

struct import {
    struct draft draft;
    const char *file;
    char title[IMPORT_TITLE_MAX]; /* a remark at the head of the tale; "" for none */
};

/* What the file says of itself, as a title. Octets that are no printable ASCII become '?'. */
void import_set_title(struct import *import, const char *text, size_t length);

/*
 * The target; before any hop. False, with a warning at `line`, where it cannot be one: then an
 * address of the documentation prefixes stands in, of the same family.
 */
bool import_set_target(struct import *import, const struct address *target, uint32_t line);

/* The same stand-in where a format does not say the target; the warning says why. */
void import_set_stand_in(struct import *import, enum family family, const char *why);

/*
 * A hop, without a step: for steps_add or a branch. NULL as address is a silent one. An address that
 * no hop can have (special, of the other family, the target) gives a silent hop and a warning. NULL
 * after an error.
 */
struct hop *import_add_hop(struct import *import, const struct address *address, uint32_t line);

/* A hop that is a step of its own. */
struct hop *import_add_step(struct import *import, const struct address *address, uint32_t line);

/* The lines of a text, without the blanks around them; cut where too long. Set `at` and `end`. */
struct import_lines {
    const char *at;
    const char *end;
    uint32_t number; /* of the line in `text`, from 1 */
    char text[256];
};

bool import_next_line(struct import_lines *lines);

/* import_FORMAT.c each. */
void import_scuttle(struct import *import, const char *text, size_t length);
void import_paris_traceroute(struct import *import, const char *text, size_t length);
void import_trippy(struct import *import, const char *text, size_t length);

#endif
