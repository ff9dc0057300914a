/*
 * The way of a packet as a picture (SVG): a stair from the number that the sender set down to the
 * one that arrived, a step for each hop, and where the extra hop sits or would sit.
 */
#ifndef HOPTELL_SERVE_WAY_H
#define HOPTELL_SERVE_WAY_H

#include "serve/texts.h"

enum way_shape { WAY_WIDE, WAY_NARROW };

/* Puts one <svg>; ids in it are unique among the shapes. */
void way_draw(struct buffer *buffer, const struct judgement *judgement, enum language language,
              enum way_shape shape);

/* The same in a sentence, for those who do not see the picture. */
void way_title(struct buffer *buffer, const struct judgement *judgement, enum language language);

#endif
