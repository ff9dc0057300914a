/*
 * Completion for zsh: a function for each command, whose options and operands are specifications for
 * its _arguments.
 */
#include "cli/completion.h"

#include <string.h>

static const char head[] = "#compdef hoptell\n"
                           "# zsh completion for hoptell, as 'hoptell completion zsh' prints it\n"
                           "\n"
                           "compdef _hoptell hoptell 2>/dev/null\n";

static const char tail[] = "\n"
                           "# The first time, this file is the function that it defines.\n"
                           "if [[ $funcstack[1] == _hoptell ]]; then\n"
                           "    _hoptell \"$@\"\n"
                           "fi\n";

/* "_hoptell_tale_check" */
static void put_function(const char *path, FILE *to)
{
    fprintf(to, "_hoptell");
    if (path[0] != '\0')
        fputc('_', to);
    for (; *path != '\0'; path++)
        fputc(*path == ' ' ? '_' : *path, to);
}

/* ":how it is called:what it may be", as _arguments has it. */
static void put_argument(const char *name, FILE *to)
{
    char words[COMPLETION_TEXT_MAX];

    switch (completion_kind(name)) {
    case COMPLETION_WORDS:
        fprintf(to, ":word:(%s)'", completion_words(name, words));
        break;
    case COMPLETION_FILE:
        fprintf(to, ":%s:_files'", name);
        break;
    case COMPLETION_DIRECTORY:
        fprintf(to, ":%s:_files -/'", name);
        break;
    case COMPLETION_NOTHING:
    default:
        fprintf(to, ":%s: '", name);
    }
}

static void put_option(const struct option_row *row, FILE *to)
{
    const char *const with = row->argument != NULL ? "=" : ""; /* --format=json too */

    fprintf(to, " \\\n        ");
    if (row->letter != 0)
        fprintf(to, "'(-%c --%s)'{-%c%s,--%s%s}'[", row->letter, row->name, row->letter,
                row->argument != NULL ? "+" : "", row->name, with);
    else
        fprintf(to, "'--%s%s[", row->name, with);
    completion_quoted(row->help, "[]:\\", "'\\''", to);
    fprintf(to, "]");
    if (row->argument != NULL)
        put_argument(row->argument, to);
    else
        fprintf(to, "'");
}

static void put_arguments(const struct options *options, FILE *to)
{
    const char *operands = options->operands;
    struct completion_operand operand;

    fprintf(to, "    _arguments -s -S '(- *)'{-h,--help}'[print help]'");
    for (size_t i = 0; i < options->count; i++)
        put_option(&options->rows[i], to);
    while (completion_next(&operands, &operand)) {
        fprintf(to, " \\\n        '%s", operand.repeats ? "*" : "");
        put_argument(operand.name, to);
    }
    fprintf(to, "\n");
}

/* The command that is typed first, and then the function for what is typed behind it. */
static void put_dispatch(const char *path, const struct command *commands, FILE *to)
{
    fprintf(to, "    local curcontext=$curcontext state line\n"
                "    local -a commands=(\n");
    for (const struct command *row = commands; row->name != NULL; row++) {
        fprintf(to, "        '%s:", row->name);
        completion_quoted(row->summary, ":\\", "'\\''", to);
        fprintf(to, "'\n");
    }
    fprintf(to,
            "    )\n\n"
            "    _arguments -C '(- *)'{-h,--help}'[print help]'%s '1: :->command' "
            "'*:: :->arguments'\n"
            "    case $state in\n"
            "    command) _describe command commands ;;\n"
            "    arguments)\n"
            "        case $line[1] in\n",
            path[0] == '\0' ? " '(- *)--version[print the version]'" : "");
    for (const struct command *row = commands; row->name != NULL; row++) {
        fprintf(to, "        %s) ", row->name);
        put_function(path, to);
        fprintf(to, "_%s ;;\n", row->name);
    }
    fprintf(to, "        esac\n"
                "        ;;\n"
                "    esac\n");
}

static void put_command(const struct completion_command *command, FILE *to)
{
    fprintf(to, "\n");
    put_function(command->path, to);
    fprintf(to, "()\n{\n");
    if (command->command->options != NULL)
        put_arguments(command->command->options, to);
    else
        put_dispatch(command->path, command->command->commands, to);
    fprintf(to, "}\n");
}

void completion_zsh(FILE *to)
{
    fputs(head, to);
    completion_each(put_command, to);
    fprintf(to, "\n_hoptell()\n{\n");
    put_dispatch("", hoptell_commands, to);
    fprintf(to, "}\n");
    fputs(tail, to);
}
