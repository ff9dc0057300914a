/* What every unit test starts with: cmocka and the headers that it needs first. */
#ifndef HOPTELL_TESTS_UNIT_H
#define HOPTELL_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#endif
