"""The project against the rules of rings.py, and each rule against a small tree that breaks it."""
import pathlib
import subprocess

import pytest

import rings

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORE_ARCHIVE = ROOT / "build" / "src" / "libcore.a.p"

# Files of core that only set up, before a packet or a question has come.
SET_UP_FILES = {
    "base/setting.c",
    "base/settings.c",
    "base/yaml.c",
    "names/records.c",
    "tale/draft.c",
    "tale/hop.c",
    "tale/pool.c",
}

SOURCE_RULES = [
    rings.unlisted_sources, rings.unlisted_tests, rings.foreign_headers, rings.crossed_rooms,
    rings.long_files,
]


@pytest.mark.parametrize("rule", SOURCE_RULES, ids=lambda rule: rule.__name__)
def test_the_sources_keep(rule):
    assert list(rule(ROOT)) == []


def test_core_allocates_while_it_sets_up_and_never_after():
    assert list(rings.allocates_after_set_up(ROOT, SET_UP_FILES)) == []


def test_every_file_that_may_allocate_is_there():
    assert [name for name in SET_UP_FILES if not (ROOT / "src" / name).exists()] == []


def core_objects():
    objects = sorted(CORE_ARCHIVE.glob("*.o"))
    assert objects, f"expected objects in {CORE_ARCHIVE}, found none: build first"
    return objects


def test_core_has_no_state():
    assert list(rings.state_of(core_objects())) == []


def test_core_calls_neither_kernel_nor_clock():
    assert list(rings.foreign_calls_of(core_objects())) == []


COMPILERS = {
    "gcc": ["gcc"],
    "clang": ["clang"],
    "bpf": ["clang", "-target", "bpf", "-O2", "-ffreestanding"],
}


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("header", sorted(p.name for p in (ROOT / "src" / "wire").glob("*.h")))
def test_a_wire_header_compiles_alone(header, compiler, tmp_path):
    source = tmp_path / "alone.c"
    source.write_text(f'#include "wire/{header}"\n#include "wire/{header}"\n')
    subprocess.run([*COMPILERS[compiler], "-std=gnu17", "-Wall", "-Wextra", "-Wshadow",
                    "-Wconversion", "-Werror", f"-I{ROOT}/src", "-c", source,
                    "-o", tmp_path / "alone.o"], check=True)


# Each rule sees what breaks it


def tree(tmp_path, files, core=("watch/watch.c",), edge=("edge/tun.c",), glue=("main.c",)):
    """A tree that keeps every rule, but for `files`: {path: text}."""
    lists = {"core": core, "edge": edge, "glue": glue}
    meson = "".join(f"{ring}_sources = files(\n" + "".join(f"  '{name}',\n" for name in names) +
                    ")\n\n" for ring, names in lists.items())
    good = {
        "src/meson.build": meson,
        "src/watch/watch.c": '#include "watch/watch.h"\n\n#include <string.h>\n',
        "src/watch/watch.h": '#include "wire/packet.h"\n',
        "src/wire/packet.h": "#include <stdint.h>\n",
        "src/edge/tun.c": '#include "edge/tun.h"\n#include <unistd.h>\n',
        "src/edge/tun.h": '#include "wire/packet.h"\n',
        "src/main.c": '#include "edge/tun.h"\n#include "watch/watch.h"\n',
        "tests/unit/meson.build": "unit_tests = [\n  'watch',\n]\n",
        "tests/unit/test_watch.c": "\n",
        "tests/fuzz/meson.build": "fuzz_targets = [\n]\n",
    }
    for name, text in {**good, **files}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.mark.parametrize("rule", SOURCE_RULES, ids=lambda rule: rule.__name__)
def test_a_good_tree_passes(rule, tmp_path):
    assert list(rule(tree(tmp_path, {}))) == []


