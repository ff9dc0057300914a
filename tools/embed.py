#!/usr/bin/env python3
"""Writes files as C strings: embed.py OUT.c FILE...

web/visitor.css becomes `const char web_visitor_css[]`, and `web_visitor_css_sha256[]` is the hash
of its octets as a Content-Security-Policy writes it.
"""

import base64
import hashlib
import pathlib
import re
import sys


def symbol(path):
    return re.sub(r"\W", "_", f"{path.parent.name}_{path.name}")


def literal(line):
    """One line's octets as a C string; octets outside printable ASCII as octal, always 3 digits."""
    return "".join(
        chr(octet) if 32 <= octet < 127 and octet not in b'"\\?' else f"\\{octet:03o}"
        for octet in line
    )


def embed(path):
    octets = path.read_bytes()
    digest = base64.b64encode(hashlib.sha256(octets).digest()).decode()
    yield f"extern const char {symbol(path)}[], {symbol(path)}_sha256[];"
    yield f"const char {symbol(path)}_sha256[] = \"{digest}\";"
    yield f"const char {symbol(path)}[] ="
    for line in octets.splitlines(keepends=True):
        yield f'    "{literal(line)}"'
    yield '    "";'


def main(out, names):
    lines = ["/* Made by tools/embed.py. */", ""]
    for name in names:
        lines += embed(pathlib.Path(name).resolve())
    pathlib.Path(out).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
