"""The maker of random configs and patches; it stands with the tests against the reference, which are the first to use it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "oracle"))

from oracle_cases import Maker

__all__ = ["Maker"]
