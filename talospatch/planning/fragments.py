"""What containerd's merged configuration must show for a whole machine config, whichever change led to it.

A change knows the proof of itself; taking one back, or any other way from one text to another, is proven by this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.containerd.carriers import Holder, effective_metrics, holders
from talospatch.containerd.metrics import live_forms
from talospatch.containerd.proof import CUSTOMIZATION_HEADER, LEGACY_HEADER, ExpectedPart, FragmentProof
from talospatch.errors import FragmentError
from talospatch.versions import Fact, TalosVersion

if TYPE_CHECKING:
    from talospatch.machineconfig.config import MachineConfig


def proof_of(before: MachineConfig, after: MachineConfig, talos: TalosVersion) -> FragmentProof | None:
    """Return what must be seen when a node goes from one config to another; None when neither has a fragment, or one is broken."""
    try:
        old, new = ([holder for holder in holders(config, talos) if holder.live] for config in (before, after))
    except FragmentError:
        return None
    if not old and not new:
        return None
    parts = {_header(holder, talos): ExpectedPart(_header(holder, talos), None) for holder in old}
    parts |= {_header(holder, talos): ExpectedPart(_header(holder, talos), holder.content.encode()) for holder in new}
    was, is_now = effective_metrics(old, talos), effective_metrics(new, talos)
    return FragmentProof("", tuple(parts.values()), is_now, was is not None or is_now is not None, live_forms(talos))


def _header(holder: Holder, talos: TalosVersion) -> str:
    return CUSTOMIZATION_HEADER.format(holder.name) if talos.can(Fact.LIVE_CRI_CUSTOMIZATION) else LEGACY_HEADER
