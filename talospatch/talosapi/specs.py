"""Reading the YAML form of resources, and other YAML that a node writes.

Every scalar stays text: a host called ``on`` or ``0x10`` is not to become a boolean or a number.
"""

from __future__ import annotations

from typing import Any

_LONGEST = 1 << 16
_MOST_MARKS = 1000


def parse_yaml(text: str) -> Any:
    """Return mappings, lists and text.

    Raises:
        ValueError: it is not YAML, or larger or deeper than anything a node writes about itself.
    """
    import yaml

    # libyaml's composer recurses: a text deep enough ends the process. Each level costs one of these marks, or a line indented further.
    if len(text) > _LONGEST or sum(map(text.count, "[{-?")) > _MOST_MARKS:
        raise ValueError("larger than a resource's specification can be")
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        return yaml.load(text, Loader=loader)  # noqa: S506 - the base loader makes text, lists and mappings only
    except (yaml.YAMLError, RecursionError):
        raise ValueError("not YAML") from None


def mapping(value: Any) -> dict[str, Any]:
    """Return the value if it is a mapping with text keys, else an empty one."""
    return {key: below for key, below in value.items() if isinstance(key, str)} if isinstance(value, dict) else {}


def text_of(value: Any) -> str:
    """Return the value if it is text, else the empty text."""
    return value if isinstance(value, str) else ""


def texts(value: Any) -> tuple[str, ...]:
    """Return the texts of a list, leaving out what is not text; an empty tuple for anything else."""
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
