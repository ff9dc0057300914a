"""Network namespaces and the commands that run in them. The one file that talks to the kernel."""

import contextlib
import fcntl
import os
import signal
import subprocess
import time

ETC = "/etc/netns"
RUN = "/run/netns"


class LabError(Exception):
    """What was expected and what was found, for people."""


def run(command, text=None):
    """Runs `command`; its standard output. A failure is a LabError with what it said."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"expected '{' '.join(command)}' to work, found: "
                       f"{(done.stderr or done.stdout).strip()}")
    return done.stdout


def inside(namespace, command, text=None):
    return run(["ip", "netns", "exec", namespace] + command, text)


def ip_batch(namespace, lines):
    if lines:
        run(["ip", "-n", namespace, "-batch", "-"], "\n".join(lines) + "\n")


def exists(namespace):
    return os.path.exists(f"{RUN}/{namespace}")


def processes(namespace):
    """Of every process in it, the id."""
    return [int(word) for word in run(["ip", "netns", "pids", namespace]).split()]


def wait_until(condition, seconds, what):
    """Looks at `condition` until it holds; LabError when that takes too long."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise LabError(f"expected {what} within {seconds} seconds")
        time.sleep(0.01)


@contextlib.contextmanager
def one_at_a_time():
    """`up` and `down` of all labs follow each other: `ip netns` itself has races. Nothing is left."""
    descriptor = os.open("/run", os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def add(namespace):
    run(["ip", "netns", "add", namespace])


def end_processes(namespace):
    """Ends every process in it, and waits until they are gone."""
    def gone():
        left = processes(namespace)
        for process in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        return not left

    wait_until(gone, 10, f"the processes in {namespace} to end")


def delete(namespace):
    """Deletes it with all that runs in it; nothing where there is none."""
    if exists(namespace):
        with contextlib.suppress(LabError):  # half made: a name with no namespace behind it
            end_processes(namespace)
        run(["ip", "netns", "delete", namespace])
    delete_files(namespace)


def write_files(namespace, files):
    """Files that `ip netns exec` shows in place of those in /etc."""
    directory = f"{ETC}/{namespace}"
    os.makedirs(directory, exist_ok=True)
    for name, text in files.items():
        with open(f"{directory}/{name}", "w", encoding="ascii") as file:
            file.write(text)


def has_files(namespace):
    return os.path.isdir(f"{ETC}/{namespace}")


def delete_files(namespace):
    directory = f"{ETC}/{namespace}"
    if os.path.isdir(directory):
        for name in os.listdir(directory):
            os.unlink(f"{directory}/{name}")
        os.rmdir(directory)
    with contextlib.suppress(OSError):  # others may have files there
        os.rmdir(ETC)
