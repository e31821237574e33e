"""The hostname of a sandbox: it tells whose an empty file is where no log does.

containerd writes it into the sandbox's own directory when it makes the sandbox, and it stays there until that is removed, over reboots too
(setupSandboxFiles in sandbox_run_linux.go, 1.6 to 2.3; run on 1.6.20, 1.7.35 and 2.3.7). It is what the kubelet asked for: the pod's name,
cut after 63 characters, unless the pod sets a hostname of its own (GeneratePodHostNameAndDomain in Kubernetes's pkg/kubelet).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

from talospatch.cni.directories import SANDBOXES
from talospatch.errors import NodeError

if TYPE_CHECKING:
    from talospatch.cnicheck.calls import CniCalls

MOST = 20  # sandboxes of one node that are asked about; one call each
_LONGEST = 256  # bytes
_HOSTNAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")  # a DNS subdomain, as Kubernetes has hostnames


async def hostnames_of(client: CniCalls, node: str, sandboxes: Iterable[str]) -> dict[str, str]:
    """Return hostnames by sandbox ID. Those that could not be read, or are no hostname, are left out. Needs os:admin.

    Args:
        client: the client.
        node: the node's address.
        sandboxes: 64 hexadecimal digits each; the first :data:`MOST` of them are asked about.
    """
    found = {}
    for sandbox in islice(sandboxes, MOST):
        try:
            content = await client.read_file(node, f"{SANDBOXES}/{sandbox}/hostname", limit=_LONGEST)
        except NodeError:
            continue
        name = content.decode("ascii", "replace").rstrip("\n")
        if _HOSTNAME.fullmatch(name):
            found[sandbox] = name
    return found
