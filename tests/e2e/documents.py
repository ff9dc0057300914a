"""The examples of the documents: where they stand, and where each can be run.

A block of a Markdown page (indented by four, or fenced) and an example of a manual page (.Dl, .Bd) is
settings, a tale, or commands, a line each; what stands two or more spaces behind a command is a remark.
`place_of` says where a command is run. A new command of hoptell needs nothing here: it runs in a
folder with the files of FILES, or, when DAEMON matches it, where a daemon runs. Others are not tried
unless HARMLESS knows them.
"""

import pathlib
import re
import textwrap

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
MANUAL = sorted((ROOT / "man").glob("*.[1-9]"))
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md"),
                *ROOT.glob("lab/*.md"), *ROOT.glob("examples/**/*.md")])

# Blocks that are no examples: (page, how they begin), with what they are.
NO_EXAMPLES = {
    ("README.md", "phone"): "a transcript of the lab; test_readme.py and test_demo.py hold it",
    ("README.md", "laptop"): "another one",
    ("CONTRIBUTING.md", "src/wire/"): "the folders",
    ("lab/README.md", "laptop - phone1"): "a picture",
    ("docs/vps.md", "net.ipv6.conf"): "sysctl.d of a machine with a link of its own",
    ("man/hoptell-stack.1", "with shipped"): "a table of stacks; test_stack.py reads such ones",
}
# Commands that are not run from here: (page, pattern), with who runs them, or why nobody does.
NOT_RUN = {
    ("README.md", r"sudo apt install \./build"): "make check-deb does, in a Debian of its own",
    ("CONTRIBUTING.md", r"tools/check "): "this runs in it",
    ("docs/aws.md", r"aws "): "it would take an account, and money",
    ("docs/performance.md", r"sudo bench/run "): "minutes; test_bench.py runs its programs",
    ("lab/README.md", r"sudo lab/"): "test_lab.py and test_demo.py do",
    ("lab/README.md", r"lab/accuracy\.py |ninja .*lab/fit\.py "):
        "minutes; what comes of them is in docs/accuracy.md and src/watch",
    ("examples/*/*", r"apt install |a2dissite |mariadb <|(mkdir|cp) .*/(etc|srv)\b|.*systemctl reload"):
        "test_sites.py and test_lamp.py run these files, without changing this machine",
    ("examples/clients/*", r"\./lookup\.py |cc "): "test_sites.py does",
    ("examples/prometheus/*", r"promtool "): "test_metrics.py does",
    ("man/hoptell-read.1", r"tcpdump -i eth0 "): "it has no end; test_read.py reads from a pipe",
    ("man/hoptell-completion.1", r"hoptell completion fish "): "test_completion.py does, in fish",
    ("man/hoptell-top.1", r"hoptell top$"): "it has no end; test_top.py does, in a terminal",
}
# What is run here begins with one of these: no example of somebody's may change the machine.
HARMLESS = r"(hoptell|examples/with-tale|source <\(hoptell|printf|cat|cmp|diff|for \w+ in)\b"
# Commands that ask a daemon.
DAEMON = r"hoptell (lookup|networks|subscribers|label|top|export|import|walks?)\b|.*\bpgrep\b"
# Files that examples name: what each is in the tree, or its text.
FILES = {
    "visitors.pcap": ROOT / "examples/hotspot.pcap",
    "monday.pcap": ROOT / "examples/hotspot.pcap",
    "tuesday.pcap": ROOT / "examples/hotspot.pcap",
    "truth.csv": "address,port,label\n192.0.2.1,38950,tethered\n",
    "phones.csv": "address,port,stack\n192.0.2.10,0,android\n192.0.2.11,0,ios\n",
    "panic.yaml": ROOT / "examples/welcome.yaml",
    "198.51.100.9-diamond": ROOT / "tests/import/paris-traceroute/198.51.100.9-diamond",
    "ipv4_icmp_gaps.toml": ROOT / "tests/import/trippy/gap.toml",
}


