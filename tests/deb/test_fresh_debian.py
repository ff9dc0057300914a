"""The package on a machine of its own: a Debian that has nothing but its essential packages, run by a
systemd of its own in namespaces. Installed, started, asked, reloaded, upgraded, purged; and built
twice with the same octets.

The Debian comes from the mirror that this machine uses, once, and is kept in /var/cache/hoptell-check.
"""

import contextlib
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path("/var/cache/hoptell-check")
SUITE = "bookworm"
PAGE = "http://127.0.0.1:8080/v1/me"
# What a package manager writes for itself, and what ends with the system that wrote it.
NOT_OURS = ("proc/", "sys/", "dev/", "run/", "tmp/", "var/lib/dpkg/", "var/lib/apt/", "var/log/",
            "var/cache/", "var/lib/systemd/", "var/tmp/", "root/")
RECKONED = ("etc/passwd-", "etc/group-", "etc/shadow-", "etc/gshadow-", "etc/ld.so.cache",
            "etc/subuid-", "etc/subgid-")


def run(*words, check=True, **options):
    done = subprocess.run(list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False, **options)
    assert not check or done.returncode == 0, done.stdout
    return done.stdout


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"expected {what} within {seconds} seconds")
        time.sleep(0.2)
    return found


@pytest.fixture(scope="session")
def need_root():
    if os.geteuid() != 0:
        pytest.skip("another Debian needs root")


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    """(the package, the same with a higher version)"""
    folder = tmp_path_factory.mktemp("packages")
    run(ROOT / "tools" / "deb", folder)
    first, = folder.glob("hoptell_*.deb")
    tree = folder / "next"
    run("dpkg-deb", "-R", first, tree)
    control = tree / "DEBIAN" / "control"
    text = control.read_text(encoding="utf-8")
    control.write_text(re.sub(r"^(Version: .*)$", r"\1+next", text, flags=re.M), encoding="utf-8")
    second = folder / "next.deb"
    run("dpkg-deb", "--root-owner-group", "-b", tree, second)
    return first, second


def mirror():
    said = run("apt-get", "indextargets", "--format", "$(REPO_URI)", f"Codename: {SUITE}")
    return said.split()[0].rstrip("/")


def base_archive():
    """A Debian as debootstrap makes it, with systemd; made once."""
    archive = CACHE / f"{SUITE}.tar"
    if archive.exists():
        return archive
    CACHE.mkdir(exist_ok=True)
    folder = CACHE / f"{SUITE}.new"
    shutil.rmtree(folder, ignore_errors=True)
    run("debootstrap", "--variant=minbase", "--include=systemd-sysv,dbus", SUITE, folder, mirror())
    run("tar", "-C", folder, "-cf", f"{archive}.new", ".")
    shutil.rmtree(folder)
    os.rename(f"{archive}.new", archive)
    return archive


