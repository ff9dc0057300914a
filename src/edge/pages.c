/*
 * Advice about pages, by madvise(2); see pages.h.
 */
#include "edge/pages.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

void pages_prefer_large(void *memory, size_t octets)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t before = (page - (uintptr_t)memory % page) % page; /* advice is for whole pages */

    if (octets >= before + page)
        (void)madvise((char *)memory + before, (octets - before) / page * page, MADV_HUGEPAGE);
}
