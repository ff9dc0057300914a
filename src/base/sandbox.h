/*
 * The sandbox: which calls a process may still make of the kernel, once it has all that it needs
 * (seccomp(2)). What is not on the list of its purpose is either unknown to it (ENOSYS, on which
 * libraries go another way) or, where only an intruder would ask for it, the end of the process,
 * which the kernel logs.
 */
#ifndef HOPTELL_BASE_SANDBOX_H
#define HOPTELL_BASE_SANDBOX_H

#include <stddef.h>

/* Bits: a process may have several purposes. */
enum sandbox {
    SANDBOX_DAEMON = 1u << 0,     /* watches, tells and serves by the descriptors that it has */
    SANDBOX_CLIENT = 1u << 1,     /* connects to a database server */
    SANDBOX_INTERFACES = 1u << 2, /* asks which addresses the machine has */
    SANDBOX_KEEPER = 1u << 3,     /* changes routes, and undoes what is to be undone */
    SANDBOX_READER = 1u << 4,     /* a command: reads files, writes to what is open */
    SANDBOX_WRITER = 1u << 5,     /* and gives what it wrote its name */
};

/*
 * Confines this thread and all others of the process, for good, and those that it will start.
 * Nothing is confined when it fails: a negative errno with a sentence in `error`; -ENOSYS where the
 * kernel has no such filters.
 */
int sandbox_enter(unsigned purposes, char *error, size_t error_size);

#endif
