/*
 * What the programs here print: rows as bench/row.py reads them, one a line, each an object.
 */
#ifndef HOPTELL_BENCH_ROW_H
#define HOPTELL_BENCH_ROW_H

#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS_MAX = 999 };

struct row {
    const char *row;
    const char *what;
    const char *unit;
    const char *reference;
    const char *kind; /* "ratio" or "above"; see row.py */
    double budget;
};

static inline void row_print_list(const char *name, const double *values, unsigned count)
{
    printf(", \"%s\": [", name);
    for (unsigned i = 0; i < count; i++)
        printf("%s%.1f", i > 0 ? ", " : "", values[i]);
    printf("]");
}

/* Values and references are of the same `rounds` rounds. */
static inline void row_print(const struct row *r, const double *values, const double *references,
                             unsigned rounds)
{
    printf("{\"row\": \"%s\", \"what\": \"%s\", \"unit\": \"%s\", \"reference\": \"%s\", "
           "\"kind\": \"%s\", \"budget\": %g",
           r->row, r->what, r->unit, r->reference, r->kind, r->budget);
    row_print_list("values", values, rounds);
    row_print_list("references", references, rounds);
    printf("}\n");
    fflush(stdout);
}

static inline int row_by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Sorts them. */
static inline double row_median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, row_by_size);
    return values[count / 2];
}

#endif
