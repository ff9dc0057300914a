/*
 * What becomes of this machine's network interfaces while hoptell works on them: the kernel tells by
 * rtnetlink (rtnetlink(7), RTMGRP_LINK). When it had no room for its words (ENOBUFS), it is asked for
 * all interfaces anew, and what is different is told.
 */
#ifndef HOPTELL_EDGE_LINKS_H
#define HOPTELL_EDGE_LINKS_H

enum links_change {
    LINKS_UP, /* it is up, now or still: told at any change of an interface that is up */
    LINKS_DOWN,
    LINKS_GONE,
    LINKS_UNSURE, /* words were lost; it was up before and is up now, and may have been down */
};

struct links;

/* 0 and *out for links_close, or a negative errno. Needs no rights. */
int links_open(struct links **out);
void links_close(struct links *links);           /* NULL is fine */
int links_descriptor(const struct links *links); /* to poll; never blocks */

/* Calls `each` for every change since, with the interface's index. */
void links_read(struct links *links,
                void (*each)(unsigned interface, enum links_change change, void *context),
                void *context);

#endif
