/*
 * The extension structure of ICMP errors (RFC 4884, 7): MPLS label stack (RFC 4950) and interface
 * information (RFC 5837).
 *
 *      [ version 2 | reserved | checksum ]  [ length | class | C-Type | body ]  [ ... ]
 *        4 octets                             one object                          the next
 */
#ifndef HOPTELL_WIRE_EXTENSION_H
#define HOPTELL_WIRE_EXTENSION_H

#include "wire/checksum.h"

enum {
    EXTENSION_HEADER = 4,
    EXTENSION_OBJECT_HEADER = 4,
    EXTENSION_VERSION = 2,
    EXTENSION_CLASS_MPLS = 1,      /* RFC 4950, 3 */
    EXTENSION_CLASS_INTERFACE = 2, /* RFC 5837, 4 */
    EXTENSION_MPLS_INCOMING = 1,
    EXTENSION_NAME_MAX = 63, /* octets of an interface's name (RFC 5837, 4.3) */
};

struct mpls_label { /* RFC 3032, 2.1 */
    uint32_t label; /* 20 bits */
    uint8_t tc;     /* 3 bits (RFC 5462) */
    uint8_t ttl;
};

enum interface_role { /* RFC 5837, 4.1 */
                      ROLE_INCOMING = 0,
                      ROLE_INCOMING_SUB_IP = 1,
                      ROLE_OUTGOING = 2,
                      ROLE_NEXT_HOP = 3,
};

enum {
    INTERFACE_HAS_INDEX = 1u << 0,
    INTERFACE_HAS_ADDRESS = 1u << 1, /* the sender's own address is sent where none is written */
    INTERFACE_HAS_NAME = 1u << 2,
    INTERFACE_HAS_MTU = 1u << 3,
};

struct interface_info {
    uint32_t flags; /* INTERFACE_HAS_... */
    enum interface_role role;
    uint32_t index;
    uint32_t mtu;
    struct address address;
    char name[EXTENSION_NAME_MAX + 1]; /* UTF-8 */
};

/* What one error carries; pointers into the caller's memory. */
struct extension {
    const struct mpls_label *label;
    const struct interface_info *interface;
    uint8_t label_count;
    uint8_t interface_count;
};

static inline bool extension_is_empty(const struct extension *e)
{
    return e->label_count == 0 && e->interface_count == 0;
}

static inline uint8_t *extension_object(uint8_t *out, size_t length, uint8_t class, uint8_t c_type)
{
    store_u16(out, (uint16_t)length);
    out[2] = class;
    out[3] = c_type;
    return out + EXTENSION_OBJECT_HEADER;
}

/* Each writer of an object returns where it ends; where it does not fit into `room`, `out` itself. */
static inline uint8_t *extension_write_mpls(const struct extension *e, uint8_t *out, size_t room)
{
    const size_t length = EXTENSION_OBJECT_HEADER + (size_t)e->label_count * 4;
    uint8_t *at;

    if (length > room)
        return out;
    at = extension_object(out, length, EXTENSION_CLASS_MPLS, EXTENSION_MPLS_INCOMING);
    for (unsigned i = 0; i < e->label_count; i++, at += 4) {
        const struct mpls_label *l = &e->label[i];
        const uint32_t bottom = i + 1 == e->label_count ? 1 : 0;

        store_u32(at, l->label << 12 | (l->tc & 7u) << 9 | bottom << 8 | l->ttl);
    }
    return at;
}

static inline size_t extension_name_length(const struct interface_info *info)
{
    size_t length = 0;

    while (length < EXTENSION_NAME_MAX && info->name[length] != '\0')
        length++;
    return length;
}

/* A name's sub-object: its own length, the name, zeros up to a multiple of four. */
static inline size_t extension_name_room(const struct interface_info *info)
{
    return (1 + extension_name_length(info) + 3) / 4 * 4;
}

