/*
 * The way as a picture; see way.h.
 *
 *      this device                       One slot is a column. The stair begins at the sender's
 *        64                              slot, and each router's slot is one step lower than the
 *        [] -- o                         one before. A hotspot takes the slot after the sender:
 *              '-- o          here       where there is none, a dashed ring keeps it free, and a
 *                  '-- o       61        dashed stair shows where the packet would have arrived.
 *                      '------ []
 */
#include "serve/way.h"

#include <stdio.h>

struct shape {
    const char *name; /* class and prefix of ids */
    double width;
    double margin; /* left and right of the stair */
    double height; /* of the stair at most */
};

static const struct shape shapes[] = {
    [WAY_WIDE] = {"wide", 720, 11, 190},
    [WAY_NARROW] = {"narrow", 340, 11, 150},
};

enum {
    TOP = 62,              /* room for two lines of text above the sender */
    STEP_MAX = 16,         /* a step down */
    BELOW = 44,            /* room for the label below the stair */
    NUMBERED_SPACING = 19, /* columns at least this wide, with steps this high, show numbers */
    NUMBERED_STEP = 12,
    DOTTED_SPACING = 5, /* and these for a dot */
};

struct drawing {
    struct buffer *buffer;
    const struct judgement *judgement;
    enum language language;
    const struct shape *shape;
    bool shared;    /* the first hop is the device that shares, and no slot is kept free */
    unsigned slots; /* between the sender and here */
    double spacing;
    double step;
};

static double slot_x(const struct drawing *d, unsigned slot)
{
    return d->shape->margin + d->spacing * slot;
}

/* The height of the packet after so many hops. */
static double level_y(const struct drawing *d, unsigned hops)
{
    return TOP + d->step * hops;
}

/* The slot of the first hop: the one after it that is kept free, if any. */
static unsigned first_slot(const struct drawing *d)
{
    return d->shared ? 1 : 2;
}

/* A stair that comes down one at `from` and at every slot up to here, from `level` on. */
static void put_stair(const struct drawing *d, const char *class, unsigned start, unsigned from,
                      unsigned level)
{
    buffer_format(d->buffer, "<path class=\"%s\" d=\"M%.1f %.1f", class, slot_x(d, start),
                  level_y(d, level));
    for (unsigned slot = from; slot <= d->slots; slot++)
        buffer_format(d->buffer, "H%.1fV%.1f", slot_x(d, slot), level_y(d, ++level));
    buffer_format(d->buffer, "H%.1f\"/>", slot_x(d, d->slots + 1));
}

static void put_label(const struct drawing *d, const char *class, double x, double y,
                      const char *text_name)
{
    buffer_format(d->buffer, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
    texts_put_html(d->buffer, text_name, d->language, NULL, 0);
    buffer_put(d->buffer, "</text>");
}

static void put_number(const struct drawing *d, const char *class, double x, double y,
                       unsigned number)
{
    buffer_format(d->buffer, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">%u</text>", class, x, y,
                  number);
}

/* The sender's text begins where the picture does, and ours ends there. */
static void put_end(const struct drawing *d, unsigned slot, unsigned hops, const char *label)
{
    const bool sender = slot == 0;
    const double x = slot_x(d, slot);
    const double y = level_y(d, hops);
    const double edge = sender ? x - 9 : x + 9;

    buffer_format(d->buffer,
                  "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"16\" height=\"22\" rx=\"4\"/>",
                  sender ? "end" : "end here", x - 8, y - 11);
    put_number(d, sender ? "number from" : "number to", edge, y - 20, d->judgement->initial - hops);
    put_label(d, sender ? "from" : "to", edge, y - 42, label);
}

static void put_routers(const struct drawing *d)
{
    const double radius = d->spacing * 0.2 < 4.5 ? d->spacing * 0.2 : 4.5;

    if (d->spacing < DOTTED_SPACING)
        return;
    for (unsigned hop = 1; hop <= d->judgement->hops; hop++) {
        const double x = slot_x(d, first_slot(d) + hop - 1);
        const double y = level_y(d, hop);

        buffer_format(d->buffer, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>",
                      d->shared && hop == 1 ? "router extra" : "router", x, y,
                      d->shared && hop == 1 ? radius + 3 : radius);
        if (d->spacing >= NUMBERED_SPACING && d->step >= NUMBERED_STEP)
            put_number(d, "step", x + d->spacing / 2, y - 4, d->judgement->initial - hop);
    }
}

/* Where the extra hop sits, with a line down to its label below everything. */
static void put_extra(const struct drawing *d)
{
    const double x = slot_x(d, 1);
    const double y = level_y(d, d->shared ? 1 : 0);
    const double bottom = level_y(d, d->judgement->hops + 1) + 16;
    const double radius = d->spacing * 0.45 < 7 ? d->spacing * 0.45 : 7;

    buffer_format(d->buffer, "<path class=\"leader\" d=\"M%.1f %.1fV%.1f\"/>", x, y + 9, bottom);
    if (!d->shared)
        buffer_format(d->buffer, "<circle class=\"ghost\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>", x,
                      y, radius);
    put_label(d, d->shared ? "extra-label" : "ghost-label", x, bottom + 17,
              d->shared ? "way.shared.label" : "way.extra.label");
}

void way_title(struct buffer *buffer, const struct judgement *judgement, enum language language)
{
    char initial[4];
    char arrived[4];
    char hops[4];
    const char *const values[] = {initial, arrived, hops};

    snprintf(initial, sizeof initial, "%u", judgement->initial);
    snprintf(arrived, sizeof arrived, "%u", judgement->observation.hop_limit);
    snprintf(hops, sizeof hops, "%u", judgement->hops);
    texts_put_html(buffer, judgement->hops > 0 ? "way.title" : "way.title.none", language, values,
                   sizeof values / sizeof values[0]);
}

static void put_head(const struct drawing *d)
{
    buffer_format(d->buffer,
                  "<svg class=\"way %s\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
                  "aria-labelledby=\"way-%s\"><title id=\"way-%s\">",
                  d->shape->name, d->shape->width, level_y(d, d->judgement->hops + 1) + BELOW,
                  d->shape->name, d->shape->name);
    way_title(d->buffer, d->judgement, d->language);
    buffer_put(d->buffer, "</title>");
}

void way_draw(struct buffer *buffer, const struct judgement *judgement, enum language language,
              enum way_shape shape)
{
    struct drawing d = {
        .buffer = buffer,
        .judgement = judgement,
        .language = language,
        .shape = &shapes[shape],
        .shared = judgement->verdict == VERDICT_TETHERED && judgement->hops > 0,
    };
    const unsigned hops = judgement->hops;

    d.slots = first_slot(&d) + hops - 1;
    d.spacing = (d.shape->width - 2 * d.shape->margin) / (d.slots + 1);
    d.step = d.shape->height / (hops + 1) < STEP_MAX ? d.shape->height / (hops + 1) : STEP_MAX;
    put_head(&d);
    if (d.shared)
        put_stair(&d, "other", 1, 2, 0); /* had it come without the extra hop */
    else
        put_stair(&d, "other", 1, 2, 1); /* had it come with one */
    put_stair(&d, "line", 0, first_slot(&d), 0);
    put_routers(&d);
    put_extra(&d);
    put_end(&d, 0, 0, "way.device");
    put_end(&d, d.slots + 1, hops, "way.here");
    buffer_put(buffer, "</svg>");
}
