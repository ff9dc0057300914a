"""hoptell on this machine's loopback, with a store: started, visited, asked, killed."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import urllib.request

from conftest import wait_until
from hoptell import PROGRAM
from mariadb import PASSWORD, USER, free_port


class Hoptell:
    """hoptell on this machine's loopback: it sees the connections to its own pages only."""

    def __init__(self, directory, store, more="", environment=None, wrapper=()):
        self.directory = directory
        self.more = more  # of the settings
        self.wrapper = list(wrapper)  # words of a command that starts it
        self.environment = {**os.environ, **(environment or {})}
        self.visitors, self.operators = free_port(), free_port()
        self.log = os.path.join(directory, "log")
        self.password = os.path.join(directory, "password")
        self.settings = os.path.join(directory, "hoptell.yaml")
        self.process = None
        self.state = os.path.join(directory, "state")
        os.mkdir(self.state)
        shutil.chown(self.state, USER)
        with open(self.password, "w", encoding="utf-8") as file:
            file.write(PASSWORD + "\n")
        shutil.chown(self.password, USER)
        os.chmod(self.password, 0o400)
        self.write(store)

    def write(self, store, spool_size="64MiB"):
        with open(self.settings + ".new", "w", encoding="utf-8") as file:
            file.write(f'user: {USER}\nstore: "{store}"\n'
                       f"store_password_file: {self.password}\n"
                       f"spool: {{path: {self.state}/spool, size: {spool_size}}}\n"
                       f"watch: {{interfaces: []}}\n"
                       f'visitors: {{listen: ["127.0.0.1:{self.visitors}"]}}\n'
                       f'operators: {{listen: ["127.0.0.1:{self.operators}"]}}\n{self.more}')
        os.replace(self.settings + ".new", self.settings)

    def start(self):
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen([*self.wrapper, PROGRAM, "run", "-c", self.settings],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=self.environment)
        wait_until(self.serves, what="hoptell to serve")
        return self

    def serves(self):
        assert self.process.poll() is None, f"hoptell ended:\n{self.said()}"
        with contextlib.suppress(OSError):
            return self.get("/healthz")
        return None

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.operators}{path}", timeout=10) as got:
            return got.read().decode()

    def metric(self, name):
        return int(float(re.search(rf"^{name} (\S+)$", self.get("/metrics"), re.M).group(1)))

    def said(self):
        with open(self.log, encoding="utf-8") as file:
            return file.read()

    def visit(self):
        """What the page says of one connection, with its port."""
        with socket.create_connection(("127.0.0.1", self.visitors), timeout=10) as connection:
            connection.sendall(b"GET /v1/me HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        return json.loads(answer.partition(b"\r\n\r\n")[2])

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(30)

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.end(signal.SIGKILL)
