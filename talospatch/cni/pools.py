"""The pool that a network's addresses come from: its ranges, and how many addresses that makes.

Source: host-local's allocator, range.go and config.go. What a range leaves out follows from rules: it starts after the network's
own address, ends before the broadcast address (IPv6 has none), and its gateway, the first address unless set, is never given out.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, NamedTuple

from talospatch.cni.gojson import Object, read

_MOST_RANGES = 64
_LONGEST = 64  # characters of an address or a subnet
_OF_VERSION = {4: IPv4Address, 6: IPv6Address}


class Range(NamedTuple):
    """Addresses from one to another, both included, without the gateway; as numbers.

    Attributes:
        version: 4 or 6.
        first, last: both are given out.
        gateway: never given out; 0 when there is none.
    """

    version: int
    first: int
    last: int
    gateway: int = 0

    @property
    def size(self) -> int:
        """How many addresses can be given out."""
        return self.last - self.first + 1 - (self.first <= self.gateway <= self.last)

    def holds(self, address: IPv4Address | IPv6Address) -> bool:
        """Whether an address is one of it."""
        return address.version == self.version and self.first <= int(address) <= self.last

    def __str__(self) -> str:
        make = _OF_VERSION[self.version]
        return f"{make(self.first)}-{make(self.last)}"


class Pool(NamedTuple):
    """What a network gives out.

    Attributes:
        ranges: never overlapping.
        source: where that is known from, as the end of a sentence: ``the CNI configuration``.
    """

    ranges: tuple[Range, ...]
    source: str

    @property
    def size(self) -> int:
        """How many addresses it has."""
        return sum(each.size for each in self.ranges)

    def holds(self, address: str) -> bool:
        """Whether an address is one of it."""
        parsed = ip_address(address)
        return any(each.holds(parsed) for each in self.ranges)

    def __str__(self) -> str:
        return ", ".join(map(str, self.ranges))


def of_subnet(text: str) -> Range | None:
    """Return the range that host-local makes of a subnet, given as ``10.244.7.0/24`` or by one address in it, ``10.244.7.2/24``."""
    return _range(text, None, None, None)


@lru_cache(maxsize=16)  # most nodes of a fleet have the same one
def of_configuration(content: bytes, source: str) -> Pool | None:
    """Return the pool that a conflist, or the configuration of a single plugin, names; None when its addresses are not host-local's.

    Flannel's own conflist names none: the one that it hands on to bridge and host-local, in its scratch directory, does.
    """
    top = read(content).value
    plugins = _members(top).get("plugins")
    for plugin in [*plugins, top] if isinstance(plugins, list) else [top]:
        ipam = _members(_members(plugin).get("ipam"))
        if ipam.get("type") == "host-local" and (ranges := _ranges(ipam)):
            return Pool(ranges, source)
    return None


def of_addresses(addresses: Iterable[str], source: str) -> Pool | None:
    """Return the pool that addresses with their prefix lengths come from, as results of sound cache files have them; None for none."""
    ranges: dict[str, Range] = {}
    for address in addresses:
        found = of_subnet(address)
        if found is not None and len(ranges) < _MOST_RANGES:
            ranges[str(found)] = found
    return Pool(tuple(ranges.values()), source) if ranges else None


def of_text(text: str, source: str) -> Pool | None:
    """Return the pool of a range set as host-local writes it into its error, ``10.244.1.1-10.244.1.254``; None when it is none."""
    ranges = []
    for part in text.split(",")[:_MOST_RANGES]:
        first, _, last = part.strip().partition("-")
        low, high = _address(first), _address(last)
        if low is None or high is None or low.version != high.version or int(low) > int(high):
            return None
        ranges.append(Range(low.version, int(low), int(high)))
    return Pool(tuple(ranges), source) if ranges else None


def _ranges(ipam: dict[str, Any]) -> tuple[Range, ...]:
    sets = ipam.get("ranges")
    written = [each for one in sets if isinstance(one, list) for each in one] if isinstance(sets, list) else []
    found = []
    for each in [ipam, *written][:_MOST_RANGES]:
        member = _members(each)
        made = _range(*(member.get(key) for key in ("subnet", "rangeStart", "rangeEnd", "gateway")))
        if made is not None:
            found.append(made)
    return tuple(found)


def _range(subnet: Any, start: Any, end: Any, gateway: Any) -> Range | None:
    if not isinstance(subnet, str) or len(subnet) > _LONGEST:
        return None
    try:
        network = ip_network(subnet, strict=False)
    except ValueError:
        return None
    if network.prefixlen > network.max_prefixlen - 2:
        return None  # too small for host-local
    chosen = [
        _address(each) or default
        for each, default in ((start, network[1]), (end, network[-2 if network.version == 4 else -1]), (gateway, network[1]))
    ]
    first, last, way_out = map(int, chosen)
    if not all(each in network for each in chosen) or first > last:
        return None
    return Range(network.version, first, last, way_out)


def _address(value: Any) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(value) if isinstance(value, str) and len(value) <= _LONGEST else None
    except ValueError:
        return None


def _members(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, (Object, dict)) else {}