class Machine:
    """A Debian in a folder; between boot and halt its systemd runs in namespaces."""

    def __init__(self, folder):
        self.folder = folder
        self.root = folder / "root"
        self.tun = folder / "tun"
        self.container = None
        self.init = None
        self.before = None  # its files before hoptell ran on it
        self.log = open(folder / "console", "w", encoding="utf-8")

    def inside(self, *words, **options):
        """A command where nothing runs."""
        return run("chroot", self.root, *words, env={
            "PATH": os.environ["PATH"], "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8",
        }, **options)

    def boot(self):
        os.mknod(self.tun, 0o666 | 0o020000, os.makedev(10, 200))
        os.chmod(self.tun, 0o666)  # as udev has it on a machine
        self.container = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--directory", self.root, "--register=no", "--keep-unit",
             "--private-network", f"--bind={self.tun}:/dev/net/tun",
             "--capability=CAP_NET_ADMIN,CAP_NET_RAW,CAP_BPF,CAP_PERFMON,CAP_SYS_ADMIN",
             "--system-call-filter=bpf perf_event_open", "--boot"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        wait_until(self.is_up, 120, f"a system that runs; see {self.folder / 'console'}")

    def is_up(self):
        assert self.container.poll() is None, "the container has ended"
        children = pathlib.Path(f"/proc/{self.container.pid}/task/{self.container.pid}/children")
        found = children.read_text(encoding="ascii").split()
        if not found:
            return False
        self.init = found[0]
        return self.run("systemctl", "is-system-running", check=False).strip() in (
            "running", "degraded")

    def run(self, *words, **options):
        """A command on the system that runs."""
        return run("nsenter", "-t", self.init, "-m", "-u", "-i", "-n", "-p", "-r", "-w", *words,
                   env={"PATH": os.environ["PATH"], "DEBIAN_FRONTEND": "noninteractive",
                        "LC_ALL": "C.UTF-8"}, **options)

    def get(self, url):
        """By this machine's curl, on that machine's network."""
        return run("nsenter", "-t", self.init, "-n", "curl", "-s", "-m", "10", url, check=False)

    def state_of_service(self):
        return self.run("systemctl", "is-active", "hoptell", check=False).strip()

    def property(self, name):
        return self.run("systemctl", "show", "-P", name, "hoptell").strip()

    def journal(self):
        return self.run("journalctl", "-u", "hoptell", "--no-pager", "-o", "cat")

    def install(self, package):
        shutil.copy(package, self.root / "root" / "hoptell.deb")
        return self.run("dpkg", "-i", "/root/hoptell.deb")

    def files(self):
        """{path: what is there}, without what is nobody's."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            name = str(path.relative_to(self.root))
            if name.startswith(NOT_OURS) or name in RECKONED:
                continue
            if path.is_symlink():
                found[name] = os.readlink(path)
            elif path.is_file():
                found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
            else:
                found[name] = "a directory"
        return found

    def halt(self):
        if self.container is None:
            return
        self.container.send_signal(signal.SIGTERM)
        try:
            self.container.wait(60)
        except subprocess.TimeoutExpired:
            self.container.kill()
            self.container.wait()
        self.container = None
        with contextlib.suppress(FileNotFoundError):
            self.tun.unlink()

    def settings(self, text):
        (self.root / "etc/hoptell/hoptell.yaml").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def machine(need_root, packages, tmp_path_factory):
    """A fresh Debian that has what hoptell depends on."""
    made = Machine(tmp_path_factory.mktemp("machine"))
    made.root.mkdir()
    run("tar", "-C", made.root, "-xf", base_archive())
    shutil.copy("/etc/resolv.conf", made.root / "etc/resolv.conf")
    shutil.copy(packages[0], made.root / "root" / "hoptell.deb")
    made.inside("apt-get", "-qq", "update")
    made.inside("apt-get", "-qq", "-y", "--no-install-recommends", "install", "/root/hoptell.deb")
    yield made
    made.halt()
    shutil.rmtree(made.root)


# In this order: each test goes on from where the one before it ended.


def test_it_installs_where_no_service_manager_runs(machine):
    assert "hoptell:" in (machine.root / "etc/passwd").read_text(encoding="utf-8")
    assert "sqlite:/var/lib/hoptell/hoptell.db" in machine.inside("hoptell", "check")


def test_it_goes_without_a_trace_where_none_runs(machine):
    machine.inside("dpkg", "--purge", "hoptell")
    left = [name for name in machine.files() if "hoptell" in name]
    assert left == []
    for name in ("passwd", "group", "shadow", "gshadow"):
        assert "hoptell" not in (machine.root / "etc" / name).read_text(encoding="utf-8")
    machine.before = machine.files()


def test_it_installs_and_starts(machine, packages):
    machine.boot()
    machine.install(packages[0])
    assert machine.state_of_service() == "active"
    assert machine.property("NRestarts") == "0"
    assert machine.run("systemctl", "is-enabled", "hoptell").strip() == "enabled"
    assert '"verdict"' in machine.get(PAGE)


def test_it_runs_without_rights(machine):
    status = machine.run("cat", f"/proc/{machine.property('MainPID')}/status")
    assert re.search(r"^CapEff:\t0+$", status, re.M)
    assert re.search(r"^Seccomp:\t2$", status, re.M)
    assert not re.search(r"^Uid:.*\b0\b", status, re.M)


def test_a_tale_is_told(machine):
    shutil.copy(ROOT / "examples" / "welcome.yaml", machine.root / "etc/hoptell")
    machine.settings('own: [198.51.100.0/24, 203.0.113.0/24, "2001:db8::/32"]\n'
                     "tales: [welcome.yaml]\ntun: {addresses: [198.51.100.1]}\n"
                     'names: {listen: ["127.0.0.77:53"]}\n')
    machine.run("systemctl", "restart", "hoptell")
    walked = run("nsenter", "-t", machine.init, "-n", "traceroute", "-n", "-q1", "-w5",
                 "203.0.113.9")
    assert "198.51.100.17 " in walked and walked.splitlines()[-1].split()[1] == "203.0.113.9"


def programs(machine):
    """Interfaces with an XDP program."""
    found = json.loads(run("nsenter", "-t", machine.init, "-n", "ip", "-j", "link"))
    return [link["ifname"] for link in found if "xdp" in link]


def test_with_what_xdp_adds_the_service_answers_in_the_kernel(machine):
    folder = machine.root / "etc/systemd/system/hoptell.service.d"
    settings = machine.root / "etc/hoptell/hoptell.yaml"
    before = settings.read_text(encoding="utf-8")
    run("nsenter", "-t", machine.init, "-n", "ip", "link", "add", "left", "type", "veth", "peer",
        "right")
    for name in ("left", "right"):
        run("nsenter", "-t", machine.init, "-n", "ip", "link", "set", name, "up")
    folder.mkdir()
    shutil.copy(machine.root / "usr/share/doc/hoptell/examples/xdp.conf", folder)
    machine.settings(before + "datapath: xdp\nxdp: {interfaces: [left]}\n"
                              "watch: {interfaces: [left], datapath: xdp}\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "hoptell")
    assert programs(machine) == ["left"]
    status = machine.run("cat", f"/proc/{machine.property('MainPID')}/status")
    assert re.search(r"^CapEff:\t0+$", status, re.M) and re.search(r"^Seccomp:\t2$", status, re.M)
    assert not re.search(r"^Uid:.*\b0\b", status, re.M)
    assert '"verdict"' in machine.get(PAGE)
    machine.run("systemctl", "stop", "hoptell")
    assert programs(machine) == []
    shutil.rmtree(folder)
    machine.settings(before)
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "hoptell")
    run("nsenter", "-t", machine.init, "-n", "ip", "link", "del", "left")


def test_good_settings_are_taken_over_by_a_reload(machine):
    process = machine.property("MainPID")
    machine.run("systemctl", "reload", "hoptell")
    wait_until(lambda: "are in force" in machine.journal(), 20, "the new settings in force")
    assert machine.property("MainPID") == process


def test_wrong_settings_are_said_by_a_reload_and_change_nothing(machine):
    good = (machine.root / "etc/hoptell/hoptell.yaml").read_text(encoding="utf-8")
    process = machine.property("MainPID")
    machine.settings(good + "colour: blue\n")
    assert "failed" in machine.run("systemctl", "reload", "hoptell", check=False)
    assert "expected a setting, found 'colour'" in machine.journal()
    assert (machine.state_of_service(), machine.property("MainPID")) == ("active", process)
    machine.settings(good)


def test_it_starts_again_after_a_crash(machine):
    process = machine.property("MainPID")
    machine.run("systemctl", "kill", "--signal=SIGKILL", "--kill-who=main", "hoptell")
    wait_until(lambda: machine.state_of_service() == "active" and
               machine.property("MainPID") not in ("0", process), 30, "another process")


def stored(machine):
    database = machine.root / "var/lib/hoptell/hoptell.db"
    return int(run("sqlite3", "-readonly", f"file:{database}?immutable=1",
                   "SELECT count(*) FROM observation"))


def test_an_upgrade_keeps_settings_and_data(machine, packages):
    machine.get(PAGE)
    machine.run("systemctl", "stop", "hoptell")
    settings = (machine.root / "etc/hoptell/hoptell.yaml").read_text(encoding="utf-8")
    before = stored(machine)
    assert before > 0
    machine.run("systemctl", "start", "hoptell")
    process = machine.property("MainPID")
    machine.install(packages[1])
    assert machine.run("dpkg-query", "-W", "-f", "${Version}", "hoptell").endswith("+next")
    assert machine.state_of_service() == "active"
    assert machine.property("MainPID") != process
    assert (machine.root / "etc/hoptell/hoptell.yaml").read_text(encoding="utf-8") == settings
    machine.run("systemctl", "stop", "hoptell")
    assert stored(machine) >= before


def test_a_removal_keeps_settings_and_data(machine, packages):
    machine.run("dpkg", "--remove", "hoptell")
    assert (machine.root / "etc/hoptell/hoptell.yaml").exists()
    assert (machine.root / "var/lib/hoptell/hoptell.db").exists()
    machine.install(packages[1])
    assert machine.state_of_service() == "active"


def test_a_purge_leaves_no_trace(machine):
    (machine.root / "etc/hoptell/welcome.yaml").unlink()  # what a user put there is the user's
    machine.run("dpkg", "--purge", "hoptell")
    assert machine.state_of_service() != "active"
    assert "hoptell" not in run("nsenter", "-t", machine.init, "-n", "ip", "-br", "link")
    machine.halt()
    after = machine.files()
    changed = {name: (machine.before.get(name), after.get(name))
               for name in machine.before.keys() | after.keys()
               if machine.before.get(name) != after.get(name)}
    assert {name for name in changed if "hoptell" in name} == set()
    # and of the rest what the first boot of a system writes
    assert set(changed) <= {"etc/machine-id", "etc/resolv.conf", "etc/hostname", "etc/.updated",
                            "var/.updated", "var/lib/private", "etc/localtime", "etc/timezone",
                            "var/lib/dbus", "var/lib/dbus/machine-id"}, changed


def test_two_builds_have_the_same_octets(packages, tmp_path):
    """In another folder, another time zone, another language, with another mask."""
    deeper = tmp_path / "somewhere" / "else"
    deeper.mkdir(parents=True)
    run(ROOT / "tools" / "deb", tmp_path / "again",
        env={**os.environ, "TMPDIR": str(deeper), "TZ": "Pacific/Kiritimati", "LC_ALL": "C"},
        umask=0o077)
    again, = (tmp_path / "again").glob("hoptell_*.deb")
    assert again.read_bytes() == packages[0].read_bytes()
