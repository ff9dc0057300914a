"""Other operating systems' opening packets, for hosts that all run Linux.

What a sysctl can say (initial hop limit, timestamps, window scale) is said by sysctl, so that the
kernel means what it sends. The order of the options, the window and the IPv4 identification are
rewritten on the way out, in SYNs alone, by opening.bpf.c: connections work as ever.
"""

import os
from dataclasses import dataclass

from namespace import inside, ip_batch, run

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, "opening.bpf.c")
INCLUDE = f"/usr/include/{os.uname().machine}-linux-gnu"


@dataclass(frozen=True)
class System:
    hop_limit: int
    timestamps: bool
    window_scale: int
    section: str = ""  # of opening.bpf.c; "" leaves the packets alone


SYSTEMS = {
    "linux": System(64, True, 7),
    "android": System(64, True, 9, "android"),
    "ios": System(64, True, 6, "apple"),
    "macos": System(64, True, 6, "apple"),
    "windows": System(128, False, 8, "windows"),
}


def compile_rewriter(directory):
    """opening.bpf.c to an object in `directory`, for tc; returns its path."""
    program = os.path.join(directory, "opening.o")
    run(["clang", "-O2", "-g", "-Wall", "-Werror", "-target", "bpf", "-I", INCLUDE, "-c", SOURCE,
         "-o", program])
    return program


def settings(system, interface):
    """Lines for `sysctl -p -`. The buffer is as large as any window that a route may allow."""
    return (f"net.ipv4.ip_default_ttl = {system.hop_limit}\n"
            f"net.ipv6.conf.all.hop_limit = {system.hop_limit}\n"
            f"net.ipv6.conf.{interface}.hop_limit = {system.hop_limit}\n"
            f"net.ipv4.tcp_timestamps = {int(system.timestamps)}\n"
            "net.ipv4.tcp_rmem = 4096 131072 33554432\n")


def become(namespace, interface, routes, name, program):
    """
    Makes the host in `namespace` open its connections as the system `name` does. Its default
    `routes` carry the largest window, from which the kernel takes the window scale.
    """
    system = SYSTEMS[name]
    window = 65535 << system.window_scale
    inside(namespace, ["sysctl", "-q", "-p", "-"], settings(system, interface))
    ip_batch(namespace, [f"route replace {route} window {window}" for route in routes])
    inside(namespace, ["tc", "qdisc", "replace", "dev", interface, "clsact"])
    inside(namespace, ["tc", "filter", "del", "dev", interface, "egress"])
    if system.section:
        inside(namespace, ["tc", "filter", "add", "dev", interface, "egress", "bpf",
                           "direct-action", "object-file", program, "section", system.section])
