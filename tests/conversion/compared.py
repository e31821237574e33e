"""The record of which examples Talos's own code has compared: ``tests/vectors/convert/compared.json``."""

from __future__ import annotations

import hashlib
from pathlib import Path

RECORD = Path(__file__).parent.parent / "vectors/convert/compared.json"
MINORS = ("1.12", "1.13", "1.14")  # that have documents of which there are rules


def digest(minor: str, before: str, after: str) -> str:
    """Return the word for a comparison, which changes with anything that was compared."""
    return hashlib.sha256(f"{minor}\0{before}\0{after}".encode()).hexdigest()[:24]