@pytest.mark.parametrize("rule, files, said", [
    (rings.unlisted_sources, {"src/watch/stack.c": ""}, "in no list"),
    (rings.unlisted_tests, {"tests/unit/test_stack.c": ""}, "not in tests/unit/meson.build"),
    (rings.unlisted_tests, {"tests/fuzz/fuzz_stack.c": ""}, "not in tests/fuzz/meson.build"),
    (rings.foreign_headers, {"src/watch/watch.h": "#include <time.h>\n"}, "<time.h>"),
    (rings.foreign_headers, {"src/watch/watch.h": "# include <unistd.h>\n"}, "<unistd.h>"),
    (rings.foreign_headers, {"src/wire/packet.h": "#include <ldns/ldns.h>\n"}, "<ldns/ldns.h>"),
    (rings.crossed_rooms, {"src/watch/watch.h": '#include "edge/tun.h"\n'}, "may not include"),
    (rings.crossed_rooms, {"src/edge/xdp.h": '#include "edge/tun.h"\n'}, "may not include"),
    (rings.crossed_rooms, {"src/edge/xdp.c": '#include "edge/savefile.h"\n',
                           "src/edge/savefile.h": ""}, "may not include"),
    (rings.crossed_rooms, {"src/edge/xdp.h": '#include "watch/watch.h"\n'}, "may not include"),
    (rings.crossed_rooms, {"src/wire/packet.h": '#include "watch/watch.h"\n'}, "may not include"),
    (rings.crossed_rooms, {"src/base/log.c": "", "src/base/log.h": "",
                           "src/watch/watch.h": '#include "base/log.h"\n'}, "may not include"),
    (rings.crossed_rooms, {"src/store/store.h": '#include "serve/serve.h"\n',
                           "src/serve/serve.h": ""}, "may not include"),
    (rings.crossed_rooms, {"src/main.c": '#include "edge/gone.h"\n'}, "not in src/"),
    (rings.crossed_rooms, {"src/utils/utils.h": ""}, "no room"),
    (rings.long_files, {"src/watch/watch.c": "\n" * 701}, "701 lines"),
    (rings.long_files, {"tests/e2e/test_all.py": "\n" * 701}, "701 lines"),
])
def test_a_breach_is_seen(rule, files, said, tmp_path):
    assert said in "\n".join(rule(tree(tmp_path, files)))


@pytest.mark.parametrize("lists, said", [
    ({"core": ("watch/watch.c", "tale/tale.c")}, "not alphabetical"),
    ({"core": ("watch/gone.c", "watch/watch.c")}, "which is not there"),
    ({"core": (), "edge": ("edge/tun.c", "watch/watch.c")}, "expected in core_sources"),
    ({"glue": ("edge/tun.c", "main.c")}, "expected in edge_sources"),
])
def test_a_wrong_list_is_seen(lists, said, tmp_path):
    assert said in "\n".join(rings.unlisted_sources(tree(tmp_path, {}, **lists)))


ALLOCATES = "struct watch *watch_{}(size_t size)\n{{\n    return malloc(size);\n}}\n"


def test_allocation_after_set_up_is_seen(tmp_path):
    root = tree(tmp_path, {"src/watch/watch.c": ALLOCATES.format("observe")})
    assert "watch_observe calls malloc(" in "\n".join(rings.allocates_after_set_up(root, set()))
    assert list(rings.allocates_after_set_up(root, {"watch/watch.c"})) == []


def test_allocation_in_new_is_fine(tmp_path):
    root = tree(tmp_path, {"src/watch/watch.c": ALLOCATES.format("new")})
    assert list(rings.allocates_after_set_up(root, set())) == []


HELPER = ("static void *room(size_t size)\n{\n    return malloc(size);\n}\n\n"
          "struct watch *watch_%s(size_t size)\n{\n    return room(size);\n}\n")


def test_a_helper_allocates_for_new_alone(tmp_path):
    root = tree(tmp_path, {"src/watch/watch.c": HELPER % "new"})
    assert list(rings.allocates_after_set_up(root, set())) == []
    root = tree(tmp_path, {"src/watch/watch.c": HELPER % "new" + HELPER % "observe"})
    assert "room calls malloc(" in "\n".join(rings.allocates_after_set_up(root, set()))


def compiled(tmp_path, text):
    source = tmp_path / "watch_watch.c"
    source.write_text(text)
    target = source.with_suffix(".c.o")
    subprocess.run(["gcc", "-O0", "-w", "-fPIC", "-flto", "-ffat-lto-objects", "-c", source, "-o", target],
                   check=True)
    return [target]


@pytest.mark.parametrize("text, said", [
    ("int seen = 1;", "seen"),
    ("int seen;", "seen"),
    ("int f(void) { static int calls; return calls++; }", "calls"),
    ("_Thread_local int seen;", "seen"),
])
def test_state_is_seen(text, said, tmp_path):
    assert said in "\n".join(rings.state_of(compiled(tmp_path, text)))


def test_constant_tables_are_no_state(tmp_path):
    text = ('static const char *const names[] = {"a", "b"};'
            'const char *f(int i) { return names[i]; }')
    assert list(rings.state_of(compiled(tmp_path, text))) == []


@pytest.mark.parametrize("call", [
    "time", "open", "socket", "printf", "puts", "fprintf", "getenv", "rand", "clock_gettime",
    "read", "pcap_next", "ldns_wire2pkt", "yaml_parser_load", "exit",
])
def test_a_foreign_call_is_seen(call, tmp_path):
    objects = compiled(tmp_path, f"int {call}(); int f(void) {{ return {call}(0); }}")
    assert f"calls {call}" in "\n".join(rings.foreign_calls_of(objects))


def test_calls_of_its_own_are_fine(tmp_path):
    text = ("#include <string.h>\nint g(char *a) { return (int)strlen(a); }"
            "int f(char *a) { return g(a); }")
    assert list(rings.foreign_calls_of(compiled(tmp_path, text))) == []
