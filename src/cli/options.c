/*
 * Options by getopt_long(3), with words of our own; see options.h.
 */
#include "cli/options.h"

#include "base/units.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_HELP = 0x100, VALUE_ROW = 0x200 }; /* above every letter */

static void print_help(const struct options *options)
{
    printf("Usage: hoptell %s [OPTION...]%s%s\n\n%s\n\nOptions:\n", options->command,
           options->operands[0] != '\0' ? " " : "", options->operands, options->purpose);
    for (size_t i = 0; i < options->count; i++) {
        const struct option_row *row = &options->rows[i];
        const char letter[] = {row->letter ? '-' : ' ', row->letter ? row->letter : ' ',
                               row->letter ? ',' : ' ', '\0'};
        const int width = printf("  %s --%s%s%s", letter, row->name, row->argument ? " " : "",
                                 row->argument ? row->argument : "");

        printf("%*s%s\n", width < 34 ? 34 - width : 2, "", row->help);
    }
    printf("  -h, --help%22s%s\n", "", "print this");
    if (options->more != NULL)
        options->more();
}

/* getopt_long leaves the wrong word just behind it, or names the letter. */
static void say_wrong_option(const struct options *options, int found, char **argv)
{
    const char letter[] = {'-', (char)optopt, '\0'};
    const bool is_letter = optopt > 0 && optopt < VALUE_HELP;
    const char *word = is_letter ? letter : argv[optind - 1];

    if (found == ':')
        command_usage(options->command, "expected an argument for the option %s, found none", word);
    else
        command_usage(options->command,
                      "expected an option that 'hoptell %s --help' tells of, "
                      "found '%s'",
                      options->command, word);
}

/* "text|json|summary" as "text, json or summary". */
static const char *choice_words(const char *argument, char *out, size_t size)
{
    size_t length = 0;

    for (const char *at = argument; *at != '\0' && length + 5 < size; at++) {
        const bool is_last = *at == '|' && strchr(at + 1, '|') == NULL;

        if (*at == '|')
            length += (size_t)snprintf(out + length, size - length, is_last ? " or " : ", ");
        else
            out[length++] = *at;
    }
    out[length] = '\0';
    return out;
}

static void say_wrong_value(const struct options *options, const struct option_row *row,
                            const char *value)
{
    char words[256];

    command_usage(options->command, "expected %s for --%s, found '%s'",
                  row->expected != NULL ? row->expected
                                        : choice_words(row->argument, words, sizeof words),
                  row->name, value);
}

static const struct option_row *row_of(const struct options *options, int found)
{
    if (found >= VALUE_ROW)
        return &options->rows[found - VALUE_ROW];
    for (size_t i = 0; i < options->count; i++)
        if (options->rows[i].letter == found)
            return &options->rows[i];
    return NULL;
}

/* getopt_long's own tables of the rows. */
struct names {
    struct option option[OPTIONS_MAX + 2];
    char letters[2 * OPTIONS_MAX + 3];
};

static void write_names(const struct options *options, struct names *out)
{
    size_t length = 2;

    *out = (struct names){
        .option = {{"help", no_argument, NULL, VALUE_HELP}},
        .letters = ":h", /* the colon: tell a missing argument apart */
    };
    for (size_t i = 0; i < options->count && i < OPTIONS_MAX; i++) {
        const struct option_row *row = &options->rows[i];

        out->option[i + 1] = (struct option){
            row->name, row->argument ? required_argument : no_argument, NULL, VALUE_ROW + (int)i};
        if (row->letter != 0)
            out->letters[length++] = row->letter;
        if (row->letter != 0 && row->argument != NULL)
            out->letters[length++] = ':';
    }
}

bool options_take(const struct options *options, int argc, char **argv, void *out,
                  enum command_status *out_status)
{
    struct names names;
    int found;

    write_names(options, &names);
    *out_status = COMMAND_USAGE;
    opterr = 0;
    while ((found = getopt_long(argc, argv, names.letters, names.option, NULL)) != -1) {
        const struct option_row *row;

        if (found == 'h' || found == VALUE_HELP) {
            print_help(options);
            *out_status = COMMAND_DONE;
            return false;
        }
        row = found == '?' || found == ':' ? NULL : row_of(options, found);
        if (row == NULL) {
            say_wrong_option(options, found, argv);
            return false;
        }
        if (!row->take(row, optarg, (char *)out + row->member)) {
            say_wrong_value(options, row, optarg);
            return false;
        }
    }
    *out_status = COMMAND_DONE;
    return true;
}

bool option_flag(const struct option_row *row, const char *value, void *out)
{
    (void)row;
    (void)value;
    *(bool *)out = true;
    return true;
}

bool option_text(const struct option_row *row, const char *value, void *out)
{
    (void)row;
    *(const char **)out = value;
    return true;
}

bool option_choice(const struct option_row *row, const char *value, void *out)
{
    const char *word = row->argument;

    for (int i = 0; word != NULL; i++) {
        const size_t length = strcspn(word, "|");

        if (strlen(value) == length && memcmp(word, value, length) == 0) {
            *(int *)out = i;
            return true;
        }
        word = word[length] == '|' ? word + length + 1 : NULL;
    }
    return false;
}

bool option_number(const struct option_row *row, const char *value, void *out)
{
    return options_number(value, row->low, row->high, out);
}

bool option_address(const struct option_row *row, const char *value, void *out)
{
    struct option_address *to = out;

    (void)row;
    to->given = units_parse_address(value, &to->address);
    return to->given;
}

bool option_prefix(const struct option_row *row, const char *value, void *out)
{
    struct option_prefix *to = out;

    (void)row;
    to->given = units_parse_prefix(value, &to->prefix);
    return to->given;
}

bool options_number(const char *text, uint32_t low, uint32_t high, uint32_t *out)
{
    char *end;
    unsigned long number;

    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    number = strtoul(text, &end, 10);
    if (errno != 0 || *end != '\0' || number < low || number > high)
        return false;
    *out = (uint32_t)number;
    return true;
}
