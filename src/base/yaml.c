/*
 * YAML as a tree with the place of every node; see yaml.h.
 *
 * The text is read twice. The first pass looks at libyaml's events and refuses what a file for
 * people has no use for and a hostile one would use (aliases, depth, size), before anything is
 * built; the second has libyaml build its document.
 */
#include "base/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { DEPTH_MAX = 32, NODES_MAX = 100000, EXCERPT_MAX = 60 };

struct yaml_tree {
    yaml_document_t document;
    bool is_empty; /* nothing but comments and blanks, or null: the root is an empty mapping */
};

/* The id of the root that an empty text has; libyaml's own count from 1. */
enum { ID_EMPTY_ROOT = 0 };

static uint32_t place(size_t from_zero)
{
    return from_zero < UINT32_MAX ? (uint32_t)from_zero + 1 : UINT32_MAX;
}

/* How many octets of `text` a message should show. */
static int excerpt(const void *text)
{
    const size_t length = strlen(text);

    return length < EXCERPT_MAX ? (int)length : EXCERPT_MAX;
}

static void report_at(struct report *report, const yaml_mark_t *mark, const char *sentence)
{
    report_error(report, place(mark->line), place(mark->column), "%s", sentence);
}

/* libyaml gives octets that are no UTF-8 as an offset, and everything else as a mark. */
static void report_syntax(struct report *report, const yaml_parser_t *parser, const char *text,
                          size_t length)
{
    const char *problem = parser->problem != NULL ? parser->problem : "something else";
    size_t line = 0;
    size_t begin = 0;

    if (parser->error == YAML_MEMORY_ERROR) {
        report_error(report, 0, 0, "not enough memory to read it");
        return;
    }
    if (parser->error != YAML_READER_ERROR) {
        report_error(report, place(parser->problem_mark.line), place(parser->problem_mark.column),
                     "expected YAML, found an error: %s%s%s", problem,
                     parser->context != NULL ? " " : "",
                     parser->context != NULL ? parser->context : "");
        return;
    }
    for (size_t i = 0; i < length && i < parser->problem_offset; i++)
        if (text[i] == '\n') {
            line++;
            begin = i + 1;
        }
    report_error(report, place(line), place(parser->problem_offset - begin),
                 "expected text in UTF-8, found an error: %s", problem);
}

static void parser_init(yaml_parser_t *parser, const char *text, size_t length)
{
    yaml_parser_set_input_string(parser, (const unsigned char *)text, length);
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
}

/* What the first pass has counted so far. */
struct scan {
    struct report *report;
    unsigned documents;
    unsigned depth;
    unsigned nodes;
};

/* The sentence against an event that begins a node, or NULL for a good one. */
static const char *node_objection(const yaml_event_t *event, const struct scan *scan)
{
    const void *anchor = NULL;
    const void *tag = NULL;

    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
        if (memchr(event->data.scalar.value, 0, event->data.scalar.length) != NULL)
            return "expected a text, found one with a NUL in it";
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    }
    if (anchor != NULL)
        return "expected a plain value, found an anchor (&), which is not used here";
    if (tag != NULL)
        return "expected a plain value, found a tag (!), which is not used here";
    if (scan->nodes > NODES_MAX)
        return "expected at most 100000 values, found more";
    if (scan->depth > DEPTH_MAX)
        return "expected lists and mappings at most 32 deep, found deeper";
    return NULL;
}

/* False, with the reason in the report, for an event that the tree must not be built from. */
static bool scan_event(struct scan *scan, const yaml_event_t *event)
{
    const char *objection = NULL;

    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++scan->documents > 1)
            objection = "expected one document, found the start of another";
        break;
    case YAML_ALIAS_EVENT:
        objection = "expected a plain value, found an alias (*), which is not used here";
        break;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        scan->depth++;
        scan->nodes++;
        objection = node_objection(event, scan);
        break;
    case YAML_SCALAR_EVENT:
        scan->nodes++;
        objection = node_objection(event, scan);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        scan->depth--;
        break;
    default:
        break;
    }
    if (objection != NULL)
        report_at(scan->report, &event->start_mark, objection);
    return objection == NULL;
}

