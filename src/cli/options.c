/*
 * Options by getopt_long(3), with words of our own; see options.h.
 */
#include "cli/options.h"

#include "cli/command.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { VALUE_HELP = 0x100, VALUE_ROW = 0x200 }; /* above every letter */

static int print_help(const struct options *options)
{
    printf("Usage: hoptell %s %s\n\n%s\n\nOptions:\n", options->command, options->arguments,
           options->purpose);
    for (size_t i = 0; i < options->count; i++) {
        const struct option_row *row = &options->rows[i];
        const char letter[] = {row->letter ? '-' : ' ', row->letter ? row->letter : ' ',
                               row->letter ? ',' : ' ', '\0'};
        const int width = printf("  %s --%s%s%s", letter, row->name, row->argument ? " " : "",
                                 row->argument ? row->argument : "");

        printf("%*s%s\n", width < 34 ? 34 - width : 2, "", row->help);
    }
    printf("  -h, --help%22s%s\n", "", "print this");
    return OPTIONS_HELP;
}

/* getopt_long leaves the wrong word just behind it, or names the letter. */
static int say_wrong(const struct options *options, int found, char **argv)
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
    return OPTIONS_WRONG;
}

static int row_of_letter(const struct options *options, int letter)
{
    for (size_t i = 0; i < options->count; i++)
        if (options->rows[i].letter == letter)
            return (int)i;
    return OPTIONS_WRONG;
}

int options_next(const struct options *options, int argc, char **argv, const char **out_value)
{
    struct option names[OPTIONS_MAX + 2] = {{"help", no_argument, NULL, VALUE_HELP}};
    char letters[2 * OPTIONS_MAX + 3] = ":h"; /* the colon: tell a missing argument apart */
    size_t length = strlen(letters);
    int found;

    for (size_t i = 0; i < options->count && i < OPTIONS_MAX; i++) {
        const struct option_row *row = &options->rows[i];

        names[i + 1] = (struct option){row->name, row->argument ? required_argument : no_argument,
                                       NULL, VALUE_ROW + (int)i};
        if (row->letter != 0)
            letters[length++] = row->letter;
        if (row->letter != 0 && row->argument != NULL)
            letters[length++] = ':';
    }
    letters[length] = '\0';
    opterr = 0;
    found = getopt_long(argc, argv, letters, names, NULL);
    *out_value = optarg;
    if (found == -1)
        return OPTIONS_END;
    if (found == 'h' || found == VALUE_HELP)
        return print_help(options);
    if (found == '?' || found == ':')
        return say_wrong(options, found, argv);
    return found >= VALUE_ROW ? found - VALUE_ROW : row_of_letter(options, found);
}

int options_choice(const struct options *options, const char *option, const char *value,
                   const char *const *choices)
{
    char all[256] = "";

    for (int i = 0; choices[i] != NULL; i++) {
        const char *before = i == 0 ? "" : choices[i + 1] == NULL ? " or " : ", ";

        if (strcmp(choices[i], value) == 0)
            return i;
        strncat(all, before, sizeof all - strlen(all) - 1);
        strncat(all, choices[i], sizeof all - strlen(all) - 1);
    }
    command_usage(options->command, "expected %s for --%s, found '%s'", all, option, value);
    return OPTIONS_WRONG;
}
