/*
 * YAML as a tree with the place of every node, by libyaml's document loader. Settings and tales
 * read it; nothing else includes <yaml.h>.
 */
#ifndef HOPTELL_BASE_YAML_H
#define HOPTELL_BASE_YAML_H

#include "base/report.h"

enum yaml_kind { YAML_KIND_TEXT, YAML_KIND_LIST, YAML_KIND_MAP };

struct yaml_tree; /* one document; owns its nodes */

/* A node is a handle into its tree; copy it freely. `tree` is NULL for "no such node". */
struct yaml_node {
    const struct yaml_tree *tree;
    int id;
};

/*
 * Parses `length` octets. NULL when it is not YAML, has more than one document, uses anchors or
 * aliases, or tags, repeats a key in a mapping, has a key that is not a text, nests deeper than 32,
 * or holds more than 100000 nodes: the reason goes to `report`. An empty text, and one that is null
 * as a whole, gives a tree whose root is an empty mapping. Free with yaml_tree_free.
 */
struct yaml_tree *yaml_parse(const char *text, size_t length, struct report *report);
void yaml_tree_free(struct yaml_tree *tree); /* NULL is fine; "yaml_free" is libyaml's */

struct yaml_node yaml_root(const struct yaml_tree *tree);
bool yaml_exists(struct yaml_node node);
enum yaml_kind yaml_kind(struct yaml_node node);
uint32_t yaml_line(struct yaml_node node);   /* from 1 */
uint32_t yaml_column(struct yaml_node node); /* from 1 */

/* A text node's octets, without a NUL among them, owned by the tree; "" for other kinds. */
const char *yaml_text(struct yaml_node node);
bool yaml_is_quoted(struct yaml_node node);
bool yaml_is_null(struct yaml_node node); /* plain "", ~ or null */

/*
 * Entries of a list or a mapping, in their order. A text, and no node at all, have none; an index
 * past the last and a key that is not there give "no such node".
 */
size_t yaml_count(struct yaml_node node);
struct yaml_node yaml_item(struct yaml_node list, size_t index);
struct yaml_node yaml_key(struct yaml_node map, size_t index);
struct yaml_node yaml_value(struct yaml_node map, size_t index);
struct yaml_node yaml_find(struct yaml_node map, const char *key);

/* "a text", "a list", "a mapping": what was found, for messages. */
const char *yaml_kind_words(struct yaml_node node);

#endif
