/*
 * Latin letters with marks and their base letters; see latin.h. The rows follow Unicode's
 * decompositions; the letters that have none there (o with a stroke, for one) are added by hand.
 */
#include "tale/latin.h"

#include <stddef.h>
#include <string.h>

/* '.': no letter of the Latin base alphabet; '+': two letters, which `pairs` has. */
static const char low_letters[] = "AAAAAA+CEEEEIIII"  /* U+00C0 */
                                  "DNOOOOO.OUUUUY++"  /* U+00D0 */
                                  "aaaaaa+ceeeeiiii"  /* U+00E0 */
                                  "dnooooo.ouuuuy+y"  /* U+00F0 */
                                  "AaAaAaCcCcCcCcDd"  /* U+0100 */
                                  "DdEeEeEeEeEeGgGg"  /* U+0110 */
                                  "GgGgHhHhIiIiIiIi"  /* U+0120 */
                                  "Ii++JjKkkLlLlLlL"  /* U+0130 */
                                  "lLlNnNnNnnNnOoOo"  /* U+0140 */
                                  "Oo++RrRrRrSsSsSs"  /* U+0150 */
                                  "SsTtTtTtUuUuUuUu"  /* U+0160 */
                                  "UuUuWwYyYZzZzZzs"  /* U+0170 */
                                  "b.....O..D....EE"  /* U+0180 */
                                  "..f....I........"  /* U+0190 */
                                  "Oo.........t...U"  /* U+01A0 */
                                  "u..............."  /* U+01B0 */
                                  ".............AaI"  /* U+01C0 */
                                  "iOoUuUuUuUuUueAa"  /* U+01D0 */
                                  "Aa..GgGgKkOoOo.."  /* U+01E0 */
                                  "j...Gg..NnAa...."  /* U+01F0 */
                                  "AaAaEeEeIiIiOoOo"  /* U+0200 */
                                  "RrRrUuUuSsTt..Hh"  /* U+0210 */
                                  "....ZzAaEeOoOoOo"  /* U+0220 */
                                  "OoYy............"; /* U+0230 */

static const char additional_letters[] = "AaBbBbBbCcDdDdDd"  /* U+1E00 */
                                         "DdDdEeEeEeEeEeFf"  /* U+1E10 */
                                         "GgHhHhHhHhHhIiIi"  /* U+1E20 */
                                         "KkKkKkLlLlLlLlMm"  /* U+1E30 */
                                         "MmMmNnNnNnNnOoOo"  /* U+1E40 */
                                         "OoOoPpPpRrRrRrRr"  /* U+1E50 */
                                         "SsSsSsSsSsTtTtTt"  /* U+1E60 */
                                         "TtUuUuUuUuUuVvVv"  /* U+1E70 */
                                         "WwWwWwWwWwXxXxYy"  /* U+1E80 */
                                         "ZzZzZzhtwyas..+."  /* U+1E90 */
                                         "AaAaAaAaAaAaAaAa"  /* U+1EA0 */
                                         "AaAaAaAaEeEeEeEe"  /* U+1EB0 */
                                         "EeEeEeEeIiIiOoOo"  /* U+1EC0 */
                                         "OoOoOoOoOoOoOoOo"  /* U+1ED0 */
                                         "OoOoUuUuUuUuUuUu"  /* U+1EE0 */
                                         "UuYyYyYyYy......"; /* U+1EF0 */

static const struct {
    uint32_t first;
    uint32_t count;
    const char *letters;
} blocks[] = {
    {0x00c0, sizeof low_letters - 1, low_letters},
    {0x1e00, sizeof additional_letters - 1, additional_letters},
};

static const struct {
    uint32_t letter;
    char folded[LATIN_FOLD_MAX + 1];
} pairs[] = {
    {0x00c6, "AE"}, {0x00de, "Th"}, {0x00df, "ss"}, {0x00e6, "ae"}, {0x00fe, "th"},
    {0x0132, "IJ"}, {0x0133, "ij"}, {0x0152, "OE"}, {0x0153, "oe"}, {0x1e9e, "SS"},
};

static bool fold_pair(uint32_t letter, char out[LATIN_FOLD_MAX + 1])
{
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (pairs[i].letter == letter) {
            memcpy(out, pairs[i].folded, sizeof pairs[i].folded);
            return true;
        }
    return false;
}

bool latin_fold(uint32_t letter, char out[LATIN_FOLD_MAX + 1])
{
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        char folded;

        if (letter < blocks[i].first || letter - blocks[i].first >= blocks[i].count)
            continue;
        folded = blocks[i].letters[letter - blocks[i].first];
        if (folded == '+')
            return fold_pair(letter, out);
        out[0] = folded;
        out[1] = '\0';
        return folded != '.';
    }
    return false;
}
