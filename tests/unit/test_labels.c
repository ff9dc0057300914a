#include "unit.h"

#include "base/labels.h"

#include <errno.h>
#include <stdio.h>

static struct report report;

static int parse(const char *text, struct labels *out)
{
    report_init(&report, "l.csv");
    return labels_parse(text, strlen(text), &label_verdicts, &report, out);
}

static void a_label_is_found_once_by_address_and_port(void **state)
{
    const struct address v4 = address_v4((const uint8_t[4]){203, 0, 113, 7});
    struct labels labels;

    (void)state;
    assert_int_equal(parse("address,port,label\r\n203.0.113.7,40001,tethered\r\n"
                           "2001:db8::1,5,direct\n\n203.0.113.7,40000,direct",
                           &labels),
                     0);
    assert_int_equal(labels.count, 3);
    assert_int_equal(labels_take(&labels, &v4, 40001)->word, LABEL_TETHERED);
    assert_null(labels_take(&labels, &v4, 40001));
    assert_int_equal(labels_take(&labels, &v4, 40000)->word, LABEL_DIRECT);
    assert_null(labels_take(&labels, &v4, 1));
    labels_deinit(&labels);
}

static void what_is_no_label_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *text;
        const char *error;
    } rows[] = {
        {"", "l.csv:1:1: error: expected the header 'address,port,label', found ''"},
        {"port,label\n", "l.csv:1:1: error: expected the header 'address,port,label', found "
                         "'port,label'"},
        {"address,port,label\n1.2.3.4,5\n",
         "l.csv:2:1: error: expected address,port,label, found '1.2.3.4,5'"},
        {"address,port,label\n1.2.3,5,direct\n",
         "l.csv:2:1: error: expected an address, found '1.2.3'"},
        {"address,port,label\n1.2.3.4,65536,direct\n",
         "l.csv:2:9: error: expected a port from 0 to 65535, found '65536'"},
        {"address,port,label\n1.2.3.4,-5,direct\n",
         "l.csv:2:9: error: expected a port from 0 to 65535, found '-5'"},
        {"address,port,label\n1.2.3.4,5,Direct\n",
         "l.csv:2:11: error: expected direct or tethered, found 'Direct'"},
        {"address,port,label\n1.2.3.4,5,direct\n1.2.3.4,5,tethered\n",
         "l.csv: error: expected one label for 1.2.3.4 port 5, found two"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct labels labels;
        char line[512];

        assert_int_equal(parse(rows[i].text, &labels), -EINVAL);
        assert_string_equal(report_line(&report, 0, line, sizeof line), rows[i].error);
        assert_null(labels.label);
    }
}

static void many_labels_are_all_kept(void **state)
{
    enum { COUNT = 5000 };
    char *text = test_malloc(COUNT * 32);
    size_t used = (size_t)sprintf(text, "address,port,label\n");
    struct labels labels;

    (void)state;
    for (unsigned i = COUNT; i > 0; i--)
        used += (size_t)sprintf(text + used, "10.0.0.1,%u,direct\n", i);
    assert_int_equal(parse(text, &labels), 0);
    assert_int_equal(labels.count, COUNT);
    for (size_t i = 1; i < labels.count; i++)
        assert_true(labels.label[i - 1].port < labels.label[i].port);
    labels_deinit(&labels);
    test_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_label_is_found_once_by_address_and_port),
        cmocka_unit_test(what_is_no_label_is_refused_with_its_place),
        cmocka_unit_test(many_labels_are_all_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
