/*
 * One DNS message in, its answer out; see dns.h.
 *
 * The query is read by a cursor and the answer is put together from data that is ready to be sent,
 * so that strangers' octets cost no memory and little time. Names in the answer point into the
 * question, which therefore keeps the case that the client chose.
 */
#include "names/dns.h"

#include "names/table.h"
#include "wire/cursor.h"

#include <string.h>

enum { /* RFC 1035, 4.1.1 */
       HEADER_LENGTH = 12,
       FLAG_RESPONSE = 0x8000,
       OPCODE_MASK = 0x7800,
       FLAG_AUTHORITATIVE = 0x0400,
       FLAG_TRUNCATED = 0x0200,
       FLAGS_COPIED = OPCODE_MASK | 0x0110, /* RD; and CD (RFC 4035, 3.1.6) */
};

enum {
    RCODE_OK = 0,
    RCODE_FORMAT = 1,
    RCODE_NXDOMAIN = 3,
    RCODE_NOT_IMPLEMENTED = 4,
    RCODE_REFUSED = 5,
    RCODE_BAD_VERSION = 16
};

enum {
    TYPE_OPT = 41,
    TYPE_META_FIRST = 128, /* up to 255 they are no types of records (RFC 6895, 3.1) */
    TYPE_META_LAST = 255,
    TYPE_ANY = 255,
    CLASS_IN = 1,
    CLASS_ANY = 255,
    UDP_LEAST = 512,
    OPT_LENGTH = 11,
    EDNS_DO = 0x8000,
    POINTER = 0xc000,
};

struct query {
    uint16_t flags;
    uint16_t type;
    uint16_t class;
    size_t name_length;     /* in wire format */
    size_t question_length; /* with type and class */
    bool has_question;
    bool has_edns;
    uint16_t udp_size;
    uint8_t edns_version;
    bool edns_do;
};

/* Moves over a name that may end in a pointer, as names outside the question do. */
static void skip_name(struct cursor *c)
{
    for (;;) {
        const uint8_t length = cursor_u8(c);

        if ((length & 0xc0) == 0xc0) {
            cursor_skip(c, 1);
            return;
        }
        if (length > 63)
            c->failed = true;
        if (c->failed || length == 0)
            return;
        cursor_skip(c, length);
    }
}

/* The question's name: whole, for there is nothing before it to point to. */
static bool read_question(struct cursor *c, struct query *q)
{
    const uint8_t *const start = c->at;
    uint8_t length;

    do {
        length = cursor_u8(c);
        if (length > 63)
            return false;
        cursor_skip(c, length);
    } while (length != 0 && !c->failed);
    q->name_length = (size_t)(c->at - start);
    q->type = cursor_u16(c);
    q->class = cursor_u16(c);
    q->question_length = (size_t)(c->at - start);
    q->has_question = !c->failed && q->name_length <= NAME_WIRE_MAX;
    return q->has_question;
}

/* RFC 6891, 6.1: one OPT record at most, and its owner is the root. */
static bool read_additional(struct cursor *c, struct query *q, unsigned count)
{
    while (count-- > 0) {
        const bool is_root = cursor_left(c) > 0 && *c->at == 0;
        uint16_t type, class;
        uint32_t ttl;

        skip_name(c);
        type = cursor_u16(c);
        class = cursor_u16(c);
        ttl = cursor_u32(c);
        cursor_skip(c, cursor_u16(c));
        if (c->failed || (type == TYPE_OPT && (q->has_edns || !is_root)))
            return false;
        if (type != TYPE_OPT)
            continue;
        q->has_edns = true;
        q->udp_size = class;
        q->edns_version = (uint8_t)(ttl >> 16);
        q->edns_do = ttl & EDNS_DO;
    }
    return true;
}

/* The answer's code as far as the query's form decides it. */
static unsigned read_query(const uint8_t *octets, size_t length, struct query *q)
{
    struct cursor c = cursor_over(octets + 4, length - 4);
    const uint16_t questions = cursor_u16(&c);
    const uint16_t answers = cursor_u16(&c);
    const uint16_t authorities = cursor_u16(&c);
    const uint16_t additional = cursor_u16(&c);

    q->flags = load_u16(octets + 2);
    if (q->flags & OPCODE_MASK)
        return RCODE_NOT_IMPLEMENTED;
    if (questions != 1 || answers != 0 || !read_question(&c, q))
        return RCODE_FORMAT;
    if (authorities != 0) /* IXFR has one there, and gets no more than this */
        return q->type >= TYPE_META_FIRST && q->type < TYPE_ANY ? RCODE_REFUSED : RCODE_FORMAT;
    if (!read_additional(&c, q, additional) || q->type == TYPE_OPT)
        return RCODE_FORMAT;
    if (q->has_edns && q->edns_version != 0)
        return RCODE_BAD_VERSION;
    return RCODE_OK;
}

struct writer {
    uint8_t *out;
    size_t length;
    size_t limit; /* of records; room for the OPT record is kept apart */
    uint16_t answers;
    uint16_t authorities;
    bool is_full;
};

