"""Options that several commands share, in bundles: a command names a bundle as one parameter and gets its options as one value.

A bundle is a NamedTuple of annotated options. What all commands may share stands here, what goes with a cluster or with files in
:mod:`talospatch.cli.cluster_options` and :mod:`talospatch.cli.file_options`. Words and letters are talosctl's where talosctl has them.
"""

from __future__ import annotations

import inspect
import math
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, get_type_hints

import typer

from talospatch.cli.output import Format

if TYPE_CHECKING:
    from collections.abc import Callable


def finite(value: float | None) -> float | None:
    """Refuse what is a number to Python and none to anybody else: ``nan`` is neither too small nor too large."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is not a number that can be waited for.")
    return value


Patches = Annotated[
    list[str] | None,
    typer.Option(
        "--patch",
        "-p",
        metavar="PATCH",
        help="@FILE, a path, a directory, YAML or TOML text, - for stdin, or bundled:NAME. Repeatable; applied in order.",
    ),
]
PatchFiles = Annotated[
    list[str] | None, typer.Option("--patch-file", metavar="FILE", help="A file with a patch, or - for stdin; applied behind those of -p.")
]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Set a value of a bundled patch, as address=0.0.0.0:11234.")
]
Remove = Annotated[bool, typer.Option("--remove", help="Take out what the patches would put in (containerd drop-ins).")]


class Output(NamedTuple):
    """How the result is written."""

    form: Annotated[Format, typer.Option("--output", "-o", help="Form of the result on stdout.", case_sensitive=False)] = Format.TABLE


def bundled(command: Callable[..., int]) -> Callable[..., int]:
    """Return the command with each parameter that is a bundle spread into the bundle's options, for typer to read."""
    hints = get_type_hints(command, include_extras=True)
    parameters: list[inspect.Parameter] = []
    homes: dict[str, type[Any]] = {}
    for name, parameter in inspect.signature(command).parameters.items():
        bundle = hints[name]
        if not _is_bundle(bundle):
            parameters.append(parameter.replace(annotation=bundle, kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        homes[name] = bundle
        for field, hint in get_type_hints(bundle, include_extras=True).items():
            default = bundle._field_defaults[field]
            parameters.append(inspect.Parameter(field, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint))

    @wraps(command)
    def spread(**values: Any) -> int:
        bundles = {name: bundle(**{field: values.pop(field) for field in bundle._fields}) for name, bundle in homes.items()}
        return command(**values, **bundles)

    spread.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    spread.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return spread


def _is_bundle(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, tuple)


def split(values: list[str] | None) -> tuple[str, ...]:
    """Return what ``-n a,b -n c`` lists: ``("a", "b", "c")``."""
    return tuple(part.strip() for value in values or () for part in value.split(",") if part.strip())
