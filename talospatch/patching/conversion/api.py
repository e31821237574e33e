"""Converting text, in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.machineconfig.config import MachineConfig
from talospatch.patching.conversion.convert import Conversion, convert
from talospatch.versions import TalosVersion

if TYPE_CHECKING:
    from collections.abc import Iterable


def convert_config(
    base: str, *, to: str, oldest: str | None = None, only: Iterable[str] = (), needed: bool = False, source: str = "config"
) -> Conversion:
    """Return what a machine config becomes when what it says is said where a Talos version says it.

    Into documents that the version has, and out of documents that it lacks. Talos makes the same of the config before and after; what no
    rule can move without loss stays, and a finding says why. ``after.text`` has the least edit, and ``patch`` makes the same change.

    Args:
        base: the config's text.
        to: the version that the config is to be for, ``1.14`` or any tag that a node gives as its version.
        oldest: the oldest version in the cluster, where it is another: documents that it lacks are not made.
        only: codes of rules, as ``cri-customization``; by default all.
        needed: whether to move only what ``to`` cannot read where it stands, as before a rollback.
        source: what the user calls the text, for messages.

    Returns:
        The config before and after, the patch, the rules that were applied and what was found.

    Raises:
        ChangeError: there is no rule of such a code.
        ConfigError: the config does not fit its types, or an edit could not be proven right.
        VersionError: a version is none, or conversions for it are not known.
    """
    lowest = TalosVersion.parse(oldest) if oldest is not None else None
    return convert(MachineConfig.parse(base, source=source), TalosVersion.parse(to), oldest=lowest, only=only, needed=needed)
