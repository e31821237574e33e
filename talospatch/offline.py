"""The edge of offline use: files and standard input become configs and changes, and nothing else in here thinks.

``Change`` and ``MachineConfig`` are the public classes: those of the pure layers, with the ways to read files added.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

from talospatch.errors import ChangeError, ConfigError, InputError
from talospatch.machineconfig import config as _config
from talospatch.machineconfig.config import decoded
from talospatch.machineconfig.reader import MAX_CHARACTERS
from talospatch.patching import change as _change
from talospatch.patching.api import patch_config
from talospatch.patching.recipe import PatchText

if TYPE_CHECKING:
    from talospatch.versions import TalosVersion

__all__ = [
    "BundledPatch",
    "Change",
    "MachineConfig",
    "PatchText",
    "bundled_patch",
    "bundled_patches",
    "config_text",
    "patch_config",
    "patch_texts",
]

BUNDLED = "bundled:"
STDIN = "-"
STDIN_NAME = "standard input"  # what messages call it
INLINE = "inline patch"
PATCH_SUFFIXES = (".yaml", ".yml", ".json", ".toml")
_LISTED = ", ".join(PATCH_SUFFIXES)
_SUFFIXES = (".yaml", ".toml")  # of two files with one name, the first kind is meant
_FORMS = "name a file, @FILE, - for standard input, bundled:NAME, or give the patch itself"


class MachineConfig(_config.MachineConfig):
    """A machine config. ``==`` and ``hash`` go by the exact text; :meth:`equivalent` by meaning. Made by :meth:`load` or :meth:`parse`.

    Attributes:
        text: the text it was read from, unchanged.
        source: where it came from, as a user would name it; used in messages.
        documents: its documents in the order written; empty ones are left out.
    """

    __slots__ = ()

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a config from a file, or from standard input when the path is ``-``.

        Raises:
            ConfigError: it cannot be read, or is not a config.
        """
        data, source = _read(path, ConfigError)
        return cls.parse(data, source=source)

    def set(self, path: str, value: Any) -> Self:
        """Return the config with a value at a path, everything else as it stands, comments included.

        Mappings on the way are made where there are none. Nothing is checked against the types of a Talos version: see
        :func:`~talospatch.patching.validation.validate_config`.

        Args:
            path: such as ``machine.network.hostname``, ``machine.files[path=/var/x].content`` or ``LinkConfig/eth0:mtu``.
            value: text, number, bool, None, or lists and mappings of these.

        Raises:
            ConfigError: the text is not a path, or the edit could not be proven right.
            ChangeError: the path leads through what is no collection, or to a document or element that is not there.
        """
        from talospatch.patching.set_value import with_value

        return with_value(self, path, value)

    def unset(self, path: str) -> Self:
        """Return the config without what stands at a path; the same config where nothing does. Raises as :meth:`set`."""
        from talospatch.patching.set_value import GONE, with_value

        return with_value(self, path, GONE)

    def patch_to(
        self, after: _config.MachineConfig, *, talos: TalosVersion | str, semantics: Literal["declarative", "talosctl"] = "declarative"
    ) -> str:
        """Return the text of a patch that turns this config into another; empty when both mean the same. Secrets are in it as they are.

        Args:
            after: what this config is to become.
            talos: version of the node that both are for.
            semantics: by which rules the patch must lead there, where none does by both; a comment at its beginning then says so.

        Raises:
            ConfigError: one of them does not fit the types of that version.
            ChangeError: no patch can do it.
            VersionError: ``talos`` is not a version.
        """
        from talospatch.patching.as_patch import as_patch
        from talospatch.versions import TalosVersion

        version = TalosVersion.parse(talos) if isinstance(talos, str) else talos
        return as_patch(self, after, talos=version, semantics=semantics)


