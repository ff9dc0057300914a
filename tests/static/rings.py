"""The rules of the three rings, read off the sources. Each rule takes the root of a tree and gives
its breaches as lines of text; test_rings.py holds the project against them, and small bad trees, so
that a rule that sees nothing is seen.

    core   wire, watch, tale, names, and what of base is in Meson's core list: no descriptor, no
           clock, no output, no allocation after set-up
    edge   edge, store, serve, and the rest of base: one kind of descriptor or one library a file
    glue   cli and main.c: knows everyone
"""
import pathlib
import re
import subprocess

# Which rooms of src/ a room may include from; cli and main.c may include all of them.
ROOMS = {
    "wire": {"wire"},
    "base": {"base", "wire"},
    "watch": {"watch", "base", "wire"},
    "tale": {"tale", "base", "wire"},
    "names": {"names", "tale", "base", "wire"},
    "bpf": {"bpf", "tale", "wire"},  # the kernel's side: headers that are compiled twice
    "edge": {"base", "wire"},  # and a file its own header: edges do not include each other
    "store": {"store", "watch", "base", "wire"},
    "serve": {"serve", "watch", "tale", "names", "base", "wire"},
}
# What crosses all the same: (room or file that includes, included), with the reason.
CROSSINGS = {
    # the two who read one file: libpcap, and what reads its usual records in less time
    ("edge/capture.c", "edge/savefile.h"),
    # the opening packet of hoptell's own connections comes from the socket that serve accepted
    ("serve", "edge/saved_syn.h"),
    # what kernel and user space both know of the tables; and the program itself, as a skeleton
    ("tale", "bpf/abi.h"), ("edge", "bpf/abi.h"), ("edge", "bpf/hoptell.skel.h"),
    # the stores hold the one JSON form of a judgement, not a second one
    ("store", "serve/json.h"),
}
RING_OF_ROOM = {
    "wire": "core", "watch": "core", "tale": "core", "names": "core",
    "bpf": "bpf", "edge": "edge", "store": "edge", "serve": "edge", "cli": "glue",
}
CORE_SYSTEM_HEADERS = {
    "arpa/inet.h", "assert.h", "ctype.h", "errno.h", "float.h", "inttypes.h", "limits.h", "math.h",
    "stdarg.h", "stdatomic.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h",
    "string.h",
}
CORE_LIBRARIES = {
    ("names", "ldns/ldns.h"), ("base/yaml.c", "yaml.h"), ("tale/words.c", "idn2.h"),
    ("watch/table.c", "emmintrin.h"),  # instructions of the processor, no library
}
# The objects that call these libraries, by how their functions begin; beside them core calls nothing
# but these of C's functions.
LIBRARY_CALLERS = {"ldns": "names_", "yaml": "base_yaml", "idn2": "tale_words"}
CORE_CALLS = {
    # memory that the caller gave, text, numbers
    "memchr", "memcmp", "memcpy", "memmove", "memset", "strcasecmp", "strchr", "strcmp", "strcpy",
    "strcspn", "strlen", "strncasecmp", "strncmp", "strncpy", "strnlen", "strpbrk", "strrchr",
    "strspn", "strstr", "strtod", "strtok_r", "strtol", "strtoll", "strtoul", "strtoull",
    "snprintf", "vsnprintf", "sscanf", "__isoc99_sscanf", "tolower", "toupper", "__ctype_b_loc",
    "__ctype_tolower_loc", "__ctype_toupper_loc", "__errno_location", "bsearch", "qsort",
    "inet_ntop", "inet_pton", "abort", "__assert_fail",
    # mathematics
    "ceil", "cos", "exp", "expf", "expm1", "fabs", "floor", "fmax", "fmin", "ldexp", "llround",
    "log", "log1p", "log2", "logf", "lrint", "lrintf", "lround", "nearbyint", "pow", "rint",
    "round", "sin", "sqrt", "trunc",
    # what the compiler itself adds
    "__popcountdi2", "__stack_chk_fail", "_GLOBAL_OFFSET_TABLE_", "__memcpy_chk", "__memset_chk",
    "__snprintf_chk", "__vsnprintf_chk",
    # set-up alone, which the rule of allocation looks after
    "aligned_alloc", "calloc", "free", "malloc", "realloc", "reallocarray", "strdup", "strndup",
}
ALLOCATION = re.compile(r"\b(?:malloc|calloc|realloc|reallocarray|aligned_alloc|strn?dup)\(")
LINES_MAX = 700


def sources(root, *endings):
    return sorted(p for p in (root / "src").rglob("*") if p.suffix in endings)


def name_of(root, path):
    return str(path.relative_to(root / "src"))


def room_of(name):
    return name.partition("/")[0] if "/" in name else "glue"


