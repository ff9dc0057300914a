/*
 * Server-sent events; see event.h.
 */
#include "base/event.h"

#include <stdio.h>
#include <string.h>

/* The value of a line that begins with `name` and a colon; NULL for another line. */
static const char *value_of(const char *line, const char *name)
{
    const size_t length = strlen(name);

    if (strncmp(line, name, length) != 0 || line[length] != ':')
        return NULL;
    return line + length + 1 + (line[length + 1] == ' ');
}

static void take_line(struct event_reader *reader, void (*each)(const char *data, void *context),
                      void *context)
{
    const char *data = value_of(reader->line, "data");
    const char *id = value_of(reader->line, "id");

    if (data != NULL)
        memcpy(reader->data, data, strlen(data) + 1);
    else if (id != NULL)
        snprintf(reader->id, sizeof reader->id, "%.*s", EVENT_ID_MAX - 1, id);
    else if (reader->line[0] == '\0' && reader->data[0] != '\0') {
        each(reader->data, context);
        reader->data[0] = '\0';
    }
}

void event_read(struct event_reader *reader, const char *octets, size_t count,
                void (*each)(const char *data, void *context), void *context)
{
    for (size_t i = 0; i < count; i++) {
        if (octets[i] == '\n') {
            if (reader->length < EVENT_LINE_MAX) {
                reader->line[reader->length] = '\0';
                take_line(reader, each, context);
            }
            reader->length = 0;
        } else if (reader->length < EVENT_LINE_MAX - 1 && octets[i] != '\0') {
            if (octets[i] != '\r')
                reader->line[reader->length++] = octets[i];
        } else {
            reader->length = EVENT_LINE_MAX;
        }
    }
}