/* A record whose owner is `owner_offset` octets into the message. */
static void write_record(struct writer *w, const struct record *record, size_t owner_offset,
                         uint32_t ttl, uint16_t *count)
{
    const size_t length = 12u + record->data_length;
    uint8_t *at = w->out + w->length;

    if (w->is_full || w->limit - w->length < length) {
        w->is_full = true;
        return;
    }
    store_u16(at, (uint16_t)(POINTER | owner_offset));
    store_u16(at + 2, record->type);
    store_u16(at + 4, CLASS_IN);
    store_u32(at + 6, ttl);
    store_u16(at + 10, record->data_length);
    memcpy(at + 12, record->data, record->data_length);
    w->length += length;
    (*count)++;
}

static void write_opt(struct writer *w, const struct query *q, unsigned code)
{
    uint8_t *at = w->out + w->length;

    at[0] = 0;
    store_u16(at + 1, TYPE_OPT);
    store_u16(at + 3, DNS_UDP_MAX);
    store_u32(at + 5, (uint32_t)(code >> 4) << 24 | (q->edns_do ? EDNS_DO : 0));
    store_u16(at + 9, 0);
    w->length += OPT_LENGTH;
}

/* Is the record one of those that the question asks for? ANY gets one type (RFC 8482, 4.1). */
static bool is_asked_for(const struct record *record, const struct record *first, uint16_t type)
{
    return type == TYPE_ANY ? record->type == first->type : record->type == type;
}

/* Looks the question up and writes what is there. The answer's code. */
static unsigned look_up(const struct names *names, const uint8_t *question, const struct query *q,
                        struct writer *w, bool *out_authoritative)
{
    struct name_key key;
    const struct zone *zone;
    const struct record *at;
    const struct record *const end = names->record + names->record_count;
    const struct record *first;

    if ((q->class != CLASS_IN && q->class != CLASS_ANY) ||
        (q->type >= TYPE_META_FIRST && q->type < TYPE_META_LAST))
        return RCODE_REFUSED;
    name_key_of_wire(question, &key);
    zone = names_zone_of(names, &key);
    if (zone == NULL)
        return RCODE_REFUSED;
    *out_authoritative = true;
    first = names->record + names_lower_bound(names, &key);
    for (at = first;
         at < end && at->key_length == key.length && memcmp(at->key, key.octets, key.length) == 0;
         at++)
        if (is_asked_for(at, first, q->type))
            write_record(w, at, HEADER_LENGTH, names->ttl, &w->answers);
    if (w->answers > 0 || w->is_full)
        return RCODE_OK;
    write_record(w, zone->soa, HEADER_LENGTH + q->name_length - zone->apex_length, names->ttl,
                 &w->authorities);
    /* At the name, or under it: it exists (RFC 8020, 2). */
    return first < end && name_key_is_under(first->key, first->key_length, key.octets, key.length)
               ? RCODE_OK
               : RCODE_NXDOMAIN;
}

static size_t message_limit(const struct query *q, bool stream, size_t capacity)
{
    size_t limit = DNS_MESSAGE_MAX;

    if (!stream) {
        limit = q->has_edns && q->udp_size > UDP_LEAST ? q->udp_size : UDP_LEAST;
        if (limit > DNS_UDP_MAX)
            limit = DNS_UDP_MAX;
    }
    return limit < capacity ? limit : capacity;
}

static void write_header(const struct writer *w, const struct query *q, unsigned code,
                         bool authoritative, bool truncated)
{
    store_u16(w->out + 2, (uint16_t)(FLAG_RESPONSE | (q->flags & FLAGS_COPIED) | (code & 0x0f) |
                                     (authoritative ? FLAG_AUTHORITATIVE : 0) |
                                     (truncated ? FLAG_TRUNCATED : 0)));
    store_u16(w->out + 4, q->has_question ? 1 : 0);
    store_u16(w->out + 6, w->answers);
    store_u16(w->out + 8, w->authorities);
    store_u16(w->out + 10, q->has_edns ? 1 : 0);
}

size_t dns_answer(const struct names *names, const uint8_t *query, size_t length, bool stream,
                  uint8_t *out, size_t capacity)
{
    struct query q = {.flags = 0};
    struct writer w = {.out = out};
    bool authoritative = false;
    size_t head;
    unsigned code;

    if (length < HEADER_LENGTH || load_u16(query + 2) & FLAG_RESPONSE)
        return 0;
    code = read_query(query, length, &q);
    head = HEADER_LENGTH + (q.has_question ? q.question_length : 0);
    w.limit = message_limit(&q, stream, capacity);
    if (w.limit < head + OPT_LENGTH)
        return 0;
    w.limit -= q.has_edns ? OPT_LENGTH : 0;
    memcpy(out, query, head);
    w.length = head;
    if (code == RCODE_OK)
        code = look_up(names, query + HEADER_LENGTH, &q, &w, &authoritative);
    if (w.is_full && !stream) { /* RFC 2181, 9: the client comes again by TCP */
        w.length = head;
        w.answers = w.authorities = 0;
    }
    write_header(&w, &q, code, authoritative, w.is_full && !stream);
    if (q.has_edns)
        write_opt(&w, &q, code);
    return w.length;
}
