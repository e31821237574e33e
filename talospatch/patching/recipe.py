"""What is to be made of a config's text: which patches, for which Talos, by which semantics, written in which style."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from talospatch.errors import ConfigError
from talospatch.machineconfig.config import MachineConfig
from talospatch.patching.workpiece import Workpiece

if TYPE_CHECKING:
    from talospatch.patching.change import Change
    from talospatch.talos.finding import Finding
    from talospatch.versions import TalosVersion

Semantics = Literal["declarative", "talosctl"]
Style = Literal["preserve", "canonical"]


class PatchText(NamedTuple):
    """The text of a patch.

    Attributes:
        text: what stands in it.
        source: where it came from, as the user would name it.
        name: how reports call it.
    """

    text: str
    source: str
    name: str


class PatchedText(NamedTuple):
    """A config's text after a recipe.

    Attributes:
        text: the text; that which was given, when nothing had to change.
        findings: what was noticed; talosctl's semantics notice nothing.
    """

    text: str
    findings: tuple[Finding, ...] = ()


class Recipe(NamedTuple):
    """What is done to each of several configs. Can be sent to another process.

    Attributes:
        talos: the version that the configs are for.
        patches: the texts of the patches, in order; what talosctl's semantics apply.
        changes: what declarative semantics apply, in order: the same, read, and maybe with settings.
        semantics: as :func:`talospatch.patching.api.patch_config` has them.
        style: likewise.
        fleet_has_older: whether some node of the fleet has a Talos older than 1.14, which decides what carries a containerd fragment.
    """

    talos: TalosVersion
    patches: tuple[PatchText, ...] = ()
    changes: tuple[Change, ...] = ()
    semantics: Semantics = "declarative"
    style: Style = "preserve"
    fleet_has_older: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """How reports call what is applied."""
        return tuple(change.name for change in self.changes) or tuple(patch.name for patch in self.patches)

    def of(self, text: str, *, source: str) -> PatchedText:
        """Return a config's text with everything applied.

        Args:
            text: the config.
            source: what the user calls it, for errors.

        Raises:
            TalosPatchError: one of its subclasses says what cannot be done, where and why.
        """
        if self.semantics == "talosctl":
            from talospatch.patching.literal import literally

            return PatchedText(literally(text, self.patches, talos=self.talos, preserve=self.style == "preserve", source=source))
        if not self.changes:
            return PatchedText(text)
        config = self.config(text, source=source)
        piece = Workpiece(config, talos=self.talos, fleet_has_older=self.fleet_has_older)
        for change in self.changes:
            change.work_on(piece)
        if self.style == "canonical":
            return PatchedText(piece.canonical(), piece.findings)
        patched = piece.patched
        return PatchedText(text if patched.config is config else patched.config.text, patched.findings)

    def config(self, text: str, *, source: str) -> MachineConfig:
        """Read a config, with quotes around what only go-yaml reads without.

        Raises:
            ConfigError: it is none.
        """
        try:
            return MachineConfig.parse(text, source=source)
        except ConfigError:
            from talospatch.patching.literal import readable

            kept = readable(text, self.talos)
            if kept == text:
                raise
            return MachineConfig.parse(kept, source=source)
