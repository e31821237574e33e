"""The metrics listener of containerd: the two forms of saying it, and what is wrong with an address.

Sources: containerd's configuration migration (2.3: ``[metrics]`` moves to two plugins, a plugin's own table wins), its listener code (a bad
address ends containerd with exit code 1), and the API server's node proxy, which dials the node's address.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from talospatch.talos.finding import Finding, Severity
from talospatch.versions import Fact, TalosVersion

if TYPE_CHECKING:
    from talospatch.talos.node import Listener

Keys = tuple[str, ...]


class Form(Enum):
    """How the listener is configured."""

    TABLE = "[metrics]"
    PLUGIN = '[plugins."io.containerd.server.v1.metrics"]'


# Where each setting stands in each form. Source: containerd 2.3 config migration, serviceMigrate.
PLACES: Mapping[Form, Mapping[str, Keys]] = {
    Form.TABLE: {"address": ("metrics", "address"), "grpc_histogram": ("metrics", "grpc_histogram")},
    Form.PLUGIN: {
        "address": ("plugins", "io.containerd.server.v1.metrics", "address"),
        "grpc_histogram": ("plugins", "io.containerd.metrics.v1.grpc-prometheus", "grpc_histogram"),
    },
}
METRICS_KEYS = frozenset(keys for places in PLACES.values() for keys in places.values())


def live_forms(talos: TalosVersion) -> tuple[Form, ...]:
    """Return the forms that a version's containerd obeys, the winning one first."""
    if talos.can(Fact.METRICS_TABLE_IGNORED):
        return (Form.PLUGIN,)
    if talos.can(Fact.METRICS_PLUGIN_FORM):
        return (Form.PLUGIN, Form.TABLE)
    return (Form.TABLE,)


def value_at(data: Mapping[str, Any], keys: Keys) -> Any:
    """Return what stands at nested keys, or None."""
    value: Any = data
    for key in keys:
        if not isinstance(value, Mapping) or key not in value:
            return None
        value = value[key]
    return value


def metrics_address(data: Mapping[str, Any], forms: Iterable[Form] = (Form.PLUGIN, Form.TABLE)) -> str | None:
    """Return the address that containerd would listen on for metrics, or None.

    Args:
        data: parsed TOML.
        forms: the forms that count, the winning one first.
    """
    for form in forms:
        address = value_at(data, PLACES[form]["address"])
        if isinstance(address, str) and address:
            return address
    return None


def forms_in(data: Mapping[str, Any]) -> tuple[Form, ...]:
    """Return the forms that set anything about metrics, the plugin form first."""
    return tuple(form for form in (Form.PLUGIN, Form.TABLE) if any(value_at(data, keys) is not None for keys in PLACES[form].values()))


def to_form(leaves: Mapping[Keys, Any], form: Form) -> dict[Keys, Any]:
    """Return settings with those about metrics moved to one form; others stay as they are."""
    moved = {PLACES[other][name]: PLACES[form][name] for other in Form if other is not form for name in PLACES[form]}
    return {moved.get(keys, keys): value for keys, value in leaves.items()}


class Address(NamedTuple):
    """A listening address.

    Attributes:
        host: an IP address without brackets; empty for all addresses.
        port: 1 to 65535.
    """

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address | None:
        """Read ``host:port``, or return None when it is not one that containerd could listen on."""
        match = re.fullmatch(r"(?:\[(?P<six>[^\]]*)\]|(?P<four>[^:\[\]]*)):(?P<port>[0-9]{1,5})", text)
        if match is None or not 0 < int(match["port"]) < 65536:
            return None
        host = match["six"] if match["six"] is not None else match["four"]
        if host and host != "localhost":
            try:
                version = ipaddress.ip_address(host.partition("%")[0]).version
            except ValueError:
                return None
            if (version == 6) is (match["six"] is None):
                return None
        return cls(host, int(match["port"]))

    @property
    def is_loopback(self) -> bool:
        """Whether only the node itself can reach it."""
        return self.host == "localhost" or (bool(self.host) and ipaddress.ip_address(self.host.partition("%")[0]).is_loopback)

    @property
    def is_any(self) -> bool:
        """Whether it listens on every address of the node."""
        return not self.host or (self.host != "localhost" and ipaddress.ip_address(self.host.partition("%")[0]).is_unspecified)


def address_findings(address: str, path: str = "") -> tuple[Finding, ...]:
    """Return what is wrong or worth knowing about a metrics address.

    Args:
        address: as configured.
        path: where in the config it stands.
    """
    parsed = Address.parse(address)
    if parsed is None:
        message = f"metrics address {address[:60]!r} is not an IP address and port; containerd would exit, and kubelet wait for it"
        return (Finding(Severity.ERROR, "metrics-address-invalid", path, message, "write it as 0.0.0.0:11234 or [::]:11234"),)
    if parsed.is_loopback:
        message = f"metrics address {address} is reachable only from the node itself, not through the API server's node proxy"
        return (
            Finding(Severity.WARNING, "metrics-address-loopback", path, message, "scrape it from a host-network pod, or listen on 0.0.0.0"),
        )
    if not parsed.is_any:
        message = f"metrics address {address} is one node's own: containerd does not start where, or when, the node lacks that address"
        return (
            Finding(
                Severity.WARNING,
                "metrics-address-of-one-node",
                path,
                message,
                "listen on 0.0.0.0 and restrict access with a NetworkRuleConfig",
            ),
        )
    return ()


def port_findings(address: str, listeners: Iterable[Listener], *, current: str | None = None) -> tuple[Finding, ...]:
    """Return an error when another process of the node already listens there: containerd would exit.

    Args:
        address: the metrics address to be.
        listeners: what Netstat says about the node.
        current: the metrics address that is configured now; its listener is containerd's own and goes away.
    """
    wanted = Address.parse(address)
    if wanted is None:
        return ()
    own = {parsed for text in (address, current) if text and (parsed := Address.parse(text)) is not None}
    for listener in listeners:
        if listener.port != wanted.port or not listener.protocol.startswith("tcp") or not listener.state.upper().startswith("LISTEN"):
            continue
        there = Address(listener.address.strip("[]"), listener.port)
        if listener.process.startswith("containerd") and any(_overlap(there, each) for each in own):
            continue
        if _overlap(there, wanted):
            who = listener.process or "another process"
            message = f"port {wanted.port} is in use by {who} on {listener.address or '*'}; containerd would exit"
            return (Finding(Severity.ERROR, "metrics-port-in-use", "", message, "choose another port with --set address=HOST:PORT"),)
    return ()


def _overlap(one: Address, other: Address) -> bool:
    try:
        return one.port == other.port and (one.is_any or other.is_any or one.host == other.host)
    except ValueError:  # a host that is no IP address cannot be compared: assume the worst
        return one.port == other.port
