"""The small internet, as plain data: its hosts, its links, its addresses and its routes.

    laptop - phone1  \\
             phone2 --- carrier --- router1 --- router2 --- router3 --- site
             ...     /   (NAT)
             phone12

All addresses are from the documentation prefixes (RFC 5737, RFC 3849), the shared space inside a
carrier (RFC 6598) and the private space behind a phone (RFC 1918).
"""

from dataclasses import dataclass, field

PHONES = 12
ROUTERS = 3

# What the site answers for: the targets of the lab's tale and the addresses of its hops.
TALE_PREFIXES = ("203.0.113.0/24", "198.51.100.0/24", "2001:db8:42::/48", "2001:db8:43::/48")


@dataclass(frozen=True)
class End:
    """One end of a link: a host's interface, with its addresses."""

    host: str
    interface: str
    addresses: tuple = ()


@dataclass(frozen=True)
class Link:
    left: End
    right: End


@dataclass
class Host:
    """A network namespace."""

    name: str
    forwards: bool = False
    system: str = "linux"
    routes: list = field(default_factory=list)  # arguments of `ip route add`
    rules: str = ""  # what nft is to load


def phone_names():
    return [f"phone{number}" for number in range(1, PHONES + 1)]


def router_names():
    return [f"router{number}" for number in range(1, ROUTERS + 1)]


def masquerade(interface):
    return f"""
table ip nat {{
    chain leave {{
        type nat hook postrouting priority srcnat
        oifname {interface} masquerade
    }}
}}
"""


# What no tale claims must not go round between the site and its router.
SITE_RULES = """
table inet site {
    chain through {
        type filter hook forward priority filter
        iifname up0 oifname up0 reject with icmpx no-route
    }
}
"""


def phone_link(number):
    """A phone's line: one IPv4 address inside the carrier, one IPv6 /64 (RFC 7278)."""
    return Link(
        End(f"phone{number}", "up0", (f"100.64.{number}.2/30", f"2001:db8:6400:{number}::2/128",
                                      "fe80::2/64")),
        End("carrier", f"phone{number}", (f"100.64.{number}.1/30", "fe80::1/64")),
    )


def phone(number):
    # Three in four are Android, as handsets roughly are; every fourth is an iPhone.
    system = "ios" if number % 4 == 0 else "android"
    routes = [f"default via 100.64.{number}.1", "default via fe80::1 dev up0"]
    return Host(f"phone{number}", forwards=number == 1, system=system, routes=routes,
                rules=masquerade("up0") if number == 1 else "")


def backbone_links():
    """carrier - router1 - router2 - router3: 192.0.2.0/30, .4/30, .8/30."""
    chain = ["carrier"] + router_names()
    links = []
    for index in range(ROUTERS):
        base = 4 * index
        links.append(Link(
            End(chain[index], "up0", (f"192.0.2.{base + 1}/30", f"2001:db8:0:{index + 1}::1/64")),
            End(chain[index + 1], "down0",
                (f"192.0.2.{base + 2}/30", f"2001:db8:0:{index + 1}::2/64")),
        ))
    return links


def links():
    laptop = Link(
        End("laptop", "wlan0", ("192.168.43.2/24", "2001:db8:6400:1:1c5a:7ff:fe3e:2b01/64")),
        End("phone1", "wlan0", ("192.168.43.1/24", "2001:db8:6400:1::1/64")),
    )
    site = Link(
        End("site", "up0", ("192.0.2.82/30", "2001:db8:80::80/64")),
        End("router3", "up0", ("192.0.2.81/30", "2001:db8:80::1/64")),
    )
    return ([phone_link(number) for number in range(1, PHONES + 1)] + [laptop]
            + backbone_links() + [site])


def carrier():
    routes = ["default via 192.0.2.2", "default via 2001:db8:0:1::2"]
    routes += [f"2001:db8:6400:{number}::/64 via fe80::2 dev phone{number}"
               for number in range(1, PHONES + 1)]
    return Host("carrier", forwards=True, routes=routes, rules=masquerade("up0"))


def router(number):
    """Default is towards the carrier; the site and all it answers for lie the other way."""
    base = 4 * (number - 1)
    routes = [f"default via 192.0.2.{base + 1}", f"default via 2001:db8:0:{number}::1"]
    if number == ROUTERS:
        up4, up6 = "192.0.2.82", "2001:db8:80::80"
    else:
        up4, up6 = f"192.0.2.{base + 6}", f"2001:db8:0:{number + 1}::2"
    to_site = list(TALE_PREFIXES)
    if number != ROUTERS:
        to_site += ["192.0.2.80/30", "2001:db8:80::/64"]
        to_site += [f"192.0.2.{4 * index}/30" for index in range(number + 1, ROUTERS)]
        to_site += [f"2001:db8:0:{index + 1}::/64" for index in range(number + 1, ROUTERS)]
    routes += [f"{prefix} via {up6 if ':' in prefix else up4}" for prefix in to_site]
    return Host(f"router{number}", forwards=True, routes=routes)


def site():
    routes = ["default via 192.0.2.81", "default via 2001:db8:80::1"]
    return Host("site", forwards=True, routes=routes, rules=SITE_RULES)


def hosts():
    laptop = Host("laptop", routes=["default via 192.168.43.1", "default via 2001:db8:6400:1::1"])
    return ([phone(number) for number in range(1, PHONES + 1)] + [laptop, carrier()]
            + [router(number) for number in range(1, ROUTERS + 1)] + [site()])


def host_names():
    return [host.name for host in hosts()]


def host(name):
    return next(host for host in hosts() if host.name == name)


def ends_of(name):
    """The host's ends of its links, the way out first."""
    ends = [end for link in links() for end in (link.left, link.right) if end.host == name]
    return sorted(ends, key=lambda end: end.interface != "up0")


def way_out(name):
    return ends_of(name)[0].interface


def addresses_of(name):
    """All of the host's addresses but those of its links alone, the way out first."""
    addresses = [address.split("/")[0] for end in ends_of(name) for address in end.addresses]
    return [address for address in addresses if not address.startswith("fe80:")]


def address_of(name, family):
    """The host's first address of a family, 4 or 6."""
    return next(address for address in addresses_of(name) if (":" in address) == (family == 6))
