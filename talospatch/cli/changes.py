"""From ``-p``, ``--patch-file``, ``--set`` and ``--remove`` to changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.errors import ChangeError, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talospatch.cli.cluster_options import ChangeOptions
    from talospatch.cli.file_options import FilePatch
    from talospatch.patching.change import Change
    from talospatch.patching.recipe import PatchText, Recipe

STDIN = "-"
NO_VERSION, VERSION_HINT = "a file does not say which Talos it is for", "give --talos VERSION, as --talos 1.13"
NO_CHANGE = "name one with -p: @FILE, a path, a directory, YAML or TOML text, - for stdin, or bundled:NAME"


def load(options: ChangeOptions | FilePatch, files: Sequence[str] = ()) -> tuple[Change, ...]:
    """Return the changes, in the order given.

    Args:
        options: where they come from.
        files: what else is read, which may not be stdin too.

    Raises:
        ChangeError: none was given, or one cannot be used.
        InputError: stdin was named twice.
    """
    return _read(texts(options, files), options)


def texts(options: ChangeOptions | FilePatch, files: Sequence[str] = ()) -> tuple[PatchText, ...]:
    """Return the texts of the patches, in the order given, unread.

    Raises:
        ChangeError: none was given, or one cannot be had.
        InputError: stdin was named twice.
    """
    from talospatch.offline import patch_texts

    # A file that is called like a word of its own, as bundled:x, is still a file here.
    specs = [*(options.patches or ()), *(name if name == STDIN else f"@{name}" for name in options.patch_files or ())]
    if not specs:
        raise ChangeError("no change was given", hint=NO_CHANGE)
    read_once([*specs, *files])
    return tuple(patch for spec in specs for patch in patch_texts(spec))


def _read(patches: Sequence[PatchText], options: ChangeOptions | FilePatch) -> tuple[Change, ...]:
    from talospatch import offline

    changes: tuple[Change, ...] = tuple(offline.Change.of(patch) for patch in patches)
    for name, value in _settings(options.settings):
        changes = _set(changes, name, value)
    return tuple(change.removal() for change in changes) if options.remove else changes


def read_once(names: Sequence[str]) -> None:
    """Raise where stdin is named twice.

    Raises:
        InputError: it is.
    """
    if [name.removeprefix("@") for name in names].count(STDIN) > 1:
        raise InputError("stdin can be read once", hint="give - once")


def has_older(oldest: str | None) -> bool:
    """Whether the oldest Talos of a cluster decides where a containerd fragment goes.

    Raises:
        VersionError: it is no version.
    """
    from talospatch.versions import Fact, TalosVersion

    return bool(oldest) and not TalosVersion.parse(oldest or "").can(Fact.LIVE_CRI_CUSTOMIZATION)


def recipe(options: FilePatch, files: Sequence[str] = ()) -> Recipe:
    """Return what is to be made of each file.

    Raises:
        ChangeError: no change was given, or one cannot be used.
        InputError: stdin was named twice, or options do not go together.
        VersionError: a version is none.
    """
    from talospatch.cli.file_options import Semantics, Style
    from talospatch.patching.recipe import Recipe
    from talospatch.versions import TalosVersion

    if not options.talos:
        raise InputError(NO_VERSION, hint=VERSION_HINT)
    made = Recipe(
        TalosVersion.parse(options.talos),
        semantics="talosctl" if options.semantics is Semantics.TALOSCTL else "declarative",
        style="canonical" if options.style is Style.CANONICAL else "preserve",
        fleet_has_older=has_older(options.oldest),
    )
    patches = texts(options, files)
    if made.semantics == "declarative":
        return made._replace(patches=patches, changes=_read(patches, options))
    if options.settings or options.remove or options.oldest:
        raise InputError("--set, --remove and --oldest are for declarative semantics: talosctl has nothing like them")
    for patch in patches:
        if patch.source.endswith(".toml"):
            raise ChangeError(
                "talosctl reads no TOML", source=patch.source, hint="put it into a machine.files entry, or leave --semantics out"
            )
    return made._replace(patches=patches)


def _settings(texts: Sequence[str] | None) -> list[tuple[str, str]]:
    settings = []
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise ChangeError(f"--set {text[:40]!r} is not NAME=VALUE", hint="write it as --set address=0.0.0.0:11234")
        settings.append((name, value))
    return settings


def _set(changes: tuple[Change, ...], name: str, value: str) -> tuple[Change, ...]:
    """Return the changes with a setting in each that has it; at least one must."""
    changed, refused = [], []
    for change in changes:
        try:
            changed.append(change.with_settings({name: value}))
        except ChangeError as error:
            changed.append(change)
            refused.append(error)
    if len(refused) == len(changes):
        raise refused[0]
    return tuple(changed)
