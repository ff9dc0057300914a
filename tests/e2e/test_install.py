"""tools/install, with an apt-get that only tells how it was called. Each run has a mount namespace of
its own with an empty /usr/sbin and an /etc of its own, so that what it does there can be watched."""
import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
INSTALL = ROOT / "tools" / "install"
GUARD = "/usr/sbin/policy-rc.d"

APT_GET = f"""#!/bin/sh
echo "$*" >>"$CALLS"
[ ! -e {GUARD} ] || echo guarded >>"$CALLS"
case "$*" in
*update*) exit "${{UPDATE_STATUS:-0}}" ;;
*) [ -z "${{ENABLES:-}}" ] || ln -s /lib/systemd/system/x "$ENABLES"
   exit "${{INSTALL_STATUS:-0}}" ;;
esac
"""
# says of each package whether it is installed: all but those in $MISSING
DPKG_QUERY = """#!/bin/sh
for package; do :; done
case " $MISSING " in
*" $package "*) exit 1 ;;
*) printf installed ;;
esac
"""


class Machine:
    def __init__(self, folder):
        self.folder = folder
        self.bin = folder / "bin"
        self.sbin = folder / "sbin"
        self.bin.mkdir()
        self.sbin.mkdir()
        self.etc = folder / "etc"
        shutil.copytree("/etc/alternatives", self.etc / "alternatives", symlinks=True)  # awk
        (self.etc / "systemd/system/multi-user.target.wants").mkdir(parents=True)
        (self.etc / "systemd/system/multi-user.target.wants/mine.service").symlink_to("/dev/null")
        self.program("apt-get", APT_GET)
        self.program("dpkg-query", DPKG_QUERY)
        self.program("deb-systemd-helper", '#!/bin/sh\necho "$*" >>"$CALLS"\n')

    def program(self, name, text):
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)

    def run(self, *sections, path="/usr/bin:/bin", **environment):
        """(status, standard error)"""
        script = (f'mount --bind "{self.sbin}" /usr/sbin && mount --bind "{self.etc}" /etc && '
                  f'exec "{INSTALL}" "$@"')
        done = subprocess.run(
            ["unshare", "--mount", "/bin/sh", "-c", f"PATH={self.bin}:{path}; {script}", "sh",
             *sections],
            env={"PATH": os.environ["PATH"], "CALLS": str(self.folder / "calls"), "MISSING": "",
                 **environment},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stderr

    @property
    def calls(self):
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def has_guard(self):
        return (self.sbin / "policy-rc.d").exists()


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_with_nothing_missing_nothing_is_asked_of_apt(machine):
    assert machine.run("build", "run", "demo", "test") == (0, "")
    assert machine.calls == []


def test_only_what_is_missing_is_installed_and_no_service_is_started(machine):
    status, said = machine.run("build", "test", MISSING="meson mandoc traceroute")
    assert status == 0
    assert "installing: mandoc meson" in said
    update, guarded, install, guarded_too = machine.calls
    assert update.endswith("update")
    assert install.endswith("--no-install-recommends mandoc meson")
    assert guarded == guarded_too == "guarded"
    assert not machine.has_guard


@pytest.mark.parametrize("apt_status", ["0", "100"])
def test_a_service_that_was_installed_does_not_start_with_the_machine(machine, apt_status):
    link = "/etc/systemd/system/multi-user.target.wants/theirs.service"
    status, _ = machine.run("test", MISSING="haproxy", ENABLES=link, INSTALL_STATUS=apt_status)
    assert status == int(apt_status)
    assert machine.calls[-1] == "disable theirs.service"
    assert "disable mine.service" not in machine.calls


def test_cloud_init_is_kept_from_acting_where_it_is_new(machine):
    tame = machine.etc / "cloud" / "cloud-init.disabled"
    assert machine.run("test", MISSING="haproxy")[0] == 0 and not tame.exists()
    assert machine.run("test", MISSING="haproxy cloud-init")[0] == 0 and tame.exists()


def test_the_guard_is_taken_away_when_apt_fails(machine):
    status, _ = machine.run("test", MISSING="mandoc", INSTALL_STATUS="100")
    assert status == 100
    assert "guarded" in machine.calls
    assert not machine.has_guard


def test_a_guard_that_is_there_already_stays_as_it_is(machine):
    (machine.sbin / "policy-rc.d").write_text("#!/bin/sh\nexit 101\n# mine\n")
    assert machine.run("test", MISSING="mandoc")[0] == 0
    assert (machine.sbin / "policy-rc.d").read_text().endswith("# mine\n")


def test_old_package_lists_are_tried_when_new_ones_cannot_be_had(machine):
    status, said = machine.run("test", MISSING="mandoc", UPDATE_STATUS="100")
    assert status == 0
    assert "going on with the package lists that are here" in said


def test_without_rights_it_says_what_is_missing_and_asks_apt_for_nothing(machine):
    machine.program("id", "#!/bin/sh\necho 1000\n")
    status, said = machine.run("test", MISSING="mandoc scamper")
    assert status == 3
    assert said == "tools/install: expected to be root (sudo) to install: mandoc scamper\n"
    assert machine.calls == []


def test_elsewhere_than_on_debian_it_says_what_is_needed(machine):
    for name in ("apt-get", "dpkg-query"):
        (machine.bin / name).unlink()
    for name in ("awk", "dirname", "sort", "id", "sh"):
        (machine.bin / name).symlink_to(shutil.which(name))
    (machine.bin / "mount").symlink_to(shutil.which("mount"))
    status, said = machine.run("build", path="")
    assert status == 3
    assert "expected Debian, found no apt-get" in said
    assert "libpcap-dev" in said


@pytest.mark.parametrize("sections, said", [
    ([], "expected sections"),
    (["everything"], "found 'everything'"),
])
def test_a_section_that_is_not_there_is_wrong_use(machine, sections, said):
    status, error = machine.run(*sections)
    assert status == 2
    assert said in error
    assert machine.calls == []
