/*
 * Routes of tales; see routing.h.
 */
#include "cli/routing.h"

#include "base/units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The routes of a set of tales, one after another: targets and pools of each. */
struct walk {
    const struct tales *tales;
    size_t tale;
    size_t entry;
};

static const struct prefix *walk_next(struct walk *w)
{
    while (w->tales != NULL && w->tale < w->tales->count) {
        const struct tale *tale = w->tales->tale[w->tale];
        const size_t entry = w->entry++;

        if (entry < tale->target_count)
            return &tale->target[entry];
        if (entry < (size_t)tale->target_count + tale->pool_count)
            return &tale->pool[entry - tale->target_count];
        w->tale++;
        w->entry = 0;
    }
    return NULL;
}

static bool prefix_equal(const struct prefix *a, const struct prefix *b)
{
    return a->length == b->length && address_equal(&a->address, &b->address);
}

/* Whether the route is met before `end` (or anywhere, where end is NULL). */
static bool routes_have(const struct tales *tales, const struct prefix *route,
                        const struct prefix *end)
{
    struct walk w = {.tales = tales};
    const struct prefix *p;

    while ((p = walk_next(&w)) != NULL && p != end)
        if (prefix_equal(p, route))
            return true;
    return false;
}

/* Routes that two tales share are set once; routes that both sets share are left alone. */
static bool route_is_new(const struct tales *before, const struct tales *after,
                         const struct prefix *route)
{
    return !routes_have(before, route, NULL) && !routes_have(after, route, route);
}

static void routing_take_back(struct keeper *keeper, const struct tales *before,
                              const struct tales *after, const struct prefix *failed)
{
    struct walk w = {.tales = after};
    const struct prefix *p;

    while ((p = walk_next(&w)) != NULL && p != failed)
        if (route_is_new(before, after, p))
            keeper_route_delete(keeper, p);
}

static void routing_explain(const struct prefix *route, int code, char *error, size_t error_size)
{
    char text[PREFIX_TEXT_MAX];

    units_prefix(route, text);
    if (code == -EEXIST)
        snprintf(error, error_size,
                 "expected no other route to %s, found one: a tale cannot take it over", text);
    else if (code == -EPERM)
        snprintf(error, error_size,
                 "expected %s, which is new, to lie in a prefix of 'own', found it outside: it can "
                 "come with a restart only",
                 text);
    else
        snprintf(error, error_size, "cannot route %s to the device: %s", text, strerror(-code));
}

int routing_change(struct keeper *keeper, const struct tales *before, const struct tales *after,
                   char *error, size_t error_size)
{
    struct walk w = {.tales = after};
    const struct prefix *p;

    while ((p = walk_next(&w)) != NULL) {
        const int code = route_is_new(before, after, p) ? keeper_route_add(keeper, p) : 0;

        if (code != 0) {
            routing_take_back(keeper, before, after, p);
            routing_explain(p, code, error, error_size);
            return code;
        }
    }
    w = (struct walk){.tales = before};
    while ((p = walk_next(&w)) != NULL)
        if (route_is_new(after, before, p))
            keeper_route_delete(keeper, p);
    return 0;
}

int routing_allowed(const struct prefix_list *own, const struct tales *tales,
                    struct prefix_list *out)
{
    struct walk w = {.tales = tales};
    const struct prefix *p;
    size_t count = own->count;

    while (walk_next(&w) != NULL)
        count++;
    out->item = calloc(count + 1, sizeof out->item[0]);
    if (out->item == NULL)
        return -ENOMEM;
    for (out->count = 0; out->count < own->count; out->count++)
        out->item[out->count] = own->item[out->count];
    w = (struct walk){.tales = tales};
    while ((p = walk_next(&w)) != NULL)
        out->item[out->count++] = *p;
    return 0;
}
