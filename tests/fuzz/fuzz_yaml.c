/*
 * Any text as YAML. What is taken is walked as settings and tales walk it: it has an end, every
 * place is in the text, and nothing deeper than the bound comes out.
 */
#include "base/yaml.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void walk(struct yaml_node node, unsigned depth)
{
    const bool is_map = yaml_kind(node) == YAML_KIND_MAP;

    require(yaml_exists(node) && depth <= 33);
    require(yaml_line(node) > 0 && yaml_column(node) > 0);
    require(yaml_kind(node) == YAML_KIND_TEXT || yaml_text(node)[0] == '\0');
    for (size_t i = 0; i < yaml_count(node); i++) {
        struct yaml_node key = yaml_key(node, i);

        walk(is_map ? yaml_value(node, i) : yaml_item(node, i), depth + 1);
        require(yaml_exists(key) == is_map);
        if (is_map && i < 100) /* a key is found where it stands: none comes twice */
            require(yaml_find(node, yaml_text(key)).id == yaml_value(node, i).id);
    }
    require(!yaml_exists(yaml_item(node, yaml_count(node))));
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    struct report report;
    struct yaml_tree *tree;

    report_init(&report, "f");
    tree = yaml_parse((const char *)octets, length, &report);
    require((tree == NULL) == (report.errors > 0));
    if (tree != NULL)
        walk(yaml_root(tree), 1);
    yaml_tree_free(tree);
    return 0;
}
