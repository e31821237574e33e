"""How a machine config is applied."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class ApplyMode(IntEnum):
    """Wire values of ApplyConfigurationRequest.Mode.

    The wire's 0, REBOOT, is missing on purpose: it is what an unset field means, reboots a node up to 1.13 and fails on 1.14.
    """

    AUTO = 1
    NO_REBOOT = 2
    STAGED = 3
    TRY = 4


@dataclass(frozen=True, slots=True)
class ApplyReply:
    """Answer of ApplyConfiguration.

    Attributes:
        mode: the wire number of the mode the node took; 0 is REBOOT, up to 1.13.
        details: the node's own text, redacted.
        warnings: deprecations and the like, redacted; a dry run on 1.14 gives none.
    """

    mode: int
    details: str
    warnings: tuple[str, ...] = ()

    @property
    def reboots(self) -> bool:
        """Whether the node reboots, or in a dry run would reboot, to take this in."""
        return self.mode == 0
