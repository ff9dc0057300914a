/*
 * What is known of a hop's answers before any probe; see tale.h.
 */
#include "tale/tale.h"

#include "wire/icmp.h"

static struct extension extension_of(const struct hop *hop)
{
    return (struct extension){.label = hop->label,
                              .interface = hop->interface,
                              .label_count = hop->label_count,
                              .interface_count = hop->interface_count};
}

static bool is_steady(const struct hop *hop)
{
    return hop->loss == 0 && hop->duplicate == 0 && hop->reorder == 0 && hop->rate == 0 &&
           hop->delay_us == 0 && hop->jitter_us == 0;
}

size_t tale_prepared_size(const struct tale *tale)
{
    size_t size = 0;

    for (unsigned i = 0; i < tale->hop_count; i++) {
        const struct extension extension = extension_of(&tale->hop[i]);

        size += FAMILY_COUNT * extension_length(&extension);
    }
    return size;
}

/* Returns where the next ones may be written. */
static uint8_t *prepare_extension(struct hop *hop, enum family family, uint8_t *octets)
{
    const struct extension extension = extension_of(hop);
    const size_t room = icmp_extension_room(family == FAMILY_V6 ? 6 : 4);
    size_t length = extension_length(&extension);

    hop->prepared.extension[family].octets = NULL;
    if (extension_is_empty(&extension))
        return octets;
    length =
        extension_write(&extension, &hop->address[family], octets, length < room ? length : room);
    hop->prepared.extension[family].octets = octets;
    hop->prepared.extension[family].length = (uint16_t)length;
    return octets + length;
}

void tale_prepare(struct tale *tale, uint8_t *extensions)
{
    tale->straight = tale_is_straight(tale);
    tale->personal = tale_is_personal(tale);
    tale->extensions = extensions;
    for (unsigned i = 0; i < tale->hop_count; i++) {
        struct hop *hop = &tale->hop[i];

        hop->prepared.steady = is_steady(hop);
        for (unsigned f = 0; f < FAMILY_COUNT; f++) {
            hop->prepared.plain[f] = hop->prepared.steady && hop->silent == 0 &&
                                     !address_is_unspecified(&hop->address[f]);
            extensions = prepare_extension(hop, (enum family)f, extensions);
        }
    }
}
