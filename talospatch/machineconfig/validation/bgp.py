"""Rules of BGP instances.

Source of all rows: the Validate method of the machinery's config/types/network/bgp.go, 1.14.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from talospatch.machineconfig.validation import texts
from talospatch.machineconfig.validation.rule import Broken, Rule, required
from talospatch.talos.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talospatch.machineconfig.validation.place import Place
    from talospatch.machineconfig.validation.rule import Config

_BGP = ("BGPInstanceConfig",)
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _router(root: Place, _: Config) -> Iterator[Broken]:
    if root["routerID"].filled and not texts.is_ipv4(root["routerID"].text):
        yield Broken(root["routerID"], "must be an IPv4 address")


def _neighbors(root: Place, _: Config) -> Iterator[Broken]:
    seen: set[str] = set()
    for neighbor in root["neighbors"].items():
        address, link, bfd = neighbor["address"], neighbor["link"], neighbor["bfd"]
        for place in (neighbor["holdTime"], bfd["transmitInterval"], bfd["receiveInterval"]):
            if place.number < 0:
                yield Broken(place, "cannot be negative")
        if bfd.given and root["vrf"].filled:
            yield Broken(bfd, "is not supported in a VRF")
        if address.filled == link.filled:
            yield Broken(neighbor, "exactly one of address and link must be given")
            continue
        key = address.text or link.text
        if key in seen:
            yield Broken(address if address.filled else link, f"{key[:60]!r} is a neighbor already")
        seen.add(key)


def _no_neighbors(root: Place, _: Config) -> Iterator[Broken]:
    if not root["neighbors"].filled:
        yield Broken(root["neighbors"], "is empty: there is nobody to talk to")


def _imports(root: Place, _: Config) -> Iterator[Broken]:
    sources: set[str] = set()
    before: list[_Network] = []
    for route in root["importRoutes"].items():
        source = route["bgpInstance"]
        if not source.filled:
            yield Broken(source, "a BGP instance is required")
        elif source.text == root["name"].text:
            yield Broken(source, "an instance cannot import from itself")
        if source.filled and source.text in sources:
            yield Broken(source, f"{source.text[:60]!r} is imported from already")
        sources.add(source.text)
        if not route["prefixes"].filled:
            yield Broken(route["prefixes"], "at least one prefix is required")
        for prefix in route["prefixes"].items():
            if not prefix.filled:
                yield Broken(prefix, "a prefix is required")
                continue
            interface = ipaddress.ip_interface(prefix.text)
            if interface.ip != interface.network.network_address:
                yield Broken(prefix, f"{prefix.text!r} has bits behind its prefix")
            if any(other.version == interface.version and other.overlaps(interface.network) for other in before):
                yield Broken(prefix, f"{prefix.text!r} overlaps another prefix")
            before.append(interface.network)


RULES = (
    Rule("bgp", _BGP, required("localASN", "an AS number")),
    Rule("bgp", _BGP, _router),
    Rule("bgp", _BGP, _neighbors),
    Rule("bgp-without-neighbors", _BGP, _no_neighbors, severity=Severity.WARNING),
    Rule("bgp", _BGP, _imports),
)
