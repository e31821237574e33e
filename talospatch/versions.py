"""Talos versions and what each of them can do.

A table of named facts, so that no other module compares version numbers. Facts are asked of one node's version, never of a cluster's.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache, total_ordering

from talospatch.errors import VersionError

_TAG = re.compile(
    r"v?(?P<major>0|[1-9]\d{0,5})\.(?P<minor>0|[1-9]\d{0,5})(?:\.(?P<patch>0|[1-9]\d{0,5}))?"
    r"(?:-(?P<stage>alpha|beta|rc)\.(?P<number>\d{1,6}))?(?P<build>-\d+-g[0-9a-f]+)?(?P<dirty>-dirty)?(?:\+[0-9A-Za-z.-]+)?"
)
_STAGES = {"alpha": 0, "beta": 1, "rc": 2, "": 3}


@total_ordering
class TalosVersion:
    """A Talos version as the Version RPC gives it: ``v1.13.4``, ``v1.14.0-beta.1``, ``v1.14.0-alpha.2-45-gabcdef``.

    ``1.13`` alone means the newest release of that minor. A build after a tag (``-45-g…``) counts as newer than that tag.

    Attributes:
        tag: the text it was read from, with a leading ``v``.
        key: what versions are ordered by.
    """

    __slots__ = ("key", "tag")

    def __init__(self, tag: str, key: tuple[int, int, int, int, int, int]) -> None:
        self.tag, self.key = tag, key

    @classmethod
    def parse(cls, text: str) -> TalosVersion:
        """Read a version.

        Raises:
            VersionError: the text names no Talos version.
        """
        match = _TAG.fullmatch(text.strip())
        if match is None:
            raise VersionError(f"{text.strip()[:40]!r} is not a Talos version", hint="write it as 1.13, v1.13.9 or v1.14.0-beta.1")
        patch = 999_999 if match["patch"] is None else int(match["patch"])
        stage = match["stage"] or ""
        built_after = 1 if match["build"] else 0
        tag = text.strip()
        key = (int(match["major"]), int(match["minor"]), patch, _STAGES[stage], int(match["number"] or 0), built_after)
        return cls(tag if tag.startswith("v") else f"v{tag}", key)

    @property
    def minor(self) -> str:
        """Major and minor alone, as ``1.13``: what tables are keyed by."""
        return f"{self.key[0]}.{self.key[1]}"

    def can(self, fact: Fact) -> bool:
        """Whether this version has the named fact."""
        return self.key >= fact.key

    def within(self, since: str, until: str = "") -> bool:
        """Whether a table's row is for this version: from ``since`` on, and before ``until`` where one is given."""
        return self.key >= _tag(since).key and (not until or self.key < _tag(until).key)

    def __eq__(self, other: object) -> bool:
        return self.key == other.key if isinstance(other, TalosVersion) else NotImplemented

    def __lt__(self, other: TalosVersion) -> bool:
        return self.key < other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return self.tag

    def __repr__(self) -> str:
        return f"<TalosVersion {self.tag}>"


@lru_cache(maxsize=256)
def _tag(text: str) -> TalosVersion:
    """Read a tag of a table; tables have few."""
    return TalosVersion.parse(text)


def minors_between(first: str, last: str) -> tuple[str, ...]:
    """Return the minors from one version's to another's, both included, as ``1.13``; none where the first is the later one.

    Raises:
        VersionError: one names no Talos version, or their majors differ, so that what lies between them is not known.
    """
    (major, low), (other, high) = TalosVersion.parse(first).key[:2], TalosVersion.parse(last).key[:2]
    if major != other:
        raise VersionError(f"which minors there are between {first} and {last} is not known")
    return tuple(f"{major}.{minor}" for minor in range(low, high + 1))


class Fact(Enum):
    """What began with which version: the first tag that has it, and what it is with its source."""

    CONTAINERD_KNOWN = "1.3.0-alpha.0", "oldest version whose containerd we know, which is enough for a copy of a node's files"
    INSPECT = "1.6.0", "oldest version whose List, Read and Containers we know: differences of api/ between tags"
    SANDBOX_IDS = "1.9.0", "ContainerInfo has internal_id and uid"
    PERSISTENT_CONFIG = "1.10.0", "MachineConfig resource with the id persistent"
    WRITE = "1.11.0", "oldest version whose machine config we write: the oldest with recorded answers"
    NO_POD_SECURITY_POLICY = "1.12.0-alpha.2", "cluster.apiServer.disablePodSecurityPolicy is read by nothing"
    TLS_1_3_ONLY = "1.13.0", "apid refuses TLS 1.2"
    DEBUG_CONTAINERS = "1.13.0-alpha.2", "DebugService and ImageService: a one-off container that sees the node's root"
    NO_REBOOT_MODE = "1.14.0-alpha.2", "ApplyConfiguration never reboots; the mode REBOOT is UNIMPLEMENTED (commit 995bc30d5)"
    LIVE_CRI_CUSTOMIZATION = "1.14.0-beta.0", "CRICustomizationConfig; the drop-in is merged live and CRI restarted (PR 13817)"
    LIVE_UDEV_RULES = "1.14.0-beta.0", "udev rules are written by a controller and udevd reloads them (controllers/files/udev.go)"
    KUBELET_REGISTERS_TAINTS = "1.14.0-beta.0", "nodeTaints stand in the kubelet's configuration (controllers/k8s/kubelet_config.go)"
    TOML_1_1 = "1.14.0-beta.0", "go-toml 2.4.3 reads TOML 1.1"
    METRICS_PLUGIN_FORM = "1.14.0-beta.0", 'containerd >= 2.3 reads [plugins."io.containerd.server.v1.metrics"]'
    METRICS_TABLE_IGNORED = "1.15.0-alpha.0", "containerd configuration version 4 ignores a top-level [metrics] silently"

    def __init__(self, since: str, meaning: str) -> None:
        self.since, self.meaning = since, meaning
        self.key = TalosVersion.parse(since).key