class Change(_change.Change):
    """Anything that turns a machine config for a Talos version into a new one. Immutable. Made by :meth:`load` and its neighbours.

    Attributes:
        name: how reports call it, such as ``containerd-metrics``.
        source: where it came from, for messages.
        steps: its parts, in order; none when the text held nothing.
    """

    __slots__ = ()

    @classmethod
    def of(cls, patch: PatchText) -> Self:
        """Read a change from a text that was found already.

        Raises:
            ChangeError: it is not a change that we understand.
            FragmentError: it is not TOML that containerd could read.
        """
        return cls.parse(patch.text, source=patch.source, name=patch.name)

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read a change from a file, or from standard input when the path is ``-``.

        Raises:
            ChangeError: it cannot be read, or is not a change that we understand.
            FragmentError: it is not TOML that containerd could read.
        """
        return cls.of(_patch_file(path))

    @classmethod
    def bundled(cls, name: str) -> Self:
        """Return a change that comes with talospatch.

        Raises:
            ChangeError: there is none of that name.
        """
        return cls.of(_bundled_patch(name))

    @classmethod
    def load(cls, spec: str) -> Self:
        """Read a change from ``@FILE``, an existing path, ``-``, ``bundled:NAME``, or the text itself.

        Raises:
            ChangeError: it is none of these, or not a change that we understand.
            FragmentError: it is not TOML that containerd could read.
        """
        return cls.of(_patch_text(spec))

    @classmethod
    def load_all(cls, spec: str) -> tuple[Self, ...]:
        """Read changes from what :meth:`load` takes, or from a directory: its .yaml, .yml, .json and .toml files, in the order of names.

        Raises:
            ChangeError: it is none of these, or one is not a change that we understand.
            FragmentError: one is not TOML that containerd could read.
        """
        return tuple(cls.of(patch) for patch in patch_texts(spec))


def patch_texts(spec: str) -> tuple[PatchText, ...]:
    """Return the texts of patches, unread, from what :meth:`Change.load_all` takes.

    Raises:
        ChangeError: it is none of these, or cannot be read.
    """
    directory = Path(spec.removeprefix("@"))
    if not _exists(spec.removeprefix("@")) or not directory.is_dir():
        return (_patch_text(spec),)
    try:
        names = sorted(entry.name for entry in directory.iterdir() if entry.suffix in PATCH_SUFFIXES and not entry.name.startswith("."))
    except OSError as cause:
        raise ChangeError(f"cannot be read: {cause.strerror}", source=str(directory)) from None
    # A link that leads nowhere is kept: it is a patch that somebody meant, and reading it says what is wrong.
    patches = tuple(_patch_file(directory / name) for name in names if not (directory / name).is_dir())
    if not patches:
        raise ChangeError("there is no patch in this directory", source=str(directory), hint=f"they are taken from {_LISTED} files")
    return patches


def config_text(path: str | Path) -> tuple[str, str]:
    """Return the text of a config, unread, and what to call it, from a file, or from standard input when the path is ``-``.

    Raises:
        ConfigError: it cannot be read, or is not UTF-8.
    """
    data, source = _read(path, ConfigError)
    return decoded(data, source), source


class BundledPatch(NamedTuple):
    """A change that comes with talospatch.

    Attributes:
        name: what to write behind ``bundled:``.
        description: its first comment line.
        file: the file's name.
        text: its content.
    """

    name: str
    description: str
    file: str
    text: str


def bundled_patches() -> tuple[BundledPatch, ...]:
    """Return the bundled changes by name, each name once."""
    found: dict[str, BundledPatch] = {}
    folder = _bundled_folder()
    for suffix in _SUFFIXES:
        for path in sorted(folder.glob(f"*{suffix}")):
            if path.stem not in found:
                found[path.stem] = _bundled(path)
    return tuple(found[name] for name in sorted(found))


def bundled_patch(name: str) -> BundledPatch:
    """Return one bundled change, by its name or its file's name.

    Raises:
        ChangeError: there is none of that name.
    """
    folder = _bundled_folder()
    if "/" not in name and "\\" not in name and name not in {"", ".", ".."}:
        for candidate in (name, *(name + suffix for suffix in _SUFFIXES)):
            path = folder / candidate
            if path.suffix in _SUFFIXES and path.is_file():
                return _bundled(path)
    known = ", ".join(patch.name for patch in bundled_patches())
    raise ChangeError(f"there is no bundled patch {name[:80]!r}", hint=f"there are {known}" if known else "none are installed")


def _bundled_folder() -> Path:
    """Return where bundled patches lie: inside the package once it is installed, beside it in a checkout or an editable install."""
    package = Path(__file__).resolve().parent
    installed = package / "_patches"
    return installed if installed.is_dir() else package.parent / "patches"


def _bundled(path: Path) -> BundledPatch:
    text = path.read_text(encoding="utf-8")
    description = next((line.lstrip("# ").rstrip() for line in text.splitlines() if line.startswith("#")), "")
    return BundledPatch(path.stem, description, path.name, text)


def _patch_text(spec: str) -> PatchText:
    if spec == STDIN:
        return _patch_file(STDIN)
    if spec.startswith(BUNDLED):
        return _bundled_patch(spec.removeprefix(BUNDLED))
    if spec.startswith("@"):
        return _patch_file(spec[1:])
    if "\n" not in spec and len(spec) < 4096 and _exists(spec):
        return _patch_file(spec)
    if "\n" in spec or spec.lstrip().startswith(("{", "[", "#")) or ": " in spec:
        return PatchText(spec, INLINE, INLINE)
    # A text that is no file may be a patch that was typed wrongly, and hold a secret.
    named = repr(spec[:80]) if spec.endswith(PATCH_SUFFIXES) and " " not in spec else f"a text of {len(spec)} characters"
    raise ChangeError(f"{named} is neither a file nor a patch", hint=_FORMS)


def _patch_file(path: str | Path) -> PatchText:
    data, source = _read(path, ChangeError)
    return PatchText(decoded(data, source, ChangeError), source, source if source == STDIN_NAME else Path(source).name)


def _bundled_patch(name: str) -> PatchText:
    patch = bundled_patch(name)
    return PatchText(patch.text, f"{BUNDLED}{patch.file}", patch.name)


def _exists(spec: str) -> bool:
    try:
        return bool(spec) and Path(spec).exists()
    except (OSError, ValueError):
        return False


def _read(path: str | Path, error: type[InputError]) -> tuple[bytes, str]:
    if str(path) == STDIN:
        data = sys.stdin.buffer.read(4 * MAX_CHARACTERS + 1)
        source = STDIN_NAME
    else:
        source = str(path)
        try:
            with Path(path).open("rb") as file:
                data = file.read(4 * MAX_CHARACTERS + 1)
        except FileNotFoundError:
            raise error("there is no such file", source=source) from None
        except IsADirectoryError:
            raise error("is a directory", source=source, hint="name a file in it") from None
        except (OSError, ValueError) as cause:
            raise error(f"cannot be read: {getattr(cause, 'strerror', None) or cause}", source=source) from None
    if len(data) > 4 * MAX_CHARACTERS:
        raise error("is longer than a node accepts", source=source)
    return data, source
