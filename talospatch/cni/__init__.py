"""CNI result-cache files: their names, what is in them, what libcni makes of them, and how much that matters on a given node.

What belongs here: rules, tables and plain values, all pure. What does not: asking a node (:mod:`talospatch.cnicheck`), or showing anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from talospatch.cni.predict import DeletePrediction, predict_delete

__all__ = ["DeletePrediction", "predict_delete"]


def __getattr__(name: str) -> object:
    """Load the names of ``__all__`` when they are first asked for."""
    if name in __all__:
        from talospatch.cni import predict

        return getattr(predict, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
