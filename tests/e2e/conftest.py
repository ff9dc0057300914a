"""What the end-to-end tests share: a lab of their own, built once, and commands on its hosts."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import zlib

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "lab"))

import plan  # noqa: E402

LAB = os.path.join(ROOT, "lab", "lab")


def pytest_configure():
    """What a shell starts in the background ignores Ctrl-C, and so would all that is started here."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def wait_until(condition, seconds=30, what="the condition"):
    """Looks at `condition` until it gives something true, and returns that. Only a failure takes
    all of the time, so that there is enough of it for a slow machine under load."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            pytest.fail(f"expected {what} within {seconds} seconds")
        time.sleep(0.02)


class LabInUse:
    """A lab that stands; its hosts run commands."""

    def __init__(self, prefix):
        self.prefix = prefix

    def tool(self, *words, check=True):
        done = subprocess.run([LAB, "--prefix", self.prefix, *words], capture_output=True,
                              text=True, check=False, timeout=60)
        if check:
            assert done.returncode == 0, done.stderr
        return done

    def namespace(self, host):
        return f"{self.prefix}-{host}"

    def words(self, host, *command):
        return ["ip", "netns", "exec", self.namespace(host), *command]

    def run(self, host, *command, timeout=60, check=True):
        """The standard output of `command` on `host`."""
        done = subprocess.run(self.words(host, *command), capture_output=True, text=True,
                              check=False, timeout=timeout)
        if check:
            assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self, host, *command, **options):
        return subprocess.Popen(self.words(host, *command), **options)

    def address(self, host, family):
        return plan.address_of(host, family)


def own_prefix(purpose):
    """The same in every run from this tree, so that a run cleans up after one that was killed."""
    return f"hoptell-{purpose}-{zlib.crc32(ROOT.encode()):08x}"


@contextlib.contextmanager
def public_directory():
    """A directory that hoptell can read when it has given up root; pytest's own it cannot."""
    with tempfile.TemporaryDirectory(prefix="hoptell-e2e-") as directory:
        os.chmod(directory, 0o755)
        yield directory


@pytest.fixture
def public(need_root):
    with public_directory() as directory:
        yield directory


@pytest.fixture(scope="session")
def need_root():
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")


@pytest.fixture(scope="session")
def lab(need_root):
    built = LabInUse(own_prefix("e2e"))
    built.tool("down")
    built.tool("up")
    yield built
    built.tool("down")


@pytest.fixture(name="places", scope="module", params=["sqlite", "mariadb"])
def places_fixture(request):
    """Makes sites, each with an empty store of its own, of each kind."""
    import places  # pylint: disable=import-outside-toplevel

    with places.places(request.param) as make:
        yield make
