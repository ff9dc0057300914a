/*
 * Mappings read by tables: a row a key. And the values of these keys, each with the message that
 * says what was expected and what was found.
 */
#ifndef HOPTELL_TALE_KEYS_H
#define HOPTELL_TALE_KEYS_H

#include "base/yaml.h"
#include "tale/draft.h"

struct key {
    const char *name;
    /* Reads `value` into `into`, of a type that the table's owner knows. */
    void (*read)(struct draft *draft, struct yaml_node value, void *into);
};

struct keys {
    const char *of; /* "a hop": what has these keys, for messages */
    size_t count;
    const struct key *key;
};

/* Reads every entry of `map` by its row. Anything but a mapping and unknown keys are errors. */
void keys_read(struct draft *draft, struct yaml_node map, const struct keys *keys, void *into);

/*
 * Each reads `node`, the value of `key`, and returns false, with an error in the draft's report and
 * *out left alone, when it is none.
 */
bool read_text(struct draft *draft, const char *key, struct yaml_node node, const char **out);
bool read_number(struct draft *draft, const char *key, struct yaml_node node, uint32_t least,
                 uint32_t most, uint32_t *out);
bool read_duration(struct draft *draft, const char *key, struct yaml_node node, uint64_t most_us,
                   uint32_t *out_us);
/* A probability, as its share of 2^32, saturated. */
bool read_share(struct draft *draft, const char *key, struct yaml_node node, uint32_t *out);
/* An address that a packet can come from: not multicast, loopback, broadcast or unspecified. */
bool read_address(struct draft *draft, const char *key, struct yaml_node node, struct address *out);
bool read_prefix(struct draft *draft, const char *key, struct yaml_node node, struct prefix *out);

/* One of `count` words: its index. */
bool read_choice(struct draft *draft, const char *key, struct yaml_node node,
                 const char *const *words, unsigned count, unsigned *out);

/*
 * Calls `each` for every entry of a list, or once for what is no list; at most `most` of them, more
 * is an error.
 */
void read_each(struct draft *draft, const char *key, struct yaml_node node, size_t most,
               void (*each)(struct draft *draft, struct yaml_node item, void *into), void *into);

#endif