def includes(path):
    return re.findall(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', path.read_text(), re.M)


def meson_lists(root):
    """{ring: [file]} of src/meson.build."""
    text = (root / "src" / "meson.build").read_text()
    return {ring: re.findall(r"'([^']+)'", files)
            for ring, files in re.findall(r"^(\w+)_sources = files\(\n(.*?)^\)", text, re.M | re.S)}


def is_core(root, name):
    """Core by its room, or, for base, by Meson's list: a header goes with its source."""
    room = room_of(name)
    if room != "base":
        return RING_OF_ROOM.get(room) == "core"
    listed = meson_lists(root)
    return str(pathlib.PurePath(name).with_suffix(".c")) in listed["core"]


def unlisted_sources(root):
    """Every source is in the list of its ring, the lists are sorted and name what is there."""
    listed = meson_lists(root)
    for ring, names in listed.items():
        if names != sorted(names):
            yield f"src/meson.build: {ring}_sources is not alphabetical"
        for name in names:
            if not (root / "src" / name).exists():
                yield f"src/meson.build: {ring}_sources names {name}, which is not there"
    for path in sources(root, ".c"):
        name = name_of(root, path)
        rings = [ring for ring, names in listed.items() if name in names]
        wanted = "glue" if room_of(name) == "glue" else RING_OF_ROOM.get(room_of(name))
        if not rings:
            yield f"src/{name}: in no list of src/meson.build"
        elif len(rings) > 1 or (wanted and rings != [wanted]):
            yield f"src/{name}: expected in {wanted}_sources, found in {', '.join(rings)}"


def unlisted_tests(root):
    """Every unit test and fuzz target is built."""
    for folder, kind in (("unit", "test"), ("fuzz", "fuzz")):
        text = (root / "tests" / folder / "meson.build").read_text()
        for path in sorted((root / "tests" / folder).glob(f"{kind}_*.c")):
            noun = path.stem.removeprefix(kind + "_")
            if f"'{noun}'" not in text:
                yield f"tests/{folder}/{path.name}: not in tests/{folder}/meson.build"


def foreign_headers(root):
    """Core includes no system header and no library but those that are allowed."""
    for path in sources(root, ".c", ".h"):
        name = name_of(root, path)
        if not is_core(root, name):
            continue
        for bracket, header in includes(path):
            if bracket == '"' or header in CORE_SYSTEM_HEADERS:
                continue
            if not {(name, header), (room_of(name), header)} & CORE_LIBRARIES:
                yield f"src/{name}: core may not include <{header}>"


def crossed_rooms(root):
    """A file includes only from rooms that its own may know; every include is there."""
    for path in sources(root, ".c", ".h"):
        name = name_of(root, path)
        room = room_of(name)
        if room not in ROOMS and room not in ("glue", "cli"):
            yield f"src/{name}: {room} is no room that the rules know"
            continue
        for bracket, header in includes(path):
            if bracket == "<":
                continue
            if not (root / "src" / header).exists() and not header.endswith(".skel.h"):
                yield f"src/{name}: includes {header}, which is not in src/"
            elif not may_include(root, name, header):
                yield f"src/{name}: {room} may not include {header}"


def may_include(root, name, header):
    room, other = room_of(name), room_of(header)
    if room in ("glue", "cli") or {(room, header), (name, header)} & CROSSINGS:
        return True
    if room == "edge" and other == "edge":
        return pathlib.PurePath(name).stem == pathlib.PurePath(header).stem
    if is_core(root, name) and not is_core(root, header) and header.endswith(".h"):
        # a header without a source (wire) belongs to its room
        return (root / "src" / header).with_suffix(".c").exists() is False and other in ROOMS[room]
    return other in ROOMS[room]


def long_files(root):
    for folder, endings in (("src", (".c", ".h")), ("tests", (".c", ".h", ".py")),
                            ("lab", (".py", "")), ("tools", ("",))):
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and path.suffix in endings and "seeds" not in path.parts:
                lines = path.read_text(errors="replace").count("\n")
                if lines > LINES_MAX:
                    yield f"{path.relative_to(root)}: {lines} lines, {LINES_MAX} are the most"


def functions(text):
    """(name, body) of every function of a file in the project's brace style."""
    return re.findall(r"^[\w].*?\b(\w+)\([^;{}]*\)\n\{\n(.*?)^\}", text, re.M | re.S)


def sets_up(function, bodies):
    """A *_new or *_init, or a helper that only such functions call."""
    if function.endswith(("_new", "_init")):
        return True
    callers = [name for name, body in bodies.items()
               if name != function and re.search(rf"\b{function}\(", body)]
    return bool(callers) and all(sets_up(caller, bodies) for caller in callers)


def allocates_after_set_up(root, set_up_files):
    """Core takes memory in *_new and *_init, or in files that do nothing after set-up."""
    for path in sources(root, ".c", ".h"):
        name = name_of(root, path)
        if not is_core(root, name) or name in set_up_files:
            continue
        bodies = dict(functions(path.read_text()))
        for function, body in bodies.items():
            found = ALLOCATION.search(body)
            if found and not sets_up(function, bodies):
                yield f"src/{name}: {function} calls {found.group()}...): core allocates in *_new or *_init"


def symbols(objects):
    """(object, symbol, class, section) by nm(1), which would ask a compiler's plugin of what is to be
    compiled as one, and hear of no sections."""
    output = subprocess.run(["nm", "--plugin=/dev/null", "--format=sysv", *map(str, objects)], check=True,
                            text=True, stdout=subprocess.PIPE).stdout
    found = []
    current = ""
    for line in output.splitlines():
        if match := re.match(r"(?:Undefined s|S)ymbols from (.*):$", line):
            current = match.group(1)
        elif line.count("|") == 6:
            symbol, _, kind, _, _, _, section = (field.strip() for field in line.split("|"))
            found.append((current, symbol, kind, section))
    return found


def state_of(objects):
    """No global or static variable that can be written."""
    for where, symbol, _, section in symbols(objects):
        if section.startswith((".data", ".bss", ".tdata", ".tbss", "*COM*")) and \
                not section.startswith(".data.rel.ro"):
            yield f"{where}: {symbol} in {section}: core has no state of its own"


def foreign_calls_of(objects):
    """Core calls itself, and of C what needs neither kernel nor clock."""
    found = symbols(objects)
    own = {symbol for _, symbol, kind, _ in found if kind != "U"}
    for where, symbol, kind, _ in found:
        if kind != "U" or symbol in own or symbol in CORE_CALLS:
            continue
        caller = LIBRARY_CALLERS.get(symbol.partition("_")[0])
        if caller is None or caller not in where:
            yield f"{where}: calls {symbol}"
