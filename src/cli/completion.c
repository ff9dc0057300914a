/*
 * hoptell completion: prints what a shell needs to complete hoptell's commands; see completion.h.
 */
#include "cli/completion.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

const struct options completion_options = {
    .command = "completion",
    .operands = "bash|fish|zsh",
    .purpose = "Prints the completion of hoptell's commands and options for that shell, which\n"
               "'make install' has put in its place already.",
};

static const struct shell {
    const char *name;
    void (*print)(FILE *to);
} shells[] = {
    {"bash", completion_bash},
    {"fish", completion_fish},
    {"zsh", completion_zsh},
};

void completion_each(void (*each)(const struct completion_command *command, FILE *to), FILE *to)
{
    for (const struct command *row = hoptell_commands; row->name != NULL; row++) {
        each(&(struct completion_command){row->name, row}, to);
        for (const struct command *own = row->commands; own != NULL && own->name != NULL; own++) {
            char path[COMPLETION_TEXT_MAX];

            snprintf(path, sizeof path, "%s %s", row->name, own->name);
            each(&(struct completion_command){path, own}, to);
        }
    }
}

bool completion_next(const char **operands, struct completion_operand *out)
{
    const char *word = *operands + strspn(*operands, " [");
    const size_t length = strcspn(word, " ].");

    if (length == 0)
        return false;
    snprintf(out->name, sizeof out->name, "%.*s", (int)length, word);
    out->repeats = strncmp(word + length, "...", 3) == 0;
    *operands = word + strcspn(word, " ");
    return true;
}

enum completion_kind completion_kind(const char *argument)
{
    static const struct {
        const char *name;
        enum completion_kind kind;
    } kinds[] = {
        {"CAPTURE", COMPLETION_FILE}, {"DIR", COMPLETION_DIRECTORY}, {"FILE", COMPLETION_FILE},
        {"IN", COMPLETION_FILE},      {"OUT", COMPLETION_FILE},
    };

    if (strchr(argument, '|') != NULL)
        return COMPLETION_WORDS;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].name, argument) == 0)
            return kinds[i].kind;
    return COMPLETION_NOTHING;
}

const char *completion_words(const char *argument, char out[COMPLETION_TEXT_MAX])
{
    snprintf(out, COMPLETION_TEXT_MAX, "%s", argument);
    for (char *bar = strchr(out, '|'); bar != NULL; bar = strchr(bar, '|'))
        *bar = ' ';
    return out;
}

void completion_quoted(const char *text, const char *special, const char *quote, FILE *to)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs(quote, to);
        else
            fprintf(to, "%s%c", strchr(special, *text) != NULL ? "\\" : "", *text);
    }
}

enum command_status command_completion(int argc, char **argv)
{
    enum command_status status;

    if (!options_take(&completion_options, argc, argv, NULL, &status))
        return status;
    if (argc - optind != 1)
        return command_usage("completion", "expected one shell (bash, fish or zsh), found %d",
                             argc - optind);
    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
        if (strcmp(shells[i].name, argv[optind]) != 0)
            continue;
        shells[i].print(stdout);
        if (fflush(stdout) == 0 && !ferror(stdout))
            return COMMAND_DONE;
        return command_failed("completion", "expected to write to standard output, found: %s",
                              strerror(errno));
    }
    return command_usage("completion", "expected bash, fish or zsh, found '%s'", argv[optind]);
}
