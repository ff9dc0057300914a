"""What bash, fish and zsh complete of hoptell's commands: each shell itself is asked, as a user's Tab
would. The program is the first of the PATH, the script what it prints."""
import contextlib
import json
import os
import pty
import re
import subprocess
import threading

import pytest

from conftest import wait_until
from hoptell import PROGRAM

# what is typed, and what can follow; a set is all of it, a list some of it
TYPED = [
    ("hoptell ", ["check", "completion", "tale", "subscribers"]),
    ("hoptell s", {"stack", "subscribers"}),
    ("hoptell tale ", {"answer", "check", "import", "show", "zone"}),
    ("hoptell read --f", {"--format"}),
    ("hoptell read --format ", {"json", "summary", "text"}),
    ("hoptell read -f j", {"json"}),
    ("hoptell read --format=j", {"json"}),
    ("hoptell read --format json --rule f", {"first-drop"}),
    ("hoptell tale show --probe ", {"icmp", "other", "tcp", "udp"}),
    ("hoptell tale show --i", {"--ipv4", "--ipv6"}),
    ("hoptell tale import ", {"paris-traceroute", "scuttle", "trippy"}),
    ("hoptell completion ", {"bash", "fish", "zsh"}),
    ("hoptell label 2001:db8::1 ", {"direct", "tethered"}),
    ("hoptell label -p 443 192.0.2.1 t", {"tethered"}),
    ("hoptell read ", {"one.pcap", "two.pcap", "inner"}),
    ("hoptell read one.pcap t", {"two.pcap"}),
    ("hoptell check -c o", {"one.pcap"}),
    ("hoptell tale zone -o ", {"inner"}),
    ("hoptell tale import trippy tw", {"two.pcap"}),
    ("hoptell lookup 192.0.2.1 ", set()),
    ("hoptell lookup --wait ", set()),
]

BASH = """
source ../hidden/script
compopt() { :; }  # is for the shell that has a line to complete
for line; do
    COMP_LINE=$line COMP_POINT=${#line}
    _hoptell
    printf '%s\\n' "${COMPREPLY[@]}" ended
done
"""
FISH = """
source ../hidden/script
for line in $argv
    complete -C $line | string replace -r '\\t.*' ''
    echo ended
end
"""
# compadd is what every completion of zsh ends in; here it tells as well what it adds
ZSH = """
PROMPT='' RPROMPT=''
autoload -Uz compinit && compinit -u -D
source ../hidden/script
tell() {
    compadd() {
        local word
        local -a found
        for word; do
            case $word in
            -|--) break ;;
            -[AOD]) builtin compadd "$@"; return ;;
            esac
        done
        builtin compadd -A found "$@"
        print -rl -- $found >>../hidden/said
        builtin compadd "$@"
    }
    zle list-choices
    unfunction compadd
    print ended >>../hidden/said
    BUFFER=''
}
zle -N tell
bindkey '^I' tell
print ended >>../hidden/said
"""


def environment(directory):
    home = str(directory.parent / "hidden")
    return {**os.environ, "HOME": home, "ZDOTDIR": home, "XDG_CONFIG_HOME": home, "TERM": "dumb",
            "PATH": f"{os.path.dirname(PROGRAM)}:{os.environ['PATH']}"}