def name_of(page):
    return str(page.relative_to(ROOT))


def of_markdown(text):
    """The blocks of a Markdown page, without indentation or fence."""
    text = re.sub(r"^```\w*\n(.*?)^```$", lambda fence: textwrap.indent(fence.group(1), "    "),
                  text, flags=re.M | re.S)
    found = re.findall(r"(?:(?<=\n\n)|(?<=\A))((?:^    .*\n(?:\n(?=    ))*)+)", text, re.M)
    return [textwrap.dedent(block) for block in found]


def unescaped(text):
    r"""mandoc's \e, \(dq, \- and \& as they are printed."""
    for written, printed in ((r"\(dq", '"'), (r"\(aq", "'"), (r"\-", "-"), (r"\&", ""), (r"\e", "\\")):
        text = text.replace(written, printed)
    return text


def of_manual(text):
    """.Dl lines, each a block, and what stands between .Bd and .Ed."""
    displays = re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", text, re.M | re.S)
    return [unescaped(block) for block in re.findall(r"^\.Dl (.*\n)", text, re.M) + displays]


def blocks():
    """[(page, block)] of all documents."""
    found = []
    for page in PAGES + MANUAL:
        of = of_markdown if page.suffix == ".md" else of_manual
        found += [(name_of(page), block) for block in of(page.read_text(encoding="utf-8"))]
    return found


def is_named(table, page, text):
    """Whether `table` has the page, or its folder with a star, and how the text begins."""
    return any(pathlib.PurePath(page).match(name) and re.match(beginning, text)
               for name, beginning in table)


def is_no_example(page, block):
    return any(page == name and block.startswith(beginning) for name, beginning in NO_EXAMPLES)


def mapping_of(block):
    """The block as a YAML mapping, or nothing."""
    try:
        found = yaml.safe_load(block)
    except yaml.YAMLError:
        return None
    return found if isinstance(found, dict) else None


def kind_of(page, block):
    """'tale', 'settings', 'commands', or 'none' for what is no example."""
    if is_no_example(page, block):
        return "none"
    mapping = mapping_of(block)
    if mapping is None:
        return "commands"
    return "tale" if "hops" in mapping else "settings"


def commands_of(block):
    """Its commands; a line that a backslash, a pipe or a 'do' leaves open goes on with the next. With
    prompts ('$ ', '# ') the other lines are what is printed."""
    lines = block.splitlines()
    if any(re.match(r"[$#] ", line) for line in lines):
        return [line[2:] for line in lines if re.match(r"[$#] ", line)]
    found, open_line = [], ""
    for line in filter(None, lines):
        if not open_line and line.startswith(" "):
            continue  # more of the remark above
        open_line += line + "\n"
        if not re.search(r"\\$", line) and open_line.count(" do\n") == len(
                re.findall(r"^done$", open_line, re.M)):
            found.append(without_remark(open_line.rstrip("\n")))
            open_line = ""
    return found


def without_remark(command):
    """Without what stands two spaces or more behind it, outside of quotes."""
    for gap in re.finditer(r" {2,}", command if "\n" not in command else ""):
        before = command[:gap.start()]
        if before and before.count("'") % 2 == 0 and before.count('"') % 2 == 0:
            return before
    return command


def place_of(page, command):
    """'nowhere' (with a reason), 'make', 'daemon', 'folder'; 'unknown' is not tried."""
    if is_named(NOT_RUN, page, command):
        return "nowhere"
    if re.match(r"(sudo )?make\b", command):
        return "make"
    if re.match(DAEMON, command):
        return "daemon"
    return "folder" if re.match(HARMLESS, command) else "unknown"


def examples(*kinds):
    return [(page, block) for page, block in blocks() if kind_of(page, block) in kinds]


def commands():
    """[(page, the commands of one block, which share a folder)]; the README's with prompts are
    test_readme.py's, which looks at what they print too."""
    return [(page, commands_of(block)) for page, block in examples("commands")
            if not (page == "README.md" and block.startswith("$ "))]
