#include "unit.h"

#include "base/yaml.h"

#include <stdio.h>
#include <stdlib.h>

static struct report report;

static struct yaml_tree *parse(const char *text)
{
    report_init(&report, "f.yaml");
    return yaml_parse(text, strlen(text), &report);
}

/* The text is refused with this line as the first of the report. */
static void refuse(const char *text, const char *line)
{
    char found[512];
    struct yaml_tree *tree = parse(text);

    assert_null(tree);
    assert_true(report.errors > 0);
    assert_string_equal(report_line(&report, 0, found, sizeof found), line);
}

static void a_tree_keeps_text_order_and_places(void **state)
{
    struct yaml_tree *tree = parse("name: panic\n"
                                   "hops:\n"
                                   "  - so long\n"
                                   "  - {say: \"and thanks\"}\n");
    struct yaml_node root = yaml_root(tree);
    struct yaml_node hops = yaml_find(root, "hops");
    struct yaml_node say = yaml_find(yaml_item(hops, 1), "say");

    (void)state;
    assert_int_equal(yaml_kind(root), YAML_KIND_MAP);
    assert_int_equal(yaml_count(root), 2);
    assert_string_equal(yaml_text(yaml_key(root, 0)), "name");
    assert_string_equal(yaml_text(yaml_value(root, 0)), "panic");
    assert_int_equal(yaml_kind(hops), YAML_KIND_LIST);
    assert_int_equal(yaml_count(hops), 2);
    assert_string_equal(yaml_text(yaml_item(hops, 0)), "so long");
    assert_false(yaml_is_quoted(yaml_item(hops, 0)));
    assert_string_equal(yaml_text(say), "and thanks");
    assert_true(yaml_is_quoted(say));
    assert_int_equal(yaml_line(say), 4);
    assert_int_equal(yaml_column(say), 11);
    yaml_tree_free(tree);
}

static void what_is_not_there_is_no_node(void **state)
{
    struct yaml_tree *tree = parse("a: [1]\n");
    struct yaml_node root = yaml_root(tree);

    (void)state;
    assert_false(yaml_exists(yaml_find(root, "b")));
    assert_false(yaml_exists(yaml_item(root, 0)));
    assert_false(yaml_exists(yaml_item(yaml_find(root, "a"), 1)));
    assert_false(yaml_exists(yaml_key(root, 1)));
    assert_false(yaml_exists(yaml_value(root, 1)));
    assert_int_equal(yaml_count(yaml_item(yaml_find(root, "a"), 0)), 0);
    yaml_tree_free(tree);
}

static void an_empty_text_is_an_empty_mapping(void **state)
{
    static const char *const texts[] = {"", "\n\n", "# nothing but a comment\n", "---\n", "~\n"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct yaml_tree *tree = parse(texts[i]);

        assert_non_null(tree);
        assert_true(yaml_exists(yaml_root(tree)));
        assert_int_equal(yaml_kind(yaml_root(tree)), YAML_KIND_MAP);
        assert_int_equal(yaml_count(yaml_root(tree)), 0);
        assert_int_equal(yaml_line(yaml_root(tree)), 1);
        yaml_tree_free(tree);
    }
}

static void null_is_plain_and_has_three_spellings(void **state)
{
    struct yaml_tree *tree = parse("[~, null, , '', \"null\", nil]\n");
    static const bool expected[] = {true, true, true, false, false, false};

    (void)state;
    assert_null(tree); /* an empty entry between commas is no YAML */
    tree = parse("- ~\n- null\n-\n- ''\n- \"null\"\n- nil\n");
    assert_non_null(tree);
    for (size_t i = 0; i < sizeof expected; i++)
        assert_int_equal(yaml_is_null(yaml_item(yaml_root(tree), i)), expected[i]);
    assert_string_equal(yaml_kind_words(yaml_item(yaml_root(tree), 2)), "nothing");
    assert_string_equal(yaml_kind_words(yaml_item(yaml_root(tree), 3)), "a text");
    assert_string_equal(yaml_kind_words(yaml_root(tree)), "a list");
    yaml_tree_free(tree);
}

static void what_is_not_used_here_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *text;
        const char *line;
    } rows[] = {
        {"a: &x 1\nb: 2\n",
         "f.yaml:1:4: error: expected a plain value, found an anchor (&), which is not used here"},
        {"a: 1\nb: *x\n",
         "f.yaml:2:4: error: expected a plain value, found an alias (*), which is not used here"},
        {"a: !!int 1\n",
         "f.yaml:1:4: error: expected a plain value, found a tag (!), which is not used here"},
        {"a: 1\n---\nb: 2\n",
         "f.yaml:2:1: error: expected one document, found the start of another"},
        {"a: 1\nb: 2\na: 3\n",
         "f.yaml:3:1: error: expected each key once, found 'a' again (first on line 1)"},
        {"a:\n  [b, c]: 2\n",
         "f.yaml:2:3: error: expected a text as the key, found a list or a mapping"},
        {"a: \"b\\0c\"\n", "f.yaml:1:4: error: expected a text, found one with a NUL in it"},
        {"a: \xff\n",
         "f.yaml:1:4: error: expected text in UTF-8, found an error: invalid leading UTF-8 octet"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        refuse(rows[i].text, rows[i].line);
}

static void every_repeated_key_is_reported(void **state)
{
    (void)state;
    assert_null(parse("a: 1\nb: {c: 1, c: 2}\na: 2\na: 3\n"));
    assert_int_equal(report.errors, 3);
}

static void text_that_is_not_yaml_is_refused_with_its_place(void **state)
{
    (void)state;
    assert_null(parse("a: [1, 2\nb: 3\n"));
    assert_int_equal(report.errors, 1);
    assert_int_equal(report.entry[0].line, 2);
    assert_non_null(strstr(report.entry[0].text, "expected YAML, found an error: "));
    assert_null(parse("a: b: c\n"));
    assert_int_equal(report.entry[0].line, 1);
    assert_int_equal(report.entry[0].column, 5);
}

static void depth_is_bounded(void **state)
{
    char text[2 * 33 + 1] = "";

    (void)state;
    memset(text, '[', 32);
    memset(text + 32, ']', 32);
    yaml_tree_free(parse(text));
    assert_int_equal(report.errors, 0);
    memset(text, '[', 33);
    memset(text + 33, ']', 33);
    refuse(text, "f.yaml:1:33: error: expected lists and mappings at most 32 deep, found deeper");
}

static void size_is_bounded(void **state)
{
    enum { ITEMS = 100000 };
    char *text = malloc(2 * ITEMS + 3);

    (void)state;
    assert_non_null(text);
    text[0] = '[';
    for (size_t i = 0; i < ITEMS; i++)
        memcpy(text + 1 + 2 * i, "1,", 2);
    memcpy(text + 1 + 2 * (ITEMS - 1), "]", 2);
    yaml_tree_free(parse(text)); /* the list and its 99999 values */
    assert_int_equal(report.errors, 0);
    memcpy(text + 1 + 2 * (ITEMS - 1), "1]", 3);
    refuse(text, "f.yaml:1:200000: error: expected at most 100000 values, found more");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_keeps_text_order_and_places),
        cmocka_unit_test(what_is_not_there_is_no_node),
        cmocka_unit_test(an_empty_text_is_an_empty_mapping),
        cmocka_unit_test(null_is_plain_and_has_three_spellings),
        cmocka_unit_test(what_is_not_used_here_is_refused_with_its_place),
        cmocka_unit_test(every_repeated_key_is_reported),
        cmocka_unit_test(text_that_is_not_yaml_is_refused_with_its_place),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(size_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
