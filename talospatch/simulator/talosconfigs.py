"""The talosconfig files of a simulated cluster: one for each role a person may have."""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from talospatch.simulator.cluster import IssuedIdentity
from talospatch.simulator.pki import reaching_back

if TYPE_CHECKING:
    from talospatch.simulator.pki import Authority, Identity

# File name without ending → roles of its certificate.
ROLES = {"admin": ("os:admin",), "operator": ("os:operator",), "reader": ("os:reader",)}


def render(context: str, endpoints: Sequence[str], nodes: Sequence[str], authority: bytes, identity: Identity) -> str:
    """Return a talosconfig with one context.

    Args:
        context: its name.
        endpoints: ``host:port`` each.
        nodes: addresses that talosctl asks when it is given none; may be empty.
        authority: PEM of the certificate that servers must come from.
        identity: the client's.
    """
    import yaml

    entry: dict[str, Any] = {"endpoints": list(endpoints)}
    if nodes:
        entry["nodes"] = list(nodes)
    for key, value in (("ca", authority), ("crt", identity.certificate), ("key", identity.key)):
        entry[key] = base64.b64encode(value).decode()
    return yaml.safe_dump({"context": context, "contexts": {context: entry}}, sort_keys=False, width=1_000_000)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, from its first byte on.

    Raises:
        OSError: it exists already or cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def issue(authority: Authority, context: str, endpoints: Sequence[str], roles: Sequence[str], seconds: float) -> IssuedIdentity:
    """Make what GenerateClientConfiguration answers: a certificate with these roles that lives so many seconds."""
    start = reaching_back()
    identity = authority.client(roles, not_before=start, not_after=start + timedelta(seconds=seconds))
    text = render(context, endpoints, (), authority.certificate, identity)
    return IssuedIdentity(authority.certificate, identity.certificate, identity.key, text.encode())
