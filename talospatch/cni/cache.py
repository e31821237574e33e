"""What a readable cache file says about its pod.

Cache files hold the pod's annotations, and in them whatever ``kubectl apply`` wrote there, passwords in environment variables included. So
``capabilityArgs`` are never taken out of the parsed text, and of ``config`` only the network's version is.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from typing import Any

from talospatch.cni.godecode import match_key
from talospatch.cni.gojson import Document, Object, read

_MOST_ADDRESSES = 16
_LONGEST = 253  # the longest name of a Kubernetes object


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """One attachment of one pod. What the file does not say is empty.

    Attributes:
        namespace, pod, uid: of the pod, from ``cniArgs``.
        sandbox: the ID that the file itself names.
        network, cni_version: of the conflist in force when the pod was made.
        interface: as ``eth0``.
        addresses: with their prefix length, as ``10.244.7.2/24``.
        has_netns: whether it names the network namespace itself: written by containerd 2.0 or newer.
        namespace_file: base name of the network namespace in ``/run/netns``, from that field or else from the result's interfaces.
    """

    namespace: str = ""
    pod: str = ""
    uid: str = ""
    sandbox: str = ""
    network: str = ""
    cni_version: str = ""
    interface: str = ""
    addresses: tuple[str, ...] = ()
    has_netns: bool = False
    namespace_file: str = ""


def parse(content: bytes) -> CacheEntry | None:
    """Read a file's content; None when it is not JSON or no object."""
    return entry_of(read(content))


def entry_of(document: Document) -> CacheEntry | None:
    """Like :func:`parse`, for a text that was read already."""
    top = document.value
    if not isinstance(top, Object):
        return None
    args = _pairs(_member(top, "cniArgs"))
    config = _config(_member(top, "config"))
    netns = _text(_member(top, "netns"))
    return CacheEntry(
        namespace=args.get("K8S_POD_NAMESPACE", ""),
        pod=args.get("K8S_POD_NAME", ""),
        uid=args.get("K8S_POD_UID", ""),
        sandbox=_text(_member(top, "containerId")),
        network=_text(_member(top, "networkName")),
        cni_version=_text(_member(config, "cniVersion")),
        interface=_text(_member(top, "ifName")),
        addresses=_addresses(_member(top, "result")),
        has_netns=bool(netns),
        namespace_file=_namespace_file(netns or _inside(_member(top, "result"))),
    )


def _member(value: Any, key: str) -> Any:
    found = None
    if isinstance(value, Object):
        for name, member in value:
            if name == key or match_key(name, (key,)):
                found = member
    return found


def _text(value: Any) -> str:
    return value[:_LONGEST] if isinstance(value, str) else ""


def _pairs(value: Any) -> dict[str, str]:
    if not isinstance(value, list):
        return {}
    return {pair[0]: _text(pair[1]) for pair in value if isinstance(pair, list) and len(pair) >= 2 and isinstance(pair[0], str)}


def _config(value: Any) -> Any:
    if not isinstance(value, str):
        return None
    try:
        return read(b64decode(value)).value
    except (Base64Error, ValueError):
        return None


def _inside(result: Any) -> str:
    """Return the network namespace of the first interface that is in one."""
    interfaces = _member(result, "interfaces")
    found = [_text(_member(each, "sandbox")) for each in interfaces[:_MOST_ADDRESSES]] if isinstance(interfaces, list) else []
    return next(filter(None, found), "")


def _namespace_file(path: str) -> str:
    return path.rpartition("/")[2] if "/netns/" in path else ""


def _addresses(result: Any) -> tuple[str, ...]:
    ips = _member(result, "ips")
    found = [_text(_member(ip, "address")) for ip in ips[:_MOST_ADDRESSES]] if isinstance(ips, list) else []
    # Results of CNI 0.1 and 0.2.
    found += [_text(_member(_member(result, key), "ip")) for key in ("ip4", "ip6")]
    return tuple(address for address in found if address)
