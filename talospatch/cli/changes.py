"""From ``-p``, ``--set`` and ``--remove`` to changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.errors import ChangeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talospatch.cli.options import ChangeOptions
    from talospatch.patching.change import Change


def load(options: ChangeOptions) -> tuple[Change, ...]:
    """Return the changes, in the order given.

    Raises:
        ChangeError: none was given, or one cannot be used.
    """
    from talospatch.offline import load_change

    if not options.patches:
        raise ChangeError("no change was given", hint="name one with -p: @FILE, a path, YAML or TOML text, - for stdin, or bundled:NAME")
    if options.patches.count("-") > 1:
        raise ChangeError("stdin can be read once", hint="give - once")
    changes: tuple[Change, ...] = tuple(load_change(text) for text in options.patches)
    for name, value in _settings(options.settings):
        changes = _set(changes, name, value)
    return tuple(change.removal() for change in changes) if options.remove else changes


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
