"""The Debian package, built as `make deb` does: what is in it, what Debian's rules say of it, and how
open its service is. What happens on a machine that installs it is in tests/deb."""

import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXPOSURE_MAX = 2.0
EXPOSURE_MAX_XDP = 3.5


def run(*words, **options):
    done = subprocess.run(list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False, **options)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder with the package, built from this tree."""
    folder = tmp_path_factory.mktemp("packages")
    run(ROOT / "tools" / "deb", folder)
    return folder


@pytest.fixture(scope="module")
def package(built):
    found = list(built.glob("hoptell_*.deb"))
    assert len(found) == 1
    return found[0]


@pytest.fixture(scope="module")
def unpacked(package, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    run("dpkg-deb", "-x", package, folder)
    return folder


def files_below(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def test_lintian_has_neither_errors_nor_warnings(built):
    changes, = built.glob("*.changes")
    said = subprocess.run(["lintian", "--allow-root", "--no-cfg", "--fail-on", "error,warning",
                           changes], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    assert (said.returncode, re.findall("^[EW]: .*", said.stdout, re.M)) == (0, []), said.stdout


def test_no_finding_of_lintian_is_left_out_without_a_reason():
    for overrides in (ROOT / "debian").rglob("*lintian-overrides*"):
        lines = overrides.read_text(encoding="utf-8").splitlines()
        for before, line in zip([""] + lines, lines):
            assert line.startswith("#") or before.startswith("#"), f"{overrides}: {line}"


def test_everything_is_in_it(unpacked):
    pages = {f"usr/share/man/man{page.suffix[1:]}/{page.name}.gz"
             for page in (ROOT / "man").glob("*.[1-9]")}
    assert files_below(unpacked) >= pages | {
        "usr/bin/hoptell", "etc/hoptell/hoptell.yaml", "lib/systemd/system/hoptell.service",
        "usr/lib/sysusers.d/hoptell.conf", "usr/lib/tmpfiles.d/hoptell.conf",
        "usr/share/man/man5/hoptell.yaml.5.gz", "usr/share/doc/hoptell/copyright",
        "usr/share/doc/hoptell/examples/welcome.yaml", "usr/share/doc/hoptell/examples/xdp.conf",
        "usr/share/doc/hoptell/security.md",
    }


def test_the_settings_are_the_users_to_change(package):
    assert run("dpkg-deb", "-I", package, "conffiles").split() == ["/etc/hoptell/hoptell.yaml"]


def test_the_program_answers_in_the_kernel_too(unpacked):
    """It was built with XDP."""
    assert "libxdp" in run("objdump", "-p", unpacked / "usr" / "bin" / "hoptell")


def test_package_and_program_have_one_version(package, unpacked):
    version = re.search(r"version: '([^']+)'", (ROOT / "meson.build").read_text()).group(1)
    assert run("dpkg-deb", "-f", package, "Version").strip() == version
    assert version in run(unpacked / "usr" / "bin" / "hoptell", "--version")


@pytest.fixture(scope="module")
def with_xdp(unpacked, tmp_path_factory):
    """The same with what examples/xdp.conf adds to the service."""
    root = tmp_path_factory.mktemp("with-xdp") / "root"
    shutil.copytree(unpacked, root, symlinks=True)
    additions = root / "etc/systemd/system/hoptell.service.d"
    additions.mkdir(parents=True)
    shutil.copy(root / "usr/share/doc/hoptell/examples/xdp.conf", additions)
    return root


def exposure(root):
    said = run("systemd-analyze", "security", "--offline=true", "--no-pager", f"--root={root}",
               "hoptell.service")
    return float(re.search(r"Overall exposure level for hoptell.service: ([\d.]+)", said).group(1))


def test_the_service_is_hardly_open(unpacked):
    assert exposure(unpacked) <= EXPOSURE_MAX


def test_with_xdp_it_is_somewhat_more_open(unpacked, with_xdp):
    assert exposure(unpacked) < exposure(with_xdp) <= EXPOSURE_MAX_XDP


def test_what_is_written_of_how_open_it_is_holds(unpacked, with_xdp):
    text = " ".join((ROOT / "docs" / "security.md").read_text(encoding="utf-8").split())
    assert f"`systemd-analyze security hoptell` says {exposure(unpacked)}," in text
    assert f"says {exposure(with_xdp)} with it." in text


def test_the_service_has_time_to_stop(unpacked):
    """More than twice what the program takes at most before all that is left goes to the disk."""
    unit = (unpacked / "lib/systemd/system/hoptell.service").read_text(encoding="utf-8")
    source = (ROOT / "src" / "cli" / "archive.c").read_text(encoding="utf-8")
    longest = int(re.search(r"SAVE_END_MS = (\d+)", source).group(1)) // 1000
    assert int(re.search(r"^TimeoutStopSec=(\d+)s$", unit, re.M).group(1)) > 2 * longest


def test_the_unit_is_one_that_systemd_understands(unpacked):
    said = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", "--root", unpacked,
               "hoptell.service")
    assert "Unknown" not in said and "Failed to parse" not in said, said


def test_what_xdp_adds_is_understood_too(with_xdp):
    verify = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", f"--root={with_xdp}",
              "hoptell.service"]
    said = run(*verify)
    assert "Unknown" not in said and "Failed to parse" not in said, said
    addition = with_xdp / "etc/systemd/system/hoptell.service.d/xdp.conf"
    good = addition.read_text(encoding="utf-8")
    addition.write_text(good + "Colour=blue\n", encoding="utf-8")  # it is read at all
    try:
        said = subprocess.run(verify, capture_output=True, text=True, check=False).stderr
        assert "Unknown key 'Colour'" in said
    finally:
        addition.write_text(good, encoding="utf-8")


def test_no_path_of_the_build_is_in_the_program(unpacked):
    octets = (unpacked / "usr" / "bin" / "hoptell").read_bytes()
    assert b"/tmp/" not in octets
    assert str(ROOT).encode() not in octets


def test_nothing_of_the_build_stays_in_the_tree(built):
    assert not (ROOT / "debian" / "hoptell").exists()
    assert not list(ROOT.glob("obj-*"))


def test_make_install_has_the_same_files(unpacked, tmp_path):
    """But for what Debian adds, and with the places of /usr/local."""
    run("meson", "install", "-C", ROOT / "build", "--no-rebuild", "--destdir", tmp_path)
    installed = {name.removeprefix("usr/local/") for name in files_below(tmp_path)}
    assert installed >= {"bin/hoptell", "lib/systemd/system/hoptell.service",
                         "lib/sysusers.d/hoptell.conf", "lib/tmpfiles.d/hoptell.conf",
                         "share/doc/hoptell/hoptell.yaml"}
    pages = {name.removesuffix(".gz").removeprefix("usr/") for name in files_below(unpacked)
             if "/man/" in name}
    assert {name for name in installed if "/man/" in name} == pages
    unit = tmp_path / "usr/local/lib/systemd/system/hoptell.service"
    assert "ExecStart=/usr/local/bin/hoptell run" in unit.read_text(encoding="utf-8")
