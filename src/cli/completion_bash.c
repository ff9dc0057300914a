/*
 * Completion for bash. Its function reads the words before the cursor into the command, the option
 * that waits for its argument, and the number of operands; one `case` of these has all answers.
 */
#include "cli/completion.h"

#include <string.h>

static const char head[] =
    "# bash completion for hoptell, as 'hoptell completion bash' prints it\n"
    "\n"
    "_hoptell()\n"
    "{\n"
    "    local line=${COMP_LINE:0:COMP_POINT} words word current command='' waiting='' operand=0\n"
    "\n"
    "    # not COMP_WORDS, in which addresses and --format=json are several words\n"
    "    read -ra words <<<\"$line\"\n"
    "    [[ $line == *[[:space:]] ]] && words+=('')\n"
    "    current=${words[-1]}\n"
    "    COMPREPLY=()\n"
    "    for word in \"${words[@]:1:${#words[@]}-2}\"; do\n"
    "        if [[ -n $waiting ]]; then\n"
    "            waiting=''\n"
    "            continue\n"
    "        fi\n"
    "        case \"$command $word\" in\n";

static const char middle[] = "        *' -'*) ;;\n"
                             "        *) operand=$((operand + 1)) ;;\n"
                             "        esac\n"
                             "    done\n"
                             "    if [[ -z $waiting && $current == --*=* ]]; then\n"
                             "        waiting=${current%%=*} current=${current#*=}\n"
                             "    elif [[ -z $waiting && $current == -* ]]; then\n"
                             "        waiting=-\n"
                             "    fi\n"
                             "    case \"$command ${waiting:-$operand}\" in\n";

static const char tail[] = "    esac\n"
                           "}\n"
                           "\n"
                           "_hoptell_words()\n"
                           "{\n"
                           "    mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$2\")\n"
                           "}\n"
                           "\n"
                           "_hoptell_files()\n"
                           "{\n"
                           "    compopt -o filenames\n"
                           "    mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$2\")\n"
                           "}\n"
                           "\n"
                           "complete -F _hoptell hoptell\n";

/* "'read --format'|'read -f'" */
static void put_option(const struct completion_command *command, const struct option_row *row,
                       FILE *to)
{
    fprintf(to, "'%s --%s'", command->path, row->name);
    if (row->letter != 0)
        fprintf(to, "|'%s -%c'", command->path, row->letter);
}

static void put_waiting(const struct completion_command *command, FILE *to)
{
    const struct options *options = command->command->options;

    for (size_t i = 0; options != NULL && i < options->count; i++)
        if (options->rows[i].argument != NULL) {
            fprintf(to, "        ");
            put_option(command, &options->rows[i], to);
            fprintf(to, ") waiting=$word ;;\n");
        }
}

static void put_command(const struct completion_command *command, FILE *to)
{
    const bool has_words = strchr(command->path, ' ') != NULL;

    fprintf(to, "        '%s%s') command='%s' ;;\n", has_words ? "" : " ", command->path,
            command->path);
}

/* What follows the pattern of a `case`. */
static void put_answer(const char *argument, FILE *to)
{
    char words[COMPLETION_TEXT_MAX];

    switch (completion_kind(argument)) {
    case COMPLETION_WORDS:
        fprintf(to, ") _hoptell_words '%s' \"$current\" ;;\n", completion_words(argument, words));
        break;
    case COMPLETION_FILE:
        fprintf(to, ") _hoptell_files -f \"$current\" ;;\n");
        break;
    case COMPLETION_DIRECTORY:
        fprintf(to, ") _hoptell_files -d \"$current\" ;;\n");
        break;
    case COMPLETION_NOTHING:
    default:
        fprintf(to, ") ;;\n");
    }
}

static void put_names(const char *path, const struct command *commands, FILE *to)
{
    fprintf(to, "    '%s 0') _hoptell_words '", path);
    for (const struct command *row = commands; row->name != NULL; row++)
        fprintf(to, "%s%s", row == commands ? "" : " ", row->name);
    fprintf(to, "' \"$current\" ;;\n");
}

static void put_answers(const struct completion_command *command, FILE *to)
{
    const struct options *options = command->command->options;
    const char *operands = options != NULL ? options->operands : "";
    struct completion_operand operand;

    fprintf(to, "    '%s -') _hoptell_words '--help", command->path);
    for (size_t i = 0; options != NULL && i < options->count; i++)
        fprintf(to, " --%s", options->rows[i].name);
    fprintf(to, "' \"$current\" ;;\n");
    for (size_t i = 0; options != NULL && i < options->count; i++)
        if (options->rows[i].argument != NULL) {
            fprintf(to, "    ");
            put_option(command, &options->rows[i], to);
            put_answer(options->rows[i].argument, to);
        }
    if (options == NULL)
        put_names(command->path, command->command->commands, to);
    for (int i = 0; completion_next(&operands, &operand); i++) {
        fprintf(to, operand.repeats ? "    '%s '*" : "    '%s %d'", command->path, i);
        put_answer(operand.name, to);
    }
}

void completion_bash(FILE *to)
{
    fputs(head, to);
    completion_each(put_waiting, to);
    completion_each(put_command, to);
    fputs(middle, to);
    fprintf(to, "    ' -') _hoptell_words '--help --version' \"$current\" ;;\n");
    put_names("", hoptell_commands, to);
    completion_each(put_answers, to);
    fputs(tail, to);
}