static bool scan_text(const char *text, size_t length, struct report *report)
{
    struct scan scan = {.report = report};
    yaml_parser_t parser;
    yaml_event_t event;
    bool good = true;
    bool more = true;

    if (!yaml_parser_initialize(&parser)) {
        report_error(report, 0, 0, "not enough memory to read it");
        return false;
    }
    parser_init(&parser, text, length);
    while (good && more) {
        good = yaml_parser_parse(&parser, &event);
        if (!good) {
            report_syntax(report, &parser, text, length);
            break;
        }
        more = event.type != YAML_STREAM_END_EVENT;
        good = scan_event(&scan, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return good;
}

static bool load(struct yaml_tree *tree, const char *text, size_t length, struct report *report)
{
    yaml_parser_t parser;
    bool good;

    if (!yaml_parser_initialize(&parser)) {
        report_error(report, 0, 0, "not enough memory to read it");
        return false;
    }
    parser_init(&parser, text, length);
    good = yaml_parser_load(&parser, &tree->document);
    if (!good)
        report_syntax(report, &parser, text, length);
    yaml_parser_delete(&parser);
    return good;
}

static yaml_node_t *node_of(struct yaml_node node)
{
    /* libyaml's getter takes a document that it could change, and does not. */
    if (node.tree == NULL || node.id == ID_EMPTY_ROOT)
        return NULL;
    return yaml_document_get_node((yaml_document_t *)&node.tree->document, node.id);
}

static int compare_keys(const void *a, const void *b)
{
    const yaml_node_t *const *one = a;
    const yaml_node_t *const *other = b;
    const int order =
        strcmp((const char *)(*one)->data.scalar.value, (const char *)(*other)->data.scalar.value);

    if (order != 0)
        return order;
    /* In the order of the file, so that the first of a key is named as such. */
    return ((*one)->start_mark.index > (*other)->start_mark.index) -
           ((*one)->start_mark.index < (*other)->start_mark.index);
}

/* Sorted, so that a mapping with very many keys takes no quadratic time. */
static void check_repeats(const yaml_node_t **key, size_t count, struct report *report)
{
    size_t first = 0;

    qsort(key, count, sizeof key[0], compare_keys);
    for (size_t i = 1; i < count; i++) {
        const char *text = (const char *)key[i]->data.scalar.value;

        if (strcmp(text, (const char *)key[first]->data.scalar.value) != 0) {
            first = i;
            continue;
        }
        report_error(report, place(key[i]->start_mark.line), place(key[i]->start_mark.column),
                     "expected each key once, found '%.*s' again (first on line %u)", excerpt(text),
                     text, place(key[first]->start_mark.line));
    }
}

/* Every key a text, and none twice. `key` has room for all keys of the largest mapping. */
static void check_mapping(yaml_document_t *document, const yaml_node_t *mapping,
                          const yaml_node_t **key, struct report *report)
{
    size_t count = 0;

    for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top; pair++) {
        const yaml_node_t *node = yaml_document_get_node(document, pair->key);

        if (node->type == YAML_SCALAR_NODE)
            key[count++] = node;
        else
            report_at(report, &node->start_mark,
                      "expected a text as the key, found a list or a mapping");
    }
    check_repeats(key, count, report);
}

static void check_mappings(yaml_document_t *document, struct report *report)
{
    const size_t nodes = (size_t)(document->nodes.top - document->nodes.start);
    const yaml_node_t **key = calloc(nodes + 1, sizeof key[0]);

    if (key == NULL) {
        report_error(report, 0, 0, "not enough memory to read it");
        return;
    }
    for (size_t i = 0; i < nodes; i++)
        if (document->nodes.start[i].type == YAML_MAPPING_NODE)
            check_mapping(document, &document->nodes.start[i], key, report);
    free(key);
}

struct yaml_tree *yaml_parse(const char *text, size_t length, struct report *report)
{
    const unsigned errors_before = report->errors;
    struct yaml_tree *tree;
    struct yaml_node root;

    if (!scan_text(text, length, report))
        return NULL;
    tree = calloc(1, sizeof *tree);
    if (tree == NULL) {
        report_error(report, 0, 0, "not enough memory to read it");
        return NULL;
    }
    if (!load(tree, text, length, report)) {
        free(tree); /* on failure libyaml has already deleted what it built */
        return NULL;
    }
    root = (struct yaml_node){.tree = tree, .id = 1};
    tree->is_empty = node_of(root) == NULL || yaml_is_null(root);
    check_mappings(&tree->document, report);
    if (report->errors == errors_before)
        return tree;
    yaml_tree_free(tree);
    return NULL;
}

void yaml_tree_free(struct yaml_tree *tree)
{
    if (tree == NULL)
        return;
    yaml_document_delete(&tree->document);
    free(tree);
}

struct yaml_node yaml_root(const struct yaml_tree *tree)
{
    return (struct yaml_node){.tree = tree, .id = tree->is_empty ? ID_EMPTY_ROOT : 1};
}

bool yaml_exists(struct yaml_node node)
{
    return node.tree != NULL;
}

enum yaml_kind yaml_kind(struct yaml_node node)
{
    const yaml_node_t *n = node_of(node);

    if (n == NULL || n->type == YAML_MAPPING_NODE)
        return YAML_KIND_MAP;
    return n->type == YAML_SEQUENCE_NODE ? YAML_KIND_LIST : YAML_KIND_TEXT;
}

uint32_t yaml_line(struct yaml_node node)
{
    const yaml_node_t *n = node_of(node);

    return n == NULL ? 1 : place(n->start_mark.line);
}

uint32_t yaml_column(struct yaml_node node)
{
    const yaml_node_t *n = node_of(node);

    return n == NULL ? 1 : place(n->start_mark.column);
}

const char *yaml_text(struct yaml_node node)
{
    const yaml_node_t *n = node_of(node);

    return n == NULL || n->type != YAML_SCALAR_NODE ? "" : (const char *)n->data.scalar.value;
}

bool yaml_is_quoted(struct yaml_node node)
{
    const yaml_node_t *n = node_of(node);

    return n != NULL && n->type == YAML_SCALAR_NODE &&
           n->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
}

bool yaml_is_null(struct yaml_node node)
{
    const yaml_node_t *n = node_of(node);
    const char *text = yaml_text(node);

    if (n == NULL || n->type != YAML_SCALAR_NODE || yaml_is_quoted(node))
        return false;
    return text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0;
}

size_t yaml_count(struct yaml_node node)
{
    const yaml_node_t *n = node_of(node);

    if (n == NULL || n->type == YAML_SCALAR_NODE)
        return 0;
    if (n->type == YAML_SEQUENCE_NODE)
        return (size_t)(n->data.sequence.items.top - n->data.sequence.items.start);
    return (size_t)(n->data.mapping.pairs.top - n->data.mapping.pairs.start);
}

static const struct yaml_node no_node = {.tree = NULL, .id = ID_EMPTY_ROOT};

struct yaml_node yaml_item(struct yaml_node list, size_t index)
{
    const yaml_node_t *n = node_of(list);

    if (n == NULL || n->type != YAML_SEQUENCE_NODE || index >= yaml_count(list))
        return no_node;
    return (struct yaml_node){.tree = list.tree, .id = n->data.sequence.items.start[index]};
}

/* The pair at `index`, or NULL. */
static const yaml_node_pair_t *pair_at(struct yaml_node map, size_t index)
{
    const yaml_node_t *n = node_of(map);

    if (n == NULL || n->type != YAML_MAPPING_NODE || index >= yaml_count(map))
        return NULL;
    return &n->data.mapping.pairs.start[index];
}

struct yaml_node yaml_key(struct yaml_node map, size_t index)
{
    const yaml_node_pair_t *pair = pair_at(map, index);

    return pair == NULL ? no_node : (struct yaml_node){.tree = map.tree, .id = pair->key};
}

struct yaml_node yaml_value(struct yaml_node map, size_t index)
{
    const yaml_node_pair_t *pair = pair_at(map, index);

    return pair == NULL ? no_node : (struct yaml_node){.tree = map.tree, .id = pair->value};
}

struct yaml_node yaml_find(struct yaml_node map, const char *key)
{
    const size_t count = yaml_count(map);

    for (size_t i = 0; i < count; i++)
        if (strcmp(yaml_text(yaml_key(map, i)), key) == 0)
            return yaml_value(map, i);
    return no_node;
}

const char *yaml_kind_words(struct yaml_node node)
{
    static const char *const words[] = {
        [YAML_KIND_TEXT] = "a text",
        [YAML_KIND_LIST] = "a list",
        [YAML_KIND_MAP] = "a mapping",
    };

    if (!yaml_exists(node) || yaml_is_null(node))
        return "nothing";
    return words[yaml_kind(node)];
}
