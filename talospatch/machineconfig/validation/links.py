"""Rules of the documents about links, addresses, routes and probes.

Source of all rows: the Validate methods in the machinery's config/types/network of each minor, and the vectors.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from talospatch.machineconfig.validation import texts
from talospatch.machineconfig.validation.expressions import selector
from talospatch.machineconfig.validation.rule import Broken, Rule, not_negative, required, within
from talospatch.talos.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talospatch.machineconfig.validation.place import Place
    from talospatch.machineconfig.validation.rule import Config

_LINKS = ("BondConfig", "BridgeConfig", "DummyLinkConfig", "LinkConfig", "VethConfig", "VLANConfig", "VRFConfig", "WireguardConfig")
_NAMED = (
    "BGPInstanceConfig",
    "BondConfig",
    "BridgeConfig",
    "DHCPv4Config",
    "DHCPv6Config",
    "DummyLinkConfig",
    "EthernetConfig",
    "HTTPProbeConfig",
    "LinkConfig",
    "LinkAliasConfig",
    "NetworkRuleConfig",
    "RoutingRuleConfig",
    "TCPProbeConfig",
    "VLANConfig",
    "VRFConfig",
    "WireguardConfig",
)
_UNSPECIFIED = frozenset({"0.0.0.0", "::"})  # noqa: S104 - addresses that may not stand here
_LARGEST_PRIORITY = 2**32 - 1
# Priorities that the kernel and KubeSpan use themselves. Source: constants.LinuxReservedRulePriority*, KubeSpanDefaultRulePriority.
_TAKEN_PRIORITIES = frozenset({0, 32500, 32766, 32767})
_UINT = re.compile(r"[0-9]+")
_RESERVED_TABLES = frozenset({"unspec", "local", "main", "default"})
_LONGEST_LINK = 15
_ETHER_OF_802_3AD = ("miimon", "updelay", "downdelay")


def _bond(root: Place, _: Config) -> Iterator[Broken]:
    if not root["links"].filled:
        yield Broken(root["links"], "a bond needs at least one link")
    if not root["bondMode"].given:
        yield Broken(root["bondMode"], "a bond needs a mode")


def _bond_timers(root: Place, _: Config) -> Iterator[Broken]:
    if root["bondMode"].word == "802.3ad":
        for key in _ETHER_OF_802_3AD:
            if not root[key].given:
                yield Broken(root[key], "is not given for a bond of mode 802.3ad")


def _common(root: Place, _: Config) -> Iterator[Broken]:
    yield from _addresses_and_routes(root)
    yield from _addresses_and_routes(root["peer"])


def _addresses_and_routes(link: Place) -> Iterator[Broken]:
    for address in link["addresses"].items():
        place = address["address"]
        if not place.filled:
            yield Broken(place, "an address is required")
        elif place.text.partition("/")[0] in _UNSPECIFIED:
            yield Broken(place, f"{place.text!r} is no address of a link")
    for route in link["routes"].items():
        for key in ("destination", "gateway", "source"):
            if route[key].text.partition("/")[0] in _UNSPECIFIED:
                yield Broken(
                    route[key], f"{route[key].text!r} cannot stand here", "leave it out for a default route" if key == "destination" else ""
                )


def _vlan(root: Place, _: Config) -> Iterator[Broken]:
    if root["vlanMode"].given and root["vlanMode"].word not in {"802.1q", "802.1ad"}:
        yield Broken(root["vlanMode"], "must be 802.1q or 802.1ad")


def _vrf(root: Place, _: Config) -> Iterator[Broken]:
    if root["table"].word in _RESERVED_TABLES:
        yield Broken(root["table"], f"routing table {root['table'].word} cannot be that of a VRF")


def _veth(root: Place, _: Config) -> Iterator[Broken]:
    for place in (root["name"], root["peer.name"]):
        if problem := _link_name_problem(place.text):
            yield Broken(place, f"{place.text[:40]!r} {problem}" if place.filled else problem)
    if root["name"].filled and root["name"].text == root["peer.name"].text:
        yield Broken(root["peer.name"], "is the name of the other end too")


def _link_name_problem(name: str) -> str | None:
    if not name:
        return "a name is required"
    if len(name.encode("utf-8", "surrogateescape")) > _LONGEST_LINK:
        return f"is longer than {_LONGEST_LINK} bytes"
    if name in {".", ".."} or "/" in name or ":" in name:
        return "is no name of a link: it may not hold '/' or ':'"
    return None if name.isprintable() and not any(character.isspace() for character in name) else "holds spaces or control characters"


def _wireguard(root: Place, _: Config) -> Iterator[Broken]:
    private = root["privateKey"]
    if not private.filled:
        yield Broken(private, "a private key is required")
    elif problem := texts.wireguard_key(private.text):
        yield Broken(private, f"the key {problem}")
    for peer in root["peers"].items():
        if not peer["publicKey"].filled:
            yield Broken(peer["publicKey"], "a public key is required")
        elif problem := texts.wireguard_key(peer["publicKey"].text):
            yield Broken(peer["publicKey"], f"the key {problem}")
        if peer["presharedKey"].filled and (problem := texts.wireguard_key(peer["presharedKey"].text)):
            yield Broken(peer["presharedKey"], f"the key {problem}")
        if peer["persistentKeepaliveInterval"].number < 0:
            yield Broken(peer["persistentKeepaliveInterval"], "cannot be negative")


def _dhcp_identity(root: Place, _: Config) -> Iterator[Broken]:
    by_duid = root["clientIdentifier"].word == "duid"
    if root["duidRaw"].filled and not by_duid:
        yield Broken(root["duidRaw"], "counts only with clientIdentifier duid")
    if by_duid and not root["duidRaw"].filled:
        yield Broken(root["duidRaw"], "is required for clientIdentifier duid")


def _named_address(root: Place, _: Config) -> Iterator[Broken]:
    if problem := texts.address(root["name"].text):
        yield Broken(root["name"], f"the name must be an IP address, and {root['name'].text[:60]!r} {problem}")


def _named_prefix(root: Place, _: Config) -> Iterator[Broken]:
    if problem := texts.prefix(root["name"].text):
        yield Broken(root["name"], f"the name must be a prefix, and {root['name'].text[:60]!r} {problem}")


def _alias_pattern(root: Place, _: Config) -> Iterator[Broken]:
    before, percent, behind = root["name"].text.partition("%")
    if percent and (behind != "d" or not before):
        yield Broken(root["name"], f"{root['name'].text[:40]!r} may hold a '%' only as %d at its end")


def _rule_ports(root: Place, _: Config) -> Iterator[Broken]:
    ports = root["portSelector.ports"]
    if not ports.filled:
        yield Broken(ports, "ports are required")
    ranges = sorted(ports.items(), key=lambda place: place.value[0])
    previous = -1
    for place in ranges:
        low, high = place.value
        if low > high:
            yield Broken(place, f"{low}-{high} begins behind its end")
        elif low <= previous:
            yield Broken(place, f"{low}-{high} overlaps another range")
        previous = max(previous, high)


def _rule_subnets(root: Place, _: Config) -> Iterator[Broken]:
    for entry in root["ingress"].items():
        if not entry["subnet"].filled:
            yield Broken(entry["subnet"], "a subnet is required")


def _routing_rule(root: Place, _: Config) -> Iterator[Broken]:
    name = root["name"]
    if not _UINT.fullmatch(name.text) or int(name.text) > _LARGEST_PRIORITY:
        yield Broken(name, f"the name is the rule's priority, a whole number, and {name.text[:40]!r} is none")
    elif int(name.text) in _TAKEN_PRIORITIES:
        yield Broken(name, f"priority {name.text} is used by the system", "another one between 1 and 32765")
    if root["table"].word == "unspec" and root["action"].word in {"unspec", "unicast"}:
        yield Broken(root["table"], "a table is required for this action")
    if root["fwMask"].number and not root["fwMark"].number:
        yield Broken(root["fwMask"], "needs fwMark")


def _http_probe(root: Place, _: Config) -> Iterator[Broken]:
    url = root["url"]
    if not url.given:
        yield Broken(url, "a URL is required")
    elif url.value.get("scheme") not in {"http", "https"}:
        yield Broken(url, "must begin with http:// or https://")
    elif url.value.get("opaque") or not texts.split_host(url.value.get("host", ""))[0]:
        yield Broken(url, "has no host")


RULES = (
    Rule("name-required", _NAMED, required("name", "a name")),
    Rule("bond", ("BondConfig",), _bond),
    Rule("bond-timers", ("BondConfig",), _bond_timers, severity=Severity.WARNING),
    Rule("link-address", _LINKS, _common),
    Rule("vlan", ("VLANConfig",), within("vlanID", 1, 4094)),
    Rule("vlan", ("VLANConfig",), required("parent", "a parent link")),
    Rule("vlan", ("VLANConfig",), _vlan),
    Rule("vrf", ("VRFConfig",), _vrf),
    Rule("veth", ("VethConfig",), _veth),
    Rule("wireguard", ("WireguardConfig",), _wireguard),
    Rule("wireguard", ("WireguardConfig",), within("listenPort", 0, 65535)),
    Rule("dhcp-identity", ("DHCPv4Config", "DHCPv6Config"), _dhcp_identity),
    Rule("shared-address", ("HCloudVIPConfig", "Layer2VIPConfig"), _named_address),
    Rule("shared-address", ("HCloudVIPConfig", "Layer2VIPConfig"), required("link", "a link")),
    Rule("shared-address", ("HCloudVIPConfig",), required("apiToken", "a token of the API")),
    Rule("static-host", ("StaticHostConfig",), _named_address),
    Rule("static-host", ("StaticHostConfig",), required("hostnames", "at least one host name")),
    Rule("route", ("BlackholeRouteConfig",), _named_prefix),
    Rule("link-alias", ("LinkAliasConfig",), _alias_pattern, since="1.13"),
    Rule("link-alias", ("LinkAliasConfig",), selector("selector.match", "link", needed=True)),
    Rule("network-rule", ("NetworkRuleConfig",), _rule_ports),
    Rule("network-rule", ("NetworkRuleConfig",), _rule_subnets),
    Rule("routing-rule", ("RoutingRuleConfig",), _routing_rule),
    Rule("probe", ("HTTPProbeConfig",), _http_probe),
    Rule("probe", ("TCPProbeConfig",), required("endpoint", "an endpoint")),
    Rule("probe", ("HTTPProbeConfig", "TCPProbeConfig"), not_negative("timeout", "interval", "failureThreshold")),
)
