"""The four forms in which a result can be had: a view gives each of them, one is written."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from talospatch.cli.paint import Paint
    from talospatch.cli.terminal import Terminal


class Format(StrEnum):
    """Forms of ``-o``."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    MARKDOWN = "markdown"


class View(NamedTuple):
    """One result in all its forms; each is made when asked for.

    Attributes:
        text: columns and colours → text for a terminal.
        data: plain values with a ``schema`` version, for JSON and YAML.
        markdown: text for a pull request.
    """

    text: Callable[[int, Paint], str]
    data: Callable[[], dict[str, Any]]
    markdown: Callable[[], str]


def render(view: View, form: Format, *, width: int, paint: Paint, is_one_of_many: bool = False) -> str:
    """Return the result in one form.

    Args:
        view: the result.
        form: the form.
        width: columns of the terminal.
        paint: colours.
        is_one_of_many: whether more results follow on the same stream: JSON is then one line (JSON Lines), YAML a document with its marker.
    """
    if form is Format.TABLE:
        return view.text(width, paint)
    if form is Format.JSON:
        import json

        return json.dumps(view.data(), indent=None if is_one_of_many else 2)
    if form is Format.YAML:
        import json

        import yaml

        # By way of JSON, so that both hold the same values: enumerations, for one, are plain strings then.
        plain = json.loads(json.dumps(view.data()))
        return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=140, explicit_start=is_one_of_many)
    return view.markdown()


def emit(view: View, form: Format, terminal: Terminal, *, is_one_of_many: bool = False) -> None:
    """Write the result to stdout."""
    terminal.out(render(view, form, width=terminal.width, paint=terminal.paint, is_one_of_many=is_one_of_many))
