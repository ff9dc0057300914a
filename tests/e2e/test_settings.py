"""`hoptell check`, by pairs in tests/settings: NAME.yaml goes in, NAME.expected is what comes out
(errors and warnings, then the summary, then the exit status)."""

import json
import pathlib
import subprocess

import pytest

from hoptell import PROGRAM

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAIRS = ROOT / "tests" / "settings"
NAMES = sorted(path.stem for path in PAIRS.glob("*.yaml"))
GOOD = [name for name in NAMES
        if "exit status 0" in (PAIRS / f"{name}.expected").read_text(encoding="utf-8")]


def check(*words, folder=PAIRS):
    return subprocess.run([PROGRAM, "check", *words], cwd=folder, capture_output=True, text=True,
                          check=False, timeout=60)


def values(printed):
    """What --print says, without its comments."""
    return [line for line in printed.splitlines() if line and not line.lstrip().startswith("#")]


def test_every_file_has_its_pair():
    assert NAMES and NAMES == sorted(path.stem for path in PAIRS.glob("*.expected"))


@pytest.mark.parametrize("name", NAMES)
def test_pair(name):
    done = check("-c", f"{name}.yaml")
    said = f"{done.stderr}{done.stdout}exit status {done.returncode}\n"
    assert said == (PAIRS / f"{name}.expected").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", GOOD)
def test_what_is_printed_is_the_same_configuration(name, tmp_path):
    for named in ("tales", "stacks", "networks.csv"):
        (tmp_path / named).symlink_to(PAIRS / named)
    printed = check("-c", f"{name}.yaml", "--print").stdout
    (tmp_path / "printed.yaml").write_text(printed, encoding="utf-8")
    assert check("-c", "printed.yaml", "--print", folder=tmp_path).stdout == printed
    assert check("-c", "printed.yaml", folder=tmp_path).stdout == check("-c", f"{name}.yaml").stdout


def test_print_shows_what_the_file_says():
    printed = values(check("-c", "everything.yaml", "--print").stdout)
    written = values((PAIRS / "everything.yaml").read_text(encoding="utf-8"))
    assert printed == written


def test_the_shipped_example_is_good_and_says_the_defaults(tmp_path):
    shipped = ROOT / "etc" / "hoptell.yaml"
    (tmp_path / "empty.yaml").write_text("", encoding="utf-8")
    done = check("-c", str(shipped), "--print")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == check("-c", "empty.yaml", "--print", folder=tmp_path).stdout


def test_what_the_shipped_example_suggests_is_good(tmp_path):
    """The lines between comment signs, with the tale that ships."""
    lines = (ROOT / "etc" / "hoptell.yaml").read_text(encoding="utf-8").splitlines()
    suggested = [line.removeprefix("#   ") for line in lines if line.startswith("#   ")]
    (tmp_path / "try.yaml").write_text("\n".join(suggested) + "\n", encoding="utf-8")
    (tmp_path / "welcome.yaml").symlink_to(ROOT / "examples" / "welcome.yaml")
    done = check("-c", "try.yaml", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_settings_for_trying_are_good():
    done = check("-c", "tools/run.yaml", folder=ROOT)
    assert (done.returncode, done.stderr) == (0, "")


def test_json_says_the_same_as_the_text():
    text = check("-c", "everything.yaml").stdout
    done = check("-c", "everything.yaml", "--format", "json")
    assert done.stdout.count("\n") == 1
    found = json.loads(done.stdout)
    for listener in found["visitors"] + found["operators"] + found["names"]:
        assert listener in text
    for tale in found["tales"]:
        assert f"{tale['file']}, {tale['hops']} hops, at {', '.join(tale['targets'])}" in text
    assert f"{found['store']}, for {found['keep']}" in text


def test_a_tale_may_be_anywhere(tmp_path):
    tale = PAIRS / "tales" / "other.yaml"
    (tmp_path / "anywhere.yaml").write_text(f"own: [198.51.100.0/24]\ntales: [{tale}]\n",
                                            encoding="utf-8")
    done = check("-c", tmp_path / "anywhere.yaml", folder="/")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{tale}, 2 hops, at 203.0.113.64/26\n" in done.stdout


def test_without_a_file_every_setting_has_its_default():
    usual = pathlib.Path("/etc/hoptell/hoptell.yaml")
    done = check()
    wanted = check("-c", usual if usual.exists() else "empty.yaml")
    assert (done.returncode, done.stdout, done.stderr) == (wanted.returncode, wanted.stdout,
                                                           wanted.stderr)


def test_standard_input_is_a_file_too():
    done = subprocess.run([PROGRAM, "check", "-c", "-"], input="keep: 5\n", capture_output=True,
                          text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr == "-:1:7: error: keep: expected a duration from 1min to 3650d, found '5'\n"


@pytest.mark.parametrize("words, status, said", [
    (["-c", "absent.yaml"], 3,
     "absent.yaml: error: expected settings to read: No such file or directory\n"),
    (["-c", "tales"], 3, "tales: error: expected settings to read: Is a directory\n"),
    (["--format", "xml"], 2, "hoptell check: expected text or json for --format, found 'xml'\n"),
    (["everything.yaml"], 2, "hoptell check: expected options alone, found 'everything.yaml'\n"),
    (["--print", "--format", "json"], 2,
     "hoptell check: expected --print or --format json, found both\n"),
])
def test_wrong_use(words, status, said):
    done = check(*words)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", said)


def test_a_file_that_is_too_long_is_not_read(tmp_path):
    (tmp_path / "long.yaml").write_text("#" * (1 << 20) + "\n", encoding="utf-8")
    done = check("-c", "long.yaml", folder=tmp_path)
    assert done.returncode == 3
    assert done.stderr == "long.yaml: error: expected at most 1048576 octets, found more\n"