static inline uint8_t *extension_write_name(const struct interface_info *info, uint8_t *out)
{
    const size_t length = extension_name_length(info);
    const size_t room = extension_name_room(info);

    out[0] = (uint8_t)room;
    for (size_t i = 1; i < room; i++)
        out[i] = i <= length ? (uint8_t)info->name[i - 1] : 0;
    return out + room;
}

static inline uint8_t *extension_write_address(const struct address *address, uint8_t *out)
{
    const unsigned length = address_wire_length(address);

    store_u16(out, length == 4 ? 1 : 2); /* IANA: Address Family Numbers */
    store_u16(out + 2, 0);
    for (unsigned i = 0; i < length; i++)
        out[4 + i] = address_wire(address)[i];
    return out + 4 + length;
}

static inline uint8_t extension_interface_type(const struct interface_info *info)
{
    return (uint8_t)((unsigned)info->role << 6 | (info->flags & INTERFACE_HAS_INDEX ? 8 : 0) |
                     (info->flags & INTERFACE_HAS_ADDRESS ? 4 : 0) |
                     (info->flags & INTERFACE_HAS_NAME ? 2 : 0) |
                     (info->flags & INTERFACE_HAS_MTU ? 1 : 0));
}

/* The order of the parts is fixed: index, address, name, MTU (RFC 5837, 4.1). */
static inline uint8_t *extension_write_interface(const struct interface_info *info,
                                                 const struct address *own, uint8_t *out,
                                                 size_t room)
{
    const struct address *address = address_is_unspecified(&info->address) ? own : &info->address;
    size_t length = EXTENSION_OBJECT_HEADER;
    uint8_t *at;

    length += info->flags & INTERFACE_HAS_INDEX ? 4 : 0;
    length += info->flags & INTERFACE_HAS_ADDRESS ? 4 + address_wire_length(address) : 0;
    length += info->flags & INTERFACE_HAS_NAME ? extension_name_room(info) : 0;
    length += info->flags & INTERFACE_HAS_MTU ? 4 : 0;
    if (length > room)
        return out;
    at = extension_object(out, length, EXTENSION_CLASS_INTERFACE, extension_interface_type(info));
    if (info->flags & INTERFACE_HAS_INDEX) {
        store_u32(at, info->index);
        at += 4;
    }
    if (info->flags & INTERFACE_HAS_ADDRESS)
        at = extension_write_address(address, at);
    if (info->flags & INTERFACE_HAS_NAME)
        at = extension_write_name(info, at);
    if (info->flags & INTERFACE_HAS_MTU) {
        store_u32(at, info->mtu);
        at += 4;
    }
    return at;
}

/* The most that extension_write writes of it, however much room there is. */
static inline size_t extension_length(const struct extension *e)
{
    size_t length = EXTENSION_HEADER;

    if (e->label_count > 0)
        length += EXTENSION_OBJECT_HEADER + (size_t)e->label_count * 4;
    for (unsigned i = 0; i < e->interface_count; i++)
        length += EXTENSION_OBJECT_HEADER + 4 + (4 + 16) + extension_name_room(&e->interface[i]) +
                  4; /* index, address, name, MTU */
    return length;
}

/*
 * Writes the structure with its checksum, at most `room` octets (at least EXTENSION_HEADER); an
 * object that does not fit is left out whole. `own` stands for interface addresses that are not
 * written. Returns the octets written.
 */
static inline size_t extension_write(const struct extension *e, const struct address *own,
                                     uint8_t *out, size_t room)
{
    uint8_t *at = out + EXTENSION_HEADER;

    store_u32(out, (uint32_t)EXTENSION_VERSION << 28);
    if (e->label_count > 0)
        at = extension_write_mpls(e, at, room - (size_t)(at - out));
    for (unsigned i = 0; i < e->interface_count; i++)
        at = extension_write_interface(&e->interface[i], own, at, room - (size_t)(at - out));
    store_u16(out + 2, checksum_fold(checksum_add(0, out, (size_t)(at - out))));
    return (size_t)(at - out);
}

#endif
