"""The difference of one node, kept as its two texts.

A :class:`~talospatch.machineconfig.difference.Difference` holds both configs as trees, some hundred kilobytes each. A plan has a thousand
of them: it keeps the texts, which it needs anyway, and makes the trees again for what is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.machineconfig.config import MachineConfig

if TYPE_CHECKING:
    from talospatch.machineconfig.difference import Difference, Entry


class NodeDifference:
    """What differs between two texts, secrets marked in whatever is shown of it.

    Attributes:
        before, after: the exact bytes.
    """

    __slots__ = ("_entries", "_key", "after", "before")

    def __init__(self, before: bytes, after: bytes, made: Difference | None = None) -> None:
        self.before, self.after = before, after
        self._entries: tuple[Entry, ...] | None = None
        self._key: str | None = None
        if made is not None:
            self._entries, self._key = made.entries, made.key

    @property
    def is_empty(self) -> bool:
        """Whether the texts are the same, byte for byte."""
        return self.before == self.after

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Differences in meaning; none when only comments or layout differ."""
        if self._entries is None:
            whole = self.whole()
            self._entries, self._key = whole.entries, whole.key
        return self._entries

    @property
    def key(self) -> str:
        """Equal for differences that say the same, within one run of the program."""
        if self._key is None:
            self._key = self.whole().key
        return self._key

    def unified(self) -> str:
        """Return a unified diff of the texts, secrets marked; empty when they are the same."""
        return "" if self.is_empty else self.whole().unified()

    def whole(self) -> Difference:
        """Return the difference with both configs."""
        before, after = (MachineConfig.parse(text, source=source) for text, source in ((self.before, "before"), (self.after, "after")))
        return before.diff(after)

    def __repr__(self) -> str:
        return f"<NodeDifference of {len(self.before)} and {len(self.after)} bytes>"
