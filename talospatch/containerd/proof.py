"""What must be seen on a node before we say that a fragment took effect.

Talos writes the merged ``/etc/cri/conf.d/cri.toml`` with one comment line per part above it, each with the SHA-256 of that part. The forms
of these lines are as the servers of 1.12, 1.13 and 1.14 gave them.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from talospatch.containerd.metrics import Form, metrics_address

if TYPE_CHECKING:
    from collections.abc import Mapping

CRI_TOML = "/etc/cri/conf.d/cri.toml"
LEGACY_HEADER = "## /etc/cri/conf.d/20-customization.part"  # up to 1.13
CUSTOMIZATION_HEADER = '## in-memory customization "{}"'  # from 1.14.0-beta.0; the legacy entry is called "customization" there
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@dataclass(frozen=True, slots=True)
class ExpectedPart:
    """One line above the merged file.

    Attributes:
        header: the line without its checksum.
        content: the exact bytes of the part; None when the part must be gone, or an empty file left in its place.
    """

    header: str
    content: bytes | None = field(repr=False)

    @property
    def line(self) -> str:
        """The whole line that must be there; for a part that must be gone, the line of an empty file."""
        import hashlib

        digest = EMPTY_SHA256 if self.content is None else hashlib.sha256(self.content).hexdigest()
        return f"{self.header} (sha256:{digest})"


class FragmentProof(NamedTuple):
    """What ``cri.toml`` must show.

    Attributes:
        carrier: code of the carrier that was decided on, such as ``legacy-entry`` or ``own-document``.
        parts: the parts that carry the fragment, or that must be gone.
        metrics_address: where containerd must serve metrics, as ``0.0.0.0:11234``; None when it must not serve any.
        about_metrics: whether the fragment says anything about metrics; if not, ``metrics_address`` is what was configured before.
        forms: the forms of the metrics settings that this node's containerd obeys, the winning one first.
    """

    carrier: str
    parts: tuple[ExpectedPart, ...]
    metrics_address: str | None = None
    about_metrics: bool = False
    forms: tuple[Form, ...] = (Form.PLUGIN, Form.TABLE)

    @property
    def header(self) -> str | None:
        """The first line expected above the merged file, with its checksum; None when nothing is expected."""
        present = [part.line for part in self.parts if part.content is not None]
        return present[0] if present else None

    @property
    def content(self) -> bytes | None:
        """The exact bytes of the first part expected; None when nothing is expected."""
        present = [part.content for part in self.parts if part.content is not None]
        return present[0] if present else None

    def missing(self, cri_toml: str) -> tuple[str, ...]:
        """Return one sentence for each thing that the text of ``cri.toml`` does not show; empty when all is there."""
        lines = {line.strip() for line in cri_toml.splitlines() if line.startswith("## ")}
        said = [sentence for part in self.parts if (sentence := _missing_part(part, lines))]
        if self.about_metrics:
            try:
                body: Mapping[str, object] = tomllib.loads(cri_toml)
            except (tomllib.TOMLDecodeError, RecursionError):
                return (*said, f"{CRI_TOML} is not TOML")
            address = metrics_address(body, self.forms)
            if address != self.metrics_address:
                said.append(f"metrics address in {CRI_TOML} is {address or 'not set'}, expected {self.metrics_address or 'not set'}")
        return tuple(said)

    def holds(self, cri_toml: str) -> bool:
        """Whether the text of ``cri.toml`` shows everything."""
        return not self.missing(cri_toml)

    def then(self, after: FragmentProof) -> FragmentProof:
        """Return both as one; what ``after`` says about a part counts."""
        later = {part.header for part in after.parts}
        parts = (*(part for part in self.parts if part.header not in later), *after.parts)
        return FragmentProof(after.carrier, parts, after.metrics_address, self.about_metrics or after.about_metrics, after.forms)


def _missing_part(part: ExpectedPart, lines: set[str]) -> str | None:
    if part.content is not None:
        return None if part.line in lines else f"line {part.line!r} is not in {CRI_TOML}"
    left = [line for line in lines if line.startswith(f"{part.header} ") and line != part.line]
    return f"part {left[0]!r} is still in {CRI_TOML}" if left else None
