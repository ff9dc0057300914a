"""A MariaDB server of the tests' own: its data, its socket and its port are nobody else's."""

import os
import signal
import socket
import subprocess

from conftest import wait_until

USER = "nobody"
PASSWORD = "a word's \"worth\""


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Server:
    """In `directory`, which USER may enter; started, killed and started again."""

    def __init__(self, directory):
        self.data = os.path.join(directory, "data")
        self.socket = os.path.join(directory, "socket")
        self.log = os.path.join(directory, "server.log")
        self.port = free_port()
        self.process = None
        self.run("mariadb-install-db", "--no-defaults", f"--datadir={self.data}",
                 "--auth-root-authentication-method=normal", "--skip-test-db")

    def run(self, *words, **options):
        return subprocess.run(words, check=True, capture_output=True, text=True, timeout=120,
                              user=USER, extra_groups=[], cwd="/", **options)

    def start(self):
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["mariadbd", "--no-defaults", f"--datadir={self.data}", f"--socket={self.socket}",
                 "--bind-address=127.0.0.1", f"--port={self.port}",
                 f"--pid-file={self.data}/pid", "--innodb-buffer-pool-size=16M"],
                user=USER, extra_groups=[], cwd="/", stdin=subprocess.DEVNULL, stdout=log,
                stderr=log)
        wait_until(self.answers, 60, "the server to answer")

    def answers(self):
        assert self.process.poll() is None, "the server ended"
        done = subprocess.run(self.client("-e", "SELECT 1"), check=False, capture_output=True,
                              timeout=60)
        return done.returncode == 0

    def client(self, *words):
        return ["mariadb", "--no-defaults", "-u", "root", f"--socket={self.socket}", "-BN", *words]

    def ask(self, statement, database="hoptell"):
        """The rows of an answer, each a tuple of texts."""
        done = subprocess.run(self.client("-r", database, "-e", statement), check=False,
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return [tuple(line.split("\t")) for line in done.stdout.splitlines()]

    def make_anew(self):
        """An empty database, and the user who writes."""
        word = PASSWORD.replace("'", "''")
        self.ask("DROP DATABASE IF EXISTS hoptell; CREATE DATABASE hoptell;"
                 f"CREATE OR REPLACE USER hoptell@'%' IDENTIFIED BY '{word}';"
                 "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP"
                 " ON hoptell.* TO hoptell@'%'", "mysql")

    def kill(self):
        """As a crash would."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(20)
