/*
 * What this machine can do; see machine.h.
 */
#include "cli/machine.h"

#include "edge/netdev.h"
#include "edge/xdp.h"

#include <stdio.h>
#include <string.h>

static const char *const ways[] = {
    [NETDEV_XDP_UNKNOWN] = "unknown",
    [NETDEV_XDP_GENERIC] = "generic",
    [NETDEV_XDP_NATIVE] = "native",
};

static void add_interface(const char *interface, enum netdev_xdp xdp, void *context)
{
    json_array_append_new(context, json_pack("{s:s, s:s}", "name", interface, "xdp", ways[xdp]));
}

static const char *way_of(const json_t *interfaces, const char *name)
{
    for (size_t i = 0; i < json_array_size(interfaces); i++) {
        const json_t *interface = json_array_get(interfaces, i);

        if (strcmp(json_string_value(json_object_get(interface, "name")), name) == 0)
            return json_string_value(json_object_get(interface, "xdp"));
    }
    return NULL;
}

/* What the program on an interface would come to. */
static const char *use_of(const json_t *interfaces, const char *name, enum xdp_mode mode)
{
    const char *way = way_of(interfaces, name);

    if (way == NULL)
        return "there is no such interface";
    if (mode == XDP_MODE_IS_GENERIC)
        return "generic, as the settings say";
    if (strcmp(way, "native") == 0)
        return "native, in the driver";
    if (strcmp(way, "unknown") == 0)
        return mode == XDP_MODE_IS_NATIVE ? "native, where the driver has it"
                                          : "native where the driver has it, else generic";
    return mode == XDP_MODE_IS_NATIVE ? "none: the driver has no native XDP"
                                      : "generic, behind the driver";
}

static void add_uses(json_t *uses, const char *what, const struct text_list *names,
                     const json_t *interfaces, enum xdp_mode mode)
{
    for (size_t i = 0; i < names->count; i++)
        json_array_append_new(uses, json_sprintf("%s: XDP on %s, %s", what, names->item[i],
                                                 use_of(interfaces, names->item[i], mode)));
}

static json_t *uses_json(const struct settings *s, const json_t *interfaces)
{
    json_t *uses = json_array();
    const enum xdp_mode mode = (enum xdp_mode)s->xdp_mode;

    if (s->datapath == DATAPATH_XDP)
        add_uses(uses, "tales", &s->xdp_interfaces, interfaces, mode);
    else
        json_array_append_new(uses, json_sprintf("tales: the TUN device %s", s->tun_name));
    if (s->watch_datapath == WATCH_XDP)
        add_uses(uses, "watch", &s->watch_interfaces, interfaces, mode);
    else
        json_array_append_new(uses, json_string("watch: captures by libpcap"));
    return uses;
}

json_t *machine_json(const struct settings *settings)
{
    json_t *interfaces = json_array();
    struct xdp_abilities abilities;

    xdp_look(&abilities);
    (void)netdev_each(add_interface, interfaces);
    return json_pack("{s:{s:b, s:b, s:b}, s:o, s:o}", "xdp", "built", abilities.built, "rights",
                     abilities.rights, "btf", abilities.btf, "uses",
                     uses_json(settings, interfaces), "interfaces", interfaces);
}

void machine_print(const json_t *machine)
{
    static const struct {
        const char *key;
        const char *yes;
        const char *no;
    } rows[] = {
        {"built", "this hoptell has it", "this hoptell was built without it"},
        {"rights", "programs may be loaded", "no rights to load programs: try as root"},
        {"btf", "the kernel tells its types (BTF)", "the kernel does not tell its types (BTF)"},
    };
    const json_t *xdp = json_object_get(machine, "xdp");
    const json_t *interfaces = json_object_get(machine, "interfaces");
    const json_t *uses = json_object_get(machine, "uses");

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        printf("%-13s%s\n", i == 0 ? "XDP" : "",
               json_is_true(json_object_get(xdp, rows[i].key)) ? rows[i].yes : rows[i].no);
    for (size_t i = 0; i < json_array_size(interfaces); i++) {
        const json_t *interface = json_array_get(interfaces, i);

        printf("%-13s%s: %s\n", "", json_string_value(json_object_get(interface, "name")),
               json_string_value(json_object_get(interface, "xdp")));
    }
    for (size_t i = 0; i < json_array_size(uses); i++)
        printf("%-13s%s\n", i == 0 ? "would use" : "", json_string_value(json_array_get(uses, i)));
}
