/*
 * The pages that memory is made of.
 */
#ifndef HOPTELL_EDGE_PAGES_H
#define HOPTELL_EDGE_PAGES_H

#include <stddef.h>

/*
 * Asks the system to make this memory of large pages (madvise(2), MADV_HUGEPAGE): tables that are
 * visited at random then wait less for the processor to find their pages, and take more memory while
 * they are nearly empty. A system that has none goes on as it did.
 */
void pages_prefer_large(void *memory, size_t octets);

#endif
