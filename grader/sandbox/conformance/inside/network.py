"""Reaching out: sockets of every kind, and who listens outside."""

# What is tried is the calls themselves, and it must start fast.
# ruff: noqa: PTH115

import contextlib
import os
import socket
from collections.abc import Iterator

from grader.sandbox.conformance.inside.attempts import Told, succeeds

_NOWHERE = (("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6))  # RFC 5737, RFC 3849: nobody's
# AF_VSOCK leads to the host of a virtual machine; the others are doors into the kernel.
_UNCONFINED = {
    "vsock": 40,
    "bluetooth": 31,
    "AF_ALG": 38,
    "tipc": 30,
    "qipcrtr": 42,
    "rds": 21,
    "can": 29,
    "nfc": 39,
    "xdp": 44,
    "smc": 43,
    "kcm": 41,
}


def internet(told: Told) -> Iterator[str]:
    """IPv4 and IPv6: the machine's own network, listeners on this machine, and a route to anywhere else."""
    with contextlib.suppress(OSError):
        if os.readlink("/proc/self/ns/net") == told["network"]:
            yield "it is in the network namespace of this machine"
    for family, host, port in told["tcp"]:
        if _connects(family, socket.SOCK_STREAM, (host, port)):
            yield f"a listener on {host} was reached"
    for family, host, port in told["udp"]:
        _connects(family, socket.SOCK_DGRAM, (host, port))  # only outside can tell whether it arrived
    for host, kind in _NOWHERE:
        if _connects(kind, socket.SOCK_DGRAM, (host, 9), say=b""):
            yield f"there is a route to {host}"


def unix(told: Told) -> Iterator[str]:
    """Unix sockets of this machine: abstract ones, which no file system confines, and one with a name."""
    for title, address in told["unix"]:
        if _connects(socket.AF_UNIX, socket.SOCK_STREAM, address):
            yield f"a unix socket outside was reached ({title})"


def netlink(_told: Told) -> Iterator[str]:
    """The kernel's own protocol: routes, firewall, audit, events."""
    for protocol in range(23):
        if _opens(socket.AF_NETLINK, socket.SOCK_RAW, protocol):
            yield f"netlink sockets can be made (protocol {protocol})"
            return


def packet(_told: Told) -> Iterator[str]:
    """Raw frames and raw IP: what sniffs and forges."""
    for title, family, kind, protocol in (
        ("packet", socket.AF_PACKET, socket.SOCK_RAW, 0x0300),
        ("packet", socket.AF_PACKET, socket.SOCK_DGRAM, 0x0300),
        ("raw IPv4", socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
        ("raw IPv6", socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_TCP),
    ):
        if _opens(family, kind, protocol):
            yield f"{title} sockets can be made"


def unconfined(_told: Told) -> Iterator[str]:
    """Kinds of sockets that a network namespace does not confine, or that nobody needs."""
    kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET, socket.SOCK_RAW)
    for title, family in _UNCONFINED.items():
        if any(_opens(family, kind, protocol) for kind in kinds for protocol in (0, 1)):
            yield f"{title} sockets can be made"


def _opens(family: int, kind: int, protocol: int) -> bool:
    return succeeds(lambda: socket.socket(family, kind, protocol).close())


def _connects(family: int, kind: int, address: "tuple[str, int] | str", say: bytes = b"reached") -> bool:
    try:
        with socket.socket(family, kind) as opened:
            opened.settimeout(1)
            opened.connect(address)
            if say:
                opened.send(say)
    except OSError:
        return False
    return True
