"""Proofs as plain values, for JSON and the journal, and back."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from talospatch.containerd.proof import FragmentProof


def proof_to_dict(proof: FragmentProof, *, secrets: bool) -> dict[str, Any]:
    """Return a proof's plain values; with ``secrets`` the contents of its parts too, which :func:`proof_from_dict` needs."""
    parts = []
    for part in proof.parts:
        entry: dict[str, Any] = {"header": part.header, "line": part.line, "present": part.content is not None}
        if secrets and part.content is not None:
            entry["content"] = b64encode(part.content).decode()
        parts.append(entry)
    return {
        "carrier": proof.carrier,
        "parts": parts,
        "metricsAddress": proof.metrics_address,
        "aboutMetrics": proof.about_metrics,
        "forms": [form.value for form in proof.forms],
    }


def proof_from_dict(data: Mapping[str, Any]) -> FragmentProof:
    """Read what :func:`proof_to_dict` gave with ``secrets``."""
    from talospatch.containerd.metrics import Form
    from talospatch.containerd.proof import ExpectedPart, FragmentProof

    parts = tuple(
        ExpectedPart(part["header"], b64decode(part["content"], validate=True) if part["present"] else None) for part in data["parts"]
    )
    forms = tuple(Form(form) for form in data["forms"])
    return FragmentProof(data["carrier"], parts, data["metricsAddress"], data["aboutMetrics"], forms)
