/*
 * Completion for fish: a line for each option and operand, each under the condition that its command
 * has been typed, which two functions find out.
 */
#include "cli/completion.h"

#include <string.h>

static const char head[] =
    "# fish completion for hoptell, as 'hoptell completion fish' prints it\n"
    "\n"
    "# The command before the cursor, and on a second line how many operands it has there.\n"
    "function __hoptell_place\n"
    "    set -l words (commandline -opc)\n"
    "    set -l command ''\n"
    "    set -l waiting no\n"
    "    set -l operand 0\n"
    "    for word in $words[2..-1]\n"
    "        if test $waiting = yes\n"
    "            set waiting no\n"
    "            continue\n"
    "        end\n"
    "        switch \"$command $word\"\n";

static const char tail[] =
    "            case '* -*'\n"
    "            case '*'\n"
    "                set operand (math $operand + 1)\n"
    "        end\n"
    "    end\n"
    "    printf '%s\\n' $command $operand\n"
    "end\n"
    "\n"
    "# Whether the command is $argv[1], with $argv[2] operands where that is given.\n"
    "function __hoptell_at\n"
    "    set -l place (__hoptell_place)\n"
    "    test \"$place[1]\" = \"$argv[1]\"\n"
    "    and test (count $argv) -eq 1 -o \"$place[2]\" = \"$argv[2]\"\n"
    "end\n"
    "\n"
    "complete -c hoptell -f\n"
    "complete -c hoptell -s h -l help -d 'print help'\n"
    "complete -c hoptell -n \"__hoptell_at '' 0\" -l version -d 'print the version'\n";

static void put_waiting(const struct completion_command *command, FILE *to)
{
    const struct options *options = command->command->options;

    for (size_t i = 0; options != NULL && i < options->count; i++) {
        const struct option_row *row = &options->rows[i];

        if (row->argument == NULL)
            continue;
        fprintf(to, "            case '%s --%s'", command->path, row->name);
        if (row->letter != 0)
            fprintf(to, " '%s -%c'", command->path, row->letter);
        fprintf(to, "\n                set waiting yes\n");
    }
}

static void put_command(const struct completion_command *command, FILE *to)
{
    const bool has_words = strchr(command->path, ' ') != NULL;

    fprintf(to, "            case '%s%s'\n                set command '%s'\n", has_words ? "" : " ",
            command->path, command->path);
}

static void put_description(const char *text, FILE *to)
{
    fprintf(to, " -d '");
    completion_quoted(text, "\\", "\\'", to);
    fprintf(to, "'\n");
}

/* What may be given: fish offers files alone where -F says so. */
static void put_argument(const char *argument, FILE *to)
{
    char words[COMPLETION_TEXT_MAX];

    switch (completion_kind(argument)) {
    case COMPLETION_WORDS:
        fprintf(to, " -x -a '%s'", completion_words(argument, words));
        break;
    case COMPLETION_FILE:
        fprintf(to, " -r -F");
        break;
    case COMPLETION_DIRECTORY:
        fprintf(to, " -x -a '(__fish_complete_directories)'");
        break;
    case COMPLETION_NOTHING:
    default:
        fprintf(to, " -x");
    }
}

static void put_names(const char *path, const struct command *commands, FILE *to)
{
    for (const struct command *row = commands; row->name != NULL; row++) {
        fprintf(to, "complete -c hoptell -n \"__hoptell_at '%s' 0\" -a %s", path, row->name);
        put_description(row->summary, to);
    }
}

static void put_answers(const struct completion_command *command, FILE *to)
{
    const struct options *options = command->command->options;
    const char *operands = options != NULL ? options->operands : "";
    struct completion_operand operand;
    char words[COMPLETION_TEXT_MAX];

    for (size_t i = 0; options != NULL && i < options->count; i++) {
        const struct option_row *row = &options->rows[i];

        fprintf(to, "complete -c hoptell -n \"__hoptell_at '%s'\" -l %s", command->path, row->name);
        if (row->letter != 0)
            fprintf(to, " -s %c", row->letter);
        if (row->argument != NULL)
            put_argument(row->argument, to);
        put_description(row->help, to);
    }
    if (options == NULL)
        put_names(command->path, command->command->commands, to);
    for (int i = 0; completion_next(&operands, &operand); i++) {
        if (completion_kind(operand.name) == COMPLETION_NOTHING)
            continue;
        fprintf(to, "complete -c hoptell -n \"__hoptell_at '%s'", command->path);
        if (!operand.repeats)
            fprintf(to, " %d", i);
        fprintf(to, "\"");
        if (completion_kind(operand.name) == COMPLETION_FILE)
            fprintf(to, " -F");
        else
            fprintf(to, " -a '%s'", completion_words(operand.name, words));
        fprintf(to, "\n");
    }
}

void completion_fish(FILE *to)
{
    fputs(head, to);
    completion_each(put_waiting, to);
    completion_each(put_command, to);
    fputs(tail, to);
    put_names("", hoptell_commands, to);
    completion_each(put_answers, to);
}
