"""Rules of ``machine.network`` in the main document.

Source of all rows: ValidateNetworkDevices and its checks in the machinery's config/types/v1alpha1/v1alpha1_validation.go, the same in all
minors but for KubeSpan, and the vectors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.machineconfig.validation import texts
from talospatch.machineconfig.validation.main_machine import MAIN
from talospatch.machineconfig.validation.rule import Broken, Rule
from talospatch.talos.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talospatch.machineconfig.validation.place import Place
    from talospatch.machineconfig.validation.rule import Config

KUBESPAN_MTU = 1280  # the least that IPv6 allows
_DEFAULT_KUBESPAN_MTU = 1420
# Words of a bond's options; empty is the default. Source: the ...ByName functions of the machinery's nethelpers.
_BOND_WORDS = {
    "mode": ("", "balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb"),
    "xmitHashPolicy": ("", "layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4"),
    "lacpRate": ("", "slow", "fast"),
    "arpValidate": ("", "none", "active", "backup", "all", "filter", "filter-active", "filter-backup"),
    "arpAllTargets": ("", "any", "all"),
    "primaryReselect": ("", "always", "better", "failure"),
    "failOverMac": ("", "none", "active", "follow"),
    "adSelect": ("", "stable", "bandwidth", "count"),
}
_BALANCED = frozenset({"balance-tlb", "balance-alb"})
_ROUND_ROBIN = "balance-rr"
_ALL_BUT = frozenset(_BOND_WORDS["mode"]) - {""}
# Options and the modes that have them, with the largest value that any mode takes.
_BOND_MODES: tuple[tuple[str, frozenset[str], int], ...] = (
    ("lacpRate", frozenset({"802.3ad"}), 0),
    ("arpValidate", _ALL_BUT - _BALANCED - {"802.3ad"}, 0),
    ("primary", _BALANCED | {"active-backup"}, 0),
    ("arpInterval", _ALL_BUT - _BALANCED - {"802.3ad"}, 0),
    ("packetsPerSlave", frozenset({_ROUND_ROBIN}), 1),
    ("tlbDynamicLb", _BALANCED, 0),
    ("adActorSysPrio", frozenset({"802.3ad"}), 0),
    ("adUserPortKey", frozenset({"802.3ad"}), 0),
)
_UNSUPPORTED = ("arpIPTarget", "adActorSystem")


def _devices(root: Place) -> Iterator[Place]:
    """Yield interfaces that are not ignored."""
    for device in root["machine.network.interfaces"].items():
        if not device["ignore"].is_true:
            yield device


def _nulls(root: Place, _: Config) -> Iterator[Broken]:
    for device in root["machine.network.interfaces"].items():
        if not device.given:
            yield Broken(device, "is null, on which Talos crashes")
        for path in ("routes", "vlans", "wireguard.peers"):
            for inner in device[path].items():
                if not inner.given:
                    yield Broken(inner, "is null, on which Talos crashes")


def _masters(root: Place, _: Config) -> Iterator[Broken]:
    owners: dict[str, str] = {}
    for device in root["machine.network.interfaces"].items():
        name, bond, bridge = device["interface"].text, device["bond"], device["bridge"]
        if bond.given and bridge.given:
            yield Broken(device, "cannot be both bond and bridge")
        if bond["interfaces"].filled and bond["deviceSelectors"].filled:
            yield Broken(bond["deviceSelectors"], "cannot stand beside interfaces")
        for link in (bridge if bridge.given else bond)["interfaces"].items():
            if owners.get(link.text, name) != name:
                yield Broken(link, f"{link.text[:40]!r} belongs to {owners[link.text][:40]!r} too")
            owners[link.text] = name


def _owned(root: Place) -> set[str]:
    found: set[str] = set()
    for device in root["machine.network.interfaces"].items():
        found.update((device["bridge"] if device["bridge"].given else device["bond"])["interfaces"].texts)
    return found


def _selected(root: Place, _: Config) -> Iterator[Broken]:
    for device in _devices(root):
        name, selector = device["interface"], device["deviceSelector"]
        if device.given and not name.filled and not selector.given:
            yield Broken(name, "either interface or deviceSelector must say which one it is")
        if name.filled and selector.given:
            yield Broken(selector, "cannot stand beside interface")
        if selector.given and not selector.value:
            yield Broken(selector, "selects nothing")


def _bonds(root: Place, _: Config) -> Iterator[Broken]:
    for device in _devices(root):
        bond = device["bond"]
        if bond.given:
            yield from _bond_words(bond)
            yield from _bond_delays(bond)


def _bond_words(bond: Place) -> Iterator[Broken]:
    for key, words in _BOND_WORDS.items():
        if bond[key].text not in words:
            yield Broken(bond[key], f"{bond[key].text[:40]!r} is not known", f"one of {', '.join(words[1:])}")
    mode = bond["mode"].text if bond["mode"].text in _ALL_BUT else _ROUND_ROBIN  # an unknown word counts as the first mode
    for key, modes, largest in _BOND_MODES:
        place = bond[key]
        if mode not in modes and (place.filled if isinstance(place.value, str) else place.number > largest):
            yield Broken(place, f"is not for bonds of mode {mode}")
    for key in _UNSUPPORTED:
        if bond[key].filled:
            yield Broken(bond[key], "is not supported")


def _bond_delays(bond: Place) -> Iterator[Broken]:
    interval = bond["miimon"].number
    for key in ("updelay", "downdelay"):
        delay = bond[key].number
        if delay and not interval:
            yield Broken(bond[key], "needs miimon")
        elif interval and delay % interval:
            yield Broken(bond[key], f"must be a multiple of miimon, {interval}")


def _wireguard(root: Place, _: Config) -> Iterator[Broken]:
    for device in _devices(root):
        wireguard = device["wireguard"]
        if not wireguard.given:
            continue
        if problem := texts.wireguard_key(wireguard["privateKey"].text):
            yield Broken(wireguard["privateKey"], f"the key {problem}")
        for peer in wireguard["peers"].items():
            if problem := texts.wireguard_key(peer["publicKey"].text):
                yield Broken(peer["publicKey"], f"the key {problem}")
            if peer["endpoint"].filled and (problem := texts.peer_endpoint(peer["endpoint"].text)):
                yield Broken(peer["endpoint"], f"{peer['endpoint'].text[:60]!r} {problem}")
            for allowed in peer["allowedIPs"].items():
                if problem := texts.cidr(allowed.text):
                    yield Broken(allowed, f"{allowed.text[:60]!r} {problem}")


def _addresses(root: Place, _: Config) -> Iterator[Broken]:
    owned = _owned(root)
    for device in _devices(root):
        if device["interface"].text in owned:
            for key in ("dhcp", "cidr", "addresses", "vip"):
                if device[key].is_true if key == "dhcp" else device[key].given if key == "vip" else device[key].filled:
                    yield Broken(device[key], "may not be set on a link of a bond or bridge")
        yield from _address_forms(device)
        for vlan in device["vlans"].items():
            yield from _address_forms(vlan)


def _address_forms(link: Place) -> Iterator[Broken]:
    if link["addresses"].filled and link["cidr"].filled:
        yield Broken(link["cidr"], "cannot stand beside addresses")
    for place in (*([link["cidr"]] if link["cidr"].filled else []), *link["addresses"].items()):
        if problem := texts.ip_or_cidr(place.text):
            yield Broken(place, f"{place.text[:60]!r} {problem}")


def _old_address(root: Place, _: Config) -> Iterator[Broken]:
    for device in _devices(root):
        if device["cidr"].filled:
            yield Broken(device["cidr"], "is deprecated", "use addresses")


def _shared_address(root: Place, _: Config) -> Iterator[Broken]:
    for device in _devices(root):
        vip = device["vip"]
        if vip.given and (problem := texts.ip(vip["ip"].text)):
            yield Broken(vip["ip"], f"{vip['ip'].text[:60]!r} {problem}")


def _shared_address_on_worker(root: Place, config: Config) -> Iterator[Broken]:
    if config.machine_type == "worker":
        for device in root["machine.network.interfaces"].items():
            for link in (device, *device["vlans"].items()):
                if link["vip"].given:
                    yield Broken(link["vip"], "a shared address is for control planes only")


def _routes(root: Place, _: Config) -> Iterator[Broken]:
    for device in _devices(root):
        for route in device["routes"].items():
            network, gateway, source = route["network"], route["gateway"], route["source"]
            if network.filled and (problem := texts.cidr(network.text)):
                yield Broken(network, f"{network.text[:60]!r} {problem}")
            for place in (gateway, source):
                if place.filled and (problem := texts.ip(place.text)):
                    yield Broken(place, f"{place.text[:60]!r} {problem}")
            if not network.filled and not gateway.filled:
                yield Broken(route, "a route needs a network or a gateway")


def _kubespan(root: Place, _: Config) -> Iterator[Broken]:
    kubespan = root["machine.network.kubespan"]
    if not kubespan["enabled"].is_true:
        return
    if (kubespan["mtu"].number or _DEFAULT_KUBESPAN_MTU) < KUBESPAN_MTU:
        yield Broken(kubespan["mtu"], f"must be at least {KUBESPAN_MTU}")
    for entry in kubespan["filters.endpoints"].items():
        if problem := texts.subnet_or_address(entry.text):
            yield Broken(entry, f"{entry.text[:60]!r} {problem}")
    for entry in kubespan["filters.excludeAdvertisedNetworks"].items():
        if problem := texts.prefix(entry.text):
            yield Broken(entry, f"{entry.text[:60]!r} {problem}")


def _kubespan_identity(root: Place, _: Config) -> Iterator[Broken]:
    if not root["machine.network.kubespan.enabled"].is_true:
        return
    if not root["cluster.discovery.enabled"].is_true:
        yield Broken(root["cluster.discovery.enabled"], "KubeSpan needs cluster discovery")
    for path in ("cluster.id", "cluster.secret"):
        if not root[path].filled:
            yield Broken(root[path], f"KubeSpan needs {path}")


RULES = (
    Rule("interface-null", MAIN, _nulls, before="1.14"),
    Rule("interface-two-masters", MAIN, _masters),
    Rule("interface-selector", MAIN, _selected),
    Rule("bond", MAIN, _bonds),
    Rule("wireguard", MAIN, _wireguard),
    Rule("interface-addresses", MAIN, _addresses),
    Rule("interface-cidr-deprecated", MAIN, _old_address, severity=Severity.WARNING),
    Rule("shared-address", MAIN, _shared_address),
    Rule("shared-address-on-worker", MAIN, _shared_address_on_worker),
    Rule("route", MAIN, _routes),
    Rule("kubespan", MAIN, _kubespan),
    Rule("kubespan-identity", MAIN, _kubespan_identity, before="1.14"),
)
