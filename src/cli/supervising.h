/*
 * What the service manager is told of the daemon: that it is ready, that it reads its settings anew,
 * that it ends; and, as often as the manager wants, that its loop still turns.
 */
#ifndef HOPTELL_CLI_SUPERVISING_H
#define HOPTELL_CLI_SUPERVISING_H

#include <stddef.h>
#include <uv.h>

struct supervising;

/*
 * 0 and *out, which is NULL when there is no manager to tell; or a negative errno with a sentence.
 * To be called while sockets can still be made.
 */
int supervising_open(uv_loop_t *loop, struct supervising **out, char *error, size_t error_size);

/* All of these accept NULL. */
void supervising_ready(struct supervising *s);
void supervising_reloading(struct supervising *s);

/* Says that the daemon ends; the loop has to run once more after it. */
void supervising_close(struct supervising *s);

#endif
