"""The cloud-init files of examples/cloud-init: what they hold is valid, and does its work in the lab."""

import contextlib
import os
import pathlib
import re
import subprocess

import pytest
import yaml

from conftest import ROOT, wait_until
from hoptell import PROGRAM, Hoptell, show

FILES = pathlib.Path(ROOT) / "examples" / "cloud-init"
JOBS = ("watch", "lamp", "tale")
USER_DATA_MAX = 16 * 1024  # EC2's
PREFIX = "2001:db8:42:1:2::/80"  # routed to the site
TARGET = "2001:db8:42:1:2::9"

# What EC2's metadata service says, to whoever shows its token.
METADATA = f"""
import http.server
BASE = "/latest/meta-data/"
ANSWERS = {{BASE + "mac": "02:00:00:00:00:01",
           BASE + "network/interfaces/macs/02:00:00:00:00:01/ipv6-prefix": "{PREFIX}"}}
class Handler(http.server.BaseHTTPRequestHandler):
    def say(self, status, text=""):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())
    def do_PUT(self):
        right = self.path == "/latest/api/token" and self.headers[
            "X-aws-ec2-metadata-token-ttl-seconds"]
        self.say(200 if right else 400, "a token")
    def do_GET(self):
        if self.headers["X-aws-ec2-metadata-token"] != "a token":
            self.say(401)
        else:
            self.say(200 if self.path in ANSWERS else 404, ANSWERS.get(self.path, ""))
    def log_message(self, *_):
        pass
http.server.HTTPServer(("169.254.169.254", 80), Handler).serve_forever()
"""


def config(job):
    return yaml.safe_load((FILES / f"{job}.yaml").read_text(encoding="utf-8"))


def written(job, path):
    """The content of a file that cloud-init writes."""
    return next(file for file in config(job)["write_files"] if file["path"] == path)["content"]


@pytest.mark.parametrize("job", JOBS)
def test_cloud_init_takes_it(job):
    file = FILES / f"{job}.yaml"
    done = subprocess.run(["cloud-init", "schema", "--config-file", file], capture_output=True,
                          text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert file.stat().st_size <= USER_DATA_MAX


@pytest.mark.parametrize("job", JOBS)
def test_what_it_runs_is_there(job):
    (script,) = config(job)["runcmd"]
    subprocess.run(["sh", "-n"], input=script, text=True, check=True, timeout=60)
    targets = re.findall(r"^make (\w+)$", script, re.M)
    makefile = (pathlib.Path(ROOT) / "Makefile").read_text(encoding="utf-8")
    assert targets == ["install"] and re.search("^install:", makefile, re.M)
    assert os.access(os.path.join(ROOT, "tools", "install"), os.X_OK)
    assert "\ntools/install build\n" in script
    named = re.findall(r"\bexamples/\S+", script)
    assert all((pathlib.Path(ROOT) / name).is_file() for name in named), named


@pytest.mark.parametrize("job", JOBS)
def test_its_unit_is_one(job, tmp_path):
    """But for the programs, which are not installed where tests run."""
    unit = written(job, "/etc/systemd/system/hoptell.service")
    (tmp_path / "hoptell.service").write_text(
        unit.replace("/usr/local/bin/hoptell", "/bin/true")
        .replace("/usr/local/sbin/hoptell-place", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", tmp_path / "hoptell.service"],
                          capture_output=True, text=True, check=False, timeout=60)
    ours = [line for line in done.stderr.splitlines() if "hoptell.service" in line]
    assert (done.returncode, ours) == (0, []), done.stderr


@pytest.mark.parametrize("job", ["watch", "lamp"])
def test_the_settings_that_watch_are_good(job, tmp_path):
    settings = tmp_path / "hoptell.yaml"
    settings.write_text(written(job, "/etc/hoptell/hoptell.yaml"))
    done = subprocess.run([PROGRAM, "check", "-c", settings], capture_output=True, text=True,
                          check=False, timeout=60)
    assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def metadata(lab):
    """While the site is an instance of EC2."""
    lab.run("site", "ip", "address", "add", "169.254.169.254/32", "dev", "lo")
    service = lab.start("site", "/usr/bin/python3", "-c", METADATA)
    try:
        wait_until(lambda: "169.254.169.254:80 " in lab.run("site", "ss", "-Hltn"),
                   what="the metadata service")
        yield
    finally:
        service.kill()
        service.wait()
        lab.run("site", "ip", "address", "del", "169.254.169.254/32", "dev", "lo")


def place(lab, directory):
    """What the unit runs before hoptell."""
    return lab.run("site", "/usr/bin/python3", "-c",
                   written("tale", "/usr/local/sbin/hoptell-place"), directory)


@pytest.fixture(params=["prefix of the file", "prefix of EC2"])
def placed(request, lab, public):
    """The directory, as it is before hoptell starts."""
    given = request.param == "prefix of the file"
    for name, text in (("prefix", PREFIX + "\n" if given else written("tale", "/etc/hoptell/prefix")),
                       ("story.yaml", written("tale", "/etc/hoptell/story.yaml"))):
        with open(os.path.join(public, name), "w", encoding="utf-8") as file:
            file.write(text)
    try:
        with contextlib.nullcontext() if given else metadata(lab):
            place(lab, public)
            place(lab, public)  # as at each start
        yield public
    finally:
        lab.run("site", "ip", "-6", "address", "del", f"{TARGET}/128", "dev", "up0", check=False)


def test_the_tale_is_told_from_the_prefix(lab, placed):
    """By the kernel's own XDP: a driver of veth needs a program at its other end."""
    with open(os.path.join(placed, "hoptell.yaml"), encoding="utf-8") as file:
        settings = file.read()
    assert "user: hoptell\n" in settings and "xdp: {interfaces: [up0]}" in settings
    settings = settings.replace("user: hoptell\n", "user: nobody\nstore: none\n").replace(
        "{interfaces: [up0]}", "{interfaces: [up0], mode: generic}")
    hoptell = Hoptell(lab, placed, settings)
    tale = os.path.join(placed, "tale.yaml")
    expected = [(line["address"], line["name"]) for line in show(tale, 6)["lines"]]
    assert len(expected) == 6 and expected[-1][0] == TARGET
    try:
        hoptell.start()
        printed = lab.run("phone2", "traceroute", "-6", "-n", "-q1", "-w5", TARGET)
        seen = re.findall(r"^ *\d+  (2001:db8:42:1:2:\S+) ", printed, re.M)
        assert seen == [address for address, _ in expected], printed
        for address, name in expected[:-1]:
            answer = lab.run("phone2", "dig", "+short", f"@{TARGET}", "-x", address)
            assert answer == f"{name}.\n"
        answer = lab.run("phone2", "dig", "+short", f"@{TARGET}", "AAAA", "tale.example.net")
        assert answer == f"{TARGET}\n"
    finally:
        hoptell.kill()
