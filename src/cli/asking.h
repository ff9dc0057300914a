/*
 * Asking: what the commands that question the running daemon share. They find it by the settings.
 */
#ifndef HOPTELL_CLI_ASKING_H
#define HOPTELL_CLI_ASKING_H

#include "cli/command.h"
#include "edge/ask.h"

#include <jansson.h>

struct asking {
    const char *command; /* for what is said on standard error */
    const char *file;    /* of settings; NULL for the usual one, which need not be there */
    long wait_ms;        /* that the daemon was asked to wait, and may take longer by */
};

/*
 * GETs `target` from the daemon. COMMAND_DONE with its answer, whose status is 200, for
 * ask_answer_deinit; or the status of the command, after all has been said: COMMAND_NO for a 404.
 */
enum command_status asking_get(const struct asking *asking, const char *target,
                               struct ask_answer *out);

/* The same, and the answer read as JSON: a reference for json_decref. */
enum command_status asking_get_json(const struct asking *asking, const char *target,
                                    struct ask_answer *out, json_t **out_object);

/* POSTs `json`; the answer's body does not matter. */
enum command_status asking_post(const struct asking *asking, const char *target, const char *json);

/* "expected WHAT from the daemon, found ..." */
enum command_status asking_wrong(const struct asking *asking, const char *what,
                                 const struct ask_answer *answer);

/* The daemon's own text on standard output, with one newline at its end. */
void asking_print(struct ask_answer *answer);

/* Whether standard output took all; to return at a command's end. */
enum command_status asking_finish(const struct asking *asking);

/* A plain number between `low` and `high`; false for anything else. */
bool asking_number(const char *text, uint32_t low, uint32_t high, uint32_t *out);

#endif