def answers(directory, *words):
    """What a shell prints for each of the lines, the last of `words`."""
    done = subprocess.run([*words, *(line for line, _ in TYPED)], cwd=directory,
                          env=environment(directory), capture_output=True, text=True, check=False,
                          timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split("ended\n")[:-1]


def ask_bash(directory):
    return answers(directory, "bash", "--norc", "-c", BASH, "bash")


def ask_fish(directory):
    return answers(directory, "fish", "--no-config", "-c", FISH)


def ask_zsh(directory):
    """zsh completes on a terminal alone."""
    said = directory.parent / "hidden" / "said"
    (directory.parent / "hidden" / ".zshrc").write_text(ZSH)
    controller, terminal = pty.openpty()
    found = []
    with subprocess.Popen(["zsh", "-i"], cwd=directory, env=environment(directory), stdin=terminal,
                          stdout=terminal, stderr=terminal, start_new_session=True) as zsh:
        os.close(terminal)
        drain = threading.Thread(target=read_all, args=(controller,))
        drain.start()
        try:
            for line in ["", *(line for line, _ in TYPED)]:
                if line:
                    os.write(controller, line.encode() + b"\t")
                wait_until(lambda: said.exists() and said.read_text().endswith("ended\n"), 30,
                           f"zsh to complete '{line}'")
                found.append(said.read_text().removesuffix("ended\n"))
                said.unlink()
        finally:
            zsh.kill()
            zsh.wait()
            drain.join()
            os.close(controller)
    return found[1:]


def read_all(terminal):
    with contextlib.suppress(OSError):  # how a terminal says that its other end is gone
        while os.read(terminal, 4096):
            pass


@pytest.fixture(scope="module", params=[ask_bash, ask_fish, ask_zsh],
                ids=["bash", "fish", "zsh"])
def completed(request, tmp_path_factory):
    """{what is typed: what the shell offers}"""
    shell = request.param.__name__.removeprefix("ask_")
    directory = tmp_path_factory.mktemp(shell) / "here"
    hidden = directory.parent / "hidden"
    for folder in (hidden, directory / "inner"):
        folder.mkdir(parents=True)
    for name in ("one.pcap", "two.pcap"):
        (directory / name).touch()
    (hidden / "script").write_text(script(shell))
    found = request.param(directory)
    return {line: {word.rstrip("/ ") for word in offered.splitlines()} - {""}
            for (line, _), offered in zip(TYPED, found, strict=True)}


def script(shell):
    return subprocess.run([PROGRAM, "completion", shell], capture_output=True, text=True,
                          check=True).stdout


@pytest.mark.parametrize("typed, expected", TYPED, ids=[line for line, _ in TYPED])
def test_a_shell_offers_what_can_follow(completed, typed, expected):
    offered = {word.split("=")[-1] for word in completed[typed]}
    if isinstance(expected, list):
        assert set(expected) <= offered
    else:
        assert offered == expected


@pytest.mark.parametrize("shell", ["bash", "fish", "zsh"])
def test_every_command_and_option_is_in_the_script(shell):
    """As the help of each says them."""
    said = script(shell)
    count = 0
    for command in subprocess.run([PROGRAM, "--help"], capture_output=True, text=True,
                                  check=True).stdout.split("\n\n")[1].splitlines()[1:]:
        name = command.split()[0]
        assert re.search(rf"\b{name}\b", said)
        helped = subprocess.run([PROGRAM, name, "--help"], capture_output=True, text=True,
                                check=True).stdout
        for option in re.findall(r"^  -?\w?,? *--([a-z0-9-]+)", helped, re.M):
            count += 1
            assert re.search(rf"(--|-l ){option}\b", said), f"{name} --{option}"
    assert count > 20


def test_the_scripts_are_where_the_shells_look_for_them(tmp_path):
    """`meson install` puts them there, as the build has made them of this very program."""
    build = os.path.dirname(PROGRAM)
    done = subprocess.run(["meson", "introspect", build, "--installed"], capture_output=True,
                          text=True, check=True)
    installed = {os.path.relpath(to, "/"): source
                 for source, to in json.loads(done.stdout).items()}
    for shell, place in (("bash", "share/bash-completion/completions/hoptell"),
                         ("fish", "share/fish/vendor_completions.d/hoptell.fish"),
                         ("zsh", "share/zsh/site-functions/_hoptell")):
        source, = (source for to, source in installed.items() if to.endswith(place))
        with open(source, encoding="utf-8") as made:
            assert made.read() == script(shell)


@pytest.mark.parametrize("words, message", [
    ([], "expected one shell (bash, fish or zsh), found 0"),
    (["csh"], "expected bash, fish or zsh, found 'csh'"),
    (["bash", "zsh"], "expected one shell (bash, fish or zsh), found 2"),
])
def test_wrong_use_says_what_was_expected(words, message):
    done = subprocess.run([PROGRAM, "completion", *words], capture_output=True, text=True,
                          check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"hoptell completion: {message}\n"
