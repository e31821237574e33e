"""What applying changes gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from talospatch.containerd.proof import FragmentProof
    from talospatch.machineconfig.config import MachineConfig
    from talospatch.talos.finding import Finding


class Patched(NamedTuple):
    """A config after one or more changes.

    Attributes:
        config: the new config; the very object that was given when nothing had to change.
        findings: what was noticed on the way, in order, without repeats.
        proof: what must be seen on the node afterwards, also when it was already so; None when no change was a containerd fragment.
    """

    config: MachineConfig
    findings: tuple[Finding, ...] = ()
    proof: FragmentProof | None = None

    def then(self, after: Patched) -> Patched:
        """Return both as one: the later config, all findings, and the later word about each part of containerd's configuration."""
        proof = self.proof.then(after.proof) if self.proof and after.proof else after.proof or self.proof
        return after._replace(findings=tuple(dict.fromkeys((*self.findings, *after.findings))), proof=proof)
