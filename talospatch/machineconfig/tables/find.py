"""Where the tables are, and which there are."""

from __future__ import annotations

import pkgutil

from talospatch.errors import VersionError

MINORS = ("1.11", "1.12", "1.13", "1.14")


def table(minor: str) -> str:
    """Return the table of types of a minor, as its text.

    Raises:
        VersionError: there is none.
    """
    if minor not in MINORS:
        raise VersionError(f"there is no table of types for Talos {minor[:20]}", hint=f"there is one for {', '.join(MINORS)}")
    data = pkgutil.get_data(__package__, f"{minor}.txt")
    assert data is not None, "the tables are part of the package"
    return data.decode("utf-8")
