"""Property: no secret of a configuration stands in anything that the commands for files say, the patched file itself left out."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talospatch.cli.run import run
from talospatch.machineconfig.secrets import SECRET_PATHS

ON = ("--talos", "1.14")
FORMS = ("table", "json", "yaml", "markdown")
# Nothing that a document would have anyway: a secret that is a common word cannot be told from that word.
SECRETS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=", min_size=14, max_size=40).map(lambda text: f"Zq{text}")
ROWS = st.lists(st.sampled_from(SECRET_PATHS), min_size=1, max_size=4, unique=True)


def at_path(kind: str, path: str, value: object) -> dict[str, Any]:
    """Build the smallest document that has a value at a path of the table."""
    data: object = value
    for step in reversed(path.replace("[]", ".[]").replace("{}", ".{}").split(".")):
        data = [data] if step == "[]" else {"any": data} if step == "{}" else {step: data}
    assert isinstance(data, dict)
    return data if kind == "v1alpha1" else {"apiVersion": "v1alpha1", "kind": kind, "name": "n", **data}


def merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return both mappings as one."""
    both = dict(one)
    for key, value in other.items():
        both[key] = merged(both[key], value) if isinstance(both.get(key), dict) and isinstance(value, dict) else value
    return both


def config(rows: list[tuple[str, str]], value: object) -> str:
    """Return a configuration with a value at each of these places."""
    documents: dict[str, dict[str, Any]] = {"v1alpha1": {"machine": {"type": "worker"}}}
    for kind, path in rows:
        documents[kind] = merged(documents.get(kind, {}), at_path(kind, path, value))
    return "".join(f"---\n{json.dumps(document, indent=2)}\n" for document in documents.values())


def said(*arguments: str) -> str:
    """Return all that a command says."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        run(arguments)
    return out.getvalue() + err.getvalue()


@pytest.mark.fuzz
@given(ROWS, SECRETS, SECRETS, st.sampled_from(FORMS), st.sampled_from(["as it is", "in a list", "in a mapping", "as a key"]))
def test_no_secret_is_said(rows: list[tuple[str, str]], secret: str, other: str, form: str, shape: str) -> None:
    """Whether the value fits its type or is what is wrong with the file."""
    shapes: dict[str, Any] = {"as it is": secret, "in a list": [secret], "in a mapping": {"x": secret}, "as a key": {secret: 1}}
    with tempfile.TemporaryDirectory() as directory, contextlib.chdir(directory):
        Path("a.yaml").write_text(config(rows, shapes[shape]))
        Path("b.yaml").write_text(config(rows, other))
        everything = [
            said("mc", "diff", "a.yaml", "b.yaml", "-o", form),
            said("mc", "diff", "a.yaml", "-p", "b.yaml", *ON, "-o", form),
            said("mc", "diff", "b.yaml", "-p", "a.yaml", *ON, "-o", form, "--semantics", "talosctl"),
            said("mc", "validate", "a.yaml", "b.yaml", "-m", "cloud", *ON, "-o", form),
            said("mc", "patch", "a.yaml", "b.yaml", "-p", "b.yaml", *ON, "--check"),
            said("mc", "patch", "b.yaml", "-p", "a.yaml", *ON, "--check"),
            said("mc", "patch", "b.yaml", "-p", "a.yaml", *ON, "--check", "--strict"),
            said("mc", "convert", "a.yaml", "b.yaml", "--to", "1.14", "-o", form),
            said("mc", "convert", "a.yaml", "b.yaml", "--to", "1.11", "--needed", "-o", form),
        ]
    for text in everything:
        assert text
        assert secret not in text
        assert other not in text
