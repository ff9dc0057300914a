/*
 * Metrics as text; see metric.h.
 */
#include "serve/metric.h"

#include <string.h>

static const char *const kind_names[] = {
    [METRIC_COUNTER] = "counter",
    [METRIC_GAUGE] = "gauge",
};

/* A label's value has backslashes, quotes and newlines escaped. */
static void put_label(struct buffer *buffer, const struct metric_label *label)
{
    buffer_format(buffer, "%s=\"", label->name);
    for (const char *value = label->value; *value != '\0'; value++) {
        if (*value == '\n')
            buffer_put(buffer, "\\n");
        else if (*value == '"' || *value == '\\')
            buffer_format(buffer, "\\%c", *value);
        else
            buffer_put_octets(buffer, value, 1);
    }
    buffer_put(buffer, "\"");
}

static void put_labels(struct buffer *buffer, const struct metric_label label[METRIC_LABELS_MAX])
{
    if (label[0].name == NULL)
        return;
    for (unsigned i = 0; i < METRIC_LABELS_MAX && label[i].name != NULL; i++) {
        buffer_put(buffer, i == 0 ? "{" : ",");
        put_label(buffer, &label[i]);
    }
    buffer_put(buffer, "}");
}

void metric_text(const struct metric *metric, void *to)
{
    struct metric_page *page = to;

    if (page->name == NULL || strcmp(page->name, metric->name) != 0)
        buffer_format(page->buffer, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help,
                      metric->name, kind_names[metric->kind]);
    page->name = metric->name;
    buffer_put(page->buffer, metric->name);
    put_labels(page->buffer, metric->label);
    buffer_format(page->buffer, " %.17g\n", metric->value);
}
