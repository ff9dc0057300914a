/*
 * What is said of a program that could not be loaded: the end of the verifier's log where there is
 * one, which names the instruction and the reason; else what was expected and found.
 */
#include "unit.h"

#include "edge/xdp.c"

static const struct xdp_orders orders = {.interface = "eth0"};

static void of_the_verifier_s_log_the_end_is_said(void **state)
{
    char log[] = "func#0 @0\n"
                 "0: (b7) r0 = 2\n"
                 "1: (71) r1 = *(u8 *)(r2 +40)\n"
                 "invalid access to packet, off=40 size=1, R2(id=0,off=40,r=0)\n"
                 "R2 offset is outside of the packet\n"
                 "processed 2 insns (limit 1000000)\n";
    char error[512];

    (void)state;
    assert_int_equal(explain(-EACCES, &orders, log, error, sizeof error), -EACCES);
    assert_string_equal(
        error, "the kernel's verifier refuses the XDP program (Permission denied); its log "
               "ends:\n"
               "1: (71) r1 = *(u8 *)(r2 +40)\n"
               "invalid access to packet, off=40 size=1, R2(id=0,off=40,r=0)\n"
               "R2 offset is outside of the packet\n"
               "processed 2 insns (limit 1000000)");
}

static void a_log_of_one_line_is_said_whole(void **state)
{
    char log[] = "BPF program is too large. Processed 1000001 insn\n";
    char error[512];

    (void)state;
    (void)explain(-E2BIG, &orders, log, error, sizeof error);
    assert_non_null(strstr(error, "ends:\nBPF program is too large. Processed 1000001 insn"));
}

static void without_a_log_it_is_said_what_was_expected(void **state)
{
    static const struct {
        int code;
        const char *says;
    } rows[] = {
        {-EPERM, "expected the rights of root"},
        {-ENODEV, "expected an interface, found none with the name eth0"},
        {-EBUSY, "expected no XDP program on eth0, or libxdp's dispatcher: found another program"},
        {-EOPNOTSUPP, "cannot use XDP on eth0: Operation not supported"},
    };
    char error[512];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char log[] = "";

        assert_int_equal(explain(rows[i].code, &orders, log, error, sizeof error), rows[i].code);
        assert_non_null(strstr(error, rows[i].says));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_the_verifier_s_log_the_end_is_said),
        cmocka_unit_test(a_log_of_one_line_is_said_whole),
        cmocka_unit_test(without_a_log_it_is_said_what_was_expected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
