/*
 * Prints hoptell.yaml(5) as mdoc(7), from the table of settings, so that the page never disagrees
 * with what is read. Run by the build.
 */
#include "base/settings.h"

#include <stdio.h>
#include <string.h>

/*
 * A backslash means something to roff, a dot or an apostrophe at the start of a line too, quotes
 * to mdoc's macros, and a bare hyphen is a soft one.
 */
static void print_text(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if ((p == text || p[-1] == '\n') && (*p == '.' || *p == '\''))
            printf("\\&");
        if (*p == '\\')
            printf("\\e");
        else if (*p == '"')
            printf("\\(dq");
        else if (*p == '-')
            printf("\\-");
        else
            putchar(*p);
    }
}

/* mdoc wants each sentence on a line of its own. */
static void print_sentences(const char *text)
{
    const char *end;

    while ((end = strstr(text, ". ")) != NULL) {
        char sentence[512];

        snprintf(sentence, sizeof sentence, "%.*s.\n", (int)(end - text), text);
        print_text(sentence);
        text = end + 2;
    }
    print_text(text);
    putchar('\n');
}

static void print_setting(const struct settings_description *setting)
{
    printf(".It Ic ");
    print_text(setting->key);
    printf("\n");
    print_sentences(setting->help);
    printf("Expected:\n");
    print_text(setting->expected);
    printf(".\nDefault:\n.Ql ");
    print_text(setting->fallback);
    printf(" .\n");
    if (setting->fixed)
        printf("A change takes a restart.\n");
}

static const char before[] =
    ".\\\" Written by the build, from the table of settings.\n"
    ".Dd November 21, 2026\n"
    ".Dt HOPTELL.YAML 5\n"
    ".Os\n"
    ".Sh NAME\n"
    ".Nm hoptell.yaml\n"
    ".Nd settings of hoptell\n"
    ".Sh DESCRIPTION\n"
    "The settings are one mapping in YAML.\n"
    "Every setting has a default, and an empty file is a good one.\n"
    "A key with dots stands for mappings in mappings:\n"
    ".Ic watch.interfaces\n"
    "is written\n"
    ".Bd -literal -offset indent\n"
    "watch:\n"
    "  interfaces: [eth0]\n"
    ".Ed\n"
    ".Pp\n"
    "A key that is not listed here, a value of another kind and a value out of its range are\n"
    "errors; anchors, aliases and tags are not used.\n"
    "On\n"
    ".Dv SIGHUP\n"
    "the daemon reads the file again.\n"
    "The new settings take over when all of them are good and none that differs takes a restart;\n"
    "otherwise the old ones stay, and the log says why.\n"
    ".Pp\n"
    ".Ql hoptell check\n"
    "says whether a file is good, and\n"
    ".Ql hoptell check \\-\\-print\n"
    "prints all settings with their values.\n"
    ".Ss Values\n"
    ".Bl -tag -width Ds\n"
    ".It number\n"
    "Digits, with k, M or G for thousands, millions and thousands of millions:\n"
    ".Ql 64k .\n"
    ".It duration\n"
    "A number with its unit, one of us, ms, s, min (or m), h, d and w:\n"
    ".Ql 1.5s .\n"
    ".It share\n"
    "A percentage or a fraction:\n"
    ".Ql 5%\n"
    "or\n"
    ".Ql 0.05 .\n"
    ".It prefix\n"
    "An address, a slash and a length, with no bits set past it, or an address alone:\n"
    ".Ql 203.0.113.0/24 .\n"
    ".It list\n"
    "Entries in brackets, or each on a line after a hyphen; an IPv6 address in it needs quotes:\n"
    ".Ql [203.0.113.0/24, \\(dq2001:db8::/32\\(dq] .\n"
    ".El\n"
    ".Ss Settings\n"
    ".Bl -tag -width Ds\n";

static const char after[] = ".El\n"
                            ".Sh FILES\n"
                            ".Bl -tag -width Ds\n"
                            ".It Pa " SETTINGS_FILE_DEFAULT "\n"
                            "Read where no other file is named.\n"
                            ".El\n"
                            ".Sh EXAMPLES\n"
                            "A machine that watches one interface and tells one tale:\n"
                            ".Bd -literal -offset indent\n"
                            "watch: {interfaces: [eth0]}\n"
                            "own: [198.51.100.0/24]\n"
                            "tales: [panic.yaml]\n"
                            ".Ed\n"
                            ".Sh SEE ALSO\n"
                            ".Xr hoptell 1\n";

int main(void)
{
    struct settings_description setting;

    printf("%s", before);
    for (size_t i = 0; settings_describe(i, &setting); i++)
        print_setting(&setting);
    printf("%s", after);
    return ferror(stdout) || fflush(stdout) != 0;
}
