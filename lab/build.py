"""Builds the plan out of namespaces, and takes it away again."""

import tempfile

import namespace as ns
import plan
import systems

# Inside the namespaces alone. Addresses are usable at once (no DAD), and a router answers every
# probe: by default Linux sends one ICMP error a second to one address.
SYSCTLS = """
net.ipv6.conf.all.accept_dad = 0
net.ipv6.conf.default.accept_dad = 0
net.ipv6.conf.all.accept_ra = 0
net.ipv6.conf.default.accept_ra = 0
net.ipv4.conf.all.rp_filter = 2
net.ipv4.conf.default.rp_filter = 2
net.ipv4.icmp_ratelimit = 0
net.ipv6.icmp.ratelimit = 0
net.ipv4.ping_group_range = 0 2147483647
"""

FORWARDING = """
net.ipv4.ip_forward = 1
net.ipv6.conf.all.forwarding = 1
net.ipv6.conf.default.forwarding = 1
"""

# Without them a capture shows sums that are still to be filled in, and packets longer than a frame.
OFFLOADS = "tx off rx off tso off gso off gro off"


class Lab:
    """A small internet whose namespaces are named PREFIX-HOST."""

    def __init__(self, prefix="hoptell-lab"):
        self.prefix = prefix

    def namespace(self, host):
        if host not in plan.host_names():
            raise ns.LabError(f"expected a host of the lab ({' '.join(plan.host_names())}), "
                              f"found '{host}'")
        return f"{self.prefix}-{host}"

    def is_up(self):
        """Built to its last step: that step is the site's files."""
        return all(ns.exists(self.namespace(host)) for host in plan.host_names()) \
            and ns.has_files(self.namespace("site"))

    def up(self):
        with ns.one_at_a_time():
            if self.is_up():
                return
            self._remove()
            try:
                self._build()
            except BaseException:
                self._remove()
                raise

    def down(self):
        with ns.one_at_a_time():
            self._remove()

    def become(self, host, system):
        """Has `host` open its connections as another operating system does."""
        if system not in systems.SYSTEMS:
            raise ns.LabError(f"expected a system ({' '.join(systems.SYSTEMS)}), found '{system}'")
        self._become({host: system})

    def _build(self):
        hosts = plan.hosts()
        for host in hosts:
            ns.add(self.namespace(host.name))
            ns.inside(self.namespace(host.name), ["sysctl", "-q", "-p", "-"],
                      SYSCTLS + (FORWARDING if host.forwards else ""))
        for link in plan.links():
            self._connect(link)
        for host in hosts:
            self._set_up(host)
        for host in hosts:
            self._wait_for_links(host.name)
        self._become({host.name: host.system for host in hosts if host.system != "linux"})
        for host in hosts:
            ns.write_files(self.namespace(host.name), files())

    def _connect(self, link):
        left, right = link.left, link.right
        ns.run(["ip", "link", "add", left.interface, "netns", self.namespace(left.host),
                "type", "veth", "peer", "name", right.interface,
                "netns", self.namespace(right.host)])

    def _set_up(self, host):
        namespace = self.namespace(host.name)
        ends = plan.ends_of(host.name)
        lines = ["link set lo up"]
        for end in ends:
            lines.append(f"link set {end.interface} up")
            lines += [f"address add {address} dev {end.interface}" for address in end.addresses]
        lines += [f"route add {route}" for route in host.routes]
        ns.inside(namespace, ["sh", "-ec", "".join(f"ethtool -K {end.interface} {OFFLOADS}\n"
                                                   for end in ends)])
        ns.ip_batch(namespace, lines)
        if host.rules:
            ns.inside(namespace, ["nft", "-f", "-"], host.rules)

    def _wait_for_links(self, host):
        namespace = self.namespace(host)

        def ready():
            down = ns.run(["ip", "-n", namespace, "-o", "link", "show", "up"]).count("NO-CARRIER")
            tentative = ns.run(["ip", "-n", namespace, "-6", "-o", "address", "show", "tentative"])
            return down == 0 and tentative == ""

        ns.wait_until(ready, 10, f"the links of {host} to be up")

    def _become(self, wanted):
        with tempfile.TemporaryDirectory() as directory:
            program = systems.compile_rewriter(directory)
            for host, name in wanted.items():
                routes = [route for route in plan.host(host).routes if route.startswith("default")]
                systems.become(self.namespace(host), plan.way_out(host), routes, name, program)

    def _remove(self):
        for host in plan.host_names():
            ns.delete(self.namespace(host))


def files():
    """Names of the lab's hosts; all other names are asked of the site, where hoptell answers."""
    lines = ["127.0.0.1 localhost", "::1 localhost"]
    lines += [f"{address} {name}" for name in plan.host_names()
              for address in plan.addresses_of(name)]
    return {
        "hosts": "\n".join(lines) + "\n",
        "resolv.conf": f"nameserver {plan.address_of('site', 4)}\n"
                       "options timeout:1 attempts:3\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    }
