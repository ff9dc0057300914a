/*
 * Asking: what the commands that question the running daemon share. They find it by the settings.
 */
#ifndef HOPTELL_CLI_ASKING_H
#define HOPTELL_CLI_ASKING_H

#include "cli/options.h"
#include "edge/ask.h"
#include "serve/token.h"

#include <jansson.h>

/* Rows that these commands share; `type` has the members file and format. */
#define ASKING_ROW_CONFIG(type)                                                                 \
    {                                                                                           \
        "config", 'c', "FILE", "where it says operators.listen", .take = option_text,           \
                                                                 .member = offsetof(type, file) \
    }
#define ASKING_ROW_FORMAT(type)                                                                  \
    {                                                                                            \
        "format", 'f', "text|json", "how it is printed (text)", .take = option_choice,           \
                                                                .member = offsetof(type, format) \
    }

enum asking_format { ASKING_TEXT, ASKING_JSON };

struct asking {
    const char *command; /* for what is said on standard error */
    const char *file;    /* of settings; NULL for the usual one, which need not be there */
    long wait_ms;        /* that the daemon was asked to wait, and may take longer by */
};

struct asking_place { /* where the daemon listens, and what it wants to see; stays where it is */
    struct ask_place ask;
    char path[108];
    char token[TOKEN_MAX];
};

/*
 * Finds the daemon by the settings; a file of settings that nobody named and that is not there is an
 * empty one. COMMAND_DONE, or the status of the command, after all has been said.
 */
enum command_status asking_find(const struct asking *asking, struct asking_place *out);

/*
 * GETs `target` from the daemon. COMMAND_DONE with its answer, whose status is 200, for
 * ask_answer_deinit; or the status of the command, after all has been said: COMMAND_NO for a 404.
 */
enum command_status asking_get(const struct asking *asking, const char *target,
                               struct ask_answer *out);

/*
 * The same, and shows the answer: the daemon's own JSON, or by `print`, which is false where something is
 * not there that it needs; the daemon is then said to have sent no `what`.
 */
enum command_status asking_show(const struct asking *asking, const char *target,
                                enum asking_format format, bool (*print)(const json_t *answer),
                                const char *what);

/* POSTs or DELETEs, with `json` as body where it is not NULL; the answer's body does not matter. */
enum command_status asking_tell(const struct asking *asking, const char *method, const char *target,
                                const char *json);

/* "expected WHAT from the daemon, found ..." */
enum command_status asking_wrong(const struct asking *asking, const char *what,
                                 const struct ask_answer *answer);

/* The daemon's own text on standard output, with one newline at its end. */
void asking_print(struct ask_answer *answer);

/* Whether standard output took all; to return at a command's end. */
enum command_status asking_finish(const struct asking *asking);

#endif
