"""Typed views: they are the tables, they type what they should, and they cost nothing when the program runs.

The types in here are checked by ``nox -s types``, which also fails where something marked as an error is none.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import assert_type

import pytest

from talospatch import MachineConfig
from talospatch.errors import ConfigError
from talospatch.machineconfig import views
from talospatch.machineconfig.tables.find import MINORS
from talospatch.machineconfig.typed.schema import Type, schema_of
from talospatch.machineconfig.views import LinkConfig, V1Alpha1Config

ROOT = Path(__file__).parents[2]
TREE = ast.parse(Path(ROOT, "talospatch/machineconfig/views.pyi").read_text(encoding="utf-8"))
KINDS = sorted({kind for minor in MINORS for kind in schema_of(minor).kinds})
CONFIG = """\
version: v1alpha1
machine:
  type: worker
  kubelet:
    image: ghcr.io/siderolabs/kubelet:v1.34.0
    extraArgs:
      v: "4"
---
apiVersion: v1alpha1
kind: LinkConfig
name: eth0
mtu: 9000
addresses:
  - address: 10.0.0.5/24
---
apiVersion: v1alpha1
kind: HostnameConfig
hostname: worker-1
"""


def test_the_main_document_is_typed_down_to_its_leaves() -> None:
    """A wrong key is an error for the checker, and so is writing into a config."""
    config = MachineConfig.parse(CONFIG)
    main = assert_type(config.main(), V1Alpha1Config)
    assert assert_type(main["machine"]["kubelet"]["image"], str) == "ghcr.io/siderolabs/kubelet:v1.34.0"
    arguments = main.get("machine", {}).get("kubelet", {}).get("extraArgs", {})
    assert assert_type(arguments, Mapping[str, str | Sequence[str]]) == {"v": "4"}
    with pytest.raises(KeyError):
        main["machin"]  # type: ignore[typeddict-item]
    with pytest.raises(KeyError):
        main["machine"]["kubelt"]  # type: ignore[typeddict-item]
    wrong: int = main["machine"]["type"]  # type: ignore[assignment]
    assert f"{wrong}" == "worker"


def test_a_document_is_typed_by_its_kind() -> None:
    """Kinds with names need one, the others have none, and a kind that there is not is an error for the checker."""
    config = MachineConfig.parse(CONFIG)
    link = assert_type(config.view("LinkConfig", "eth0"), LinkConfig | None)
    assert link is not None
    assert [address["address"] for address in link.get("addresses", [])] == ["10.0.0.5/24"]
    assert assert_type(link["mtu"], int) == 9000
    host = assert_type(config.view("HostnameConfig"), views.HostnameConfig | None)
    assert host is not None
    assert assert_type(host["hostname"], str) == "worker-1"
    assert config.view("v1alpha1") is config.main()
    assert config.view("LinkConfig", "eth1") is None
    assert config.view("LinkConfig") is None  # type: ignore[call-overload]
    assert config.view("LinkConfg", "eth0") is None  # type: ignore[call-overload]
    assert config.view("HostnameConfig", "x") is None  # type: ignore[call-overload]


def test_views_are_read_only_for_a_checker() -> None:
    """What they show belongs to the config."""
    mine = LinkConfig(name="eth1", mtu=1500)
    mine["mtu"] = 9000  # type: ignore[typeddict-readonly-mutated]
    assert dict(mine) == {"name": "eth1", "mtu": 9000}


def test_a_config_without_a_main_document_says_so() -> None:
    """A patch may have none."""
    with pytest.raises(ConfigError, match=r"^part\.yaml: there is no main document"):
        MachineConfig.parse("apiVersion: v1alpha1\nkind: LinkConfig\nname: x\n", source="part.yaml").main()


def test_nothing_of_the_views_is_loaded_by_a_config() -> None:
    """They are for checkers; the module with their names is for those who import them."""
    used = "from talospatch import MachineConfig; MachineConfig.parse('a: b').view('LinkConfig', 'x')"
    code = f"import json, sys; {used}; print(json.dumps([name for name in sys.modules if name.endswith('views')]))"
    assert json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout) == []


def test_every_view_can_be_imported_and_nothing_else() -> None:
    """When the program runs, each is a plain dict."""
    assert {name for name in dir(views) if not name.startswith("_")} - {"annotations"} == set(typed_dicts())
    assert all(getattr(views, name) is dict for name in typed_dicts())
    with pytest.raises(AttributeError, match="LinkConfg"):
        views.LinkConfg  # type: ignore[attr-defined] # noqa: B018 - asking is what fails


def test_the_views_are_what_the_tables_give() -> None:
    """If they are not: nox -s views."""
    done = subprocess.run(
        [sys.executable, "tools/views.py", "--check"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_there_is_a_view_for_every_kind() -> None:
    """And a way to ask for it, with a name where its documents have one."""
    asked = {}
    for call in viewer().body:
        if isinstance(call, ast.FunctionDef):
            kind, name = (ast.unparse(argument.annotation or ast.Constant("")) for argument in call.args.args[1:])
            asked[ast.literal_eval(kind.removeprefix("Literal[").removesuffix("]"))] = (name == "str", ast.unparse(call.returns or call))
    assert sorted(asked) == KINDS
    for kind in KINDS:
        named = any(found.named for minor in MINORS if (found := schema_of(minor).kind(kind)) is not None)
        assert asked[kind] == (named, f"{'V1Alpha1Config' if kind == 'v1alpha1' else kind} | None")


def test_every_key_of_a_view_is_in_the_tables_and_every_key_of_the_tables_in_a_view() -> None:
    """Walked from each kind downwards in every minor; no view is left over, and plain values have the types that they have in Go."""
    known = typed_dicts()
    keys: dict[str, set[str]] = {name: set() for name in known}
    todo = [("V1Alpha1Config" if kind == "v1alpha1" else kind, minor, type_) for kind in KINDS for minor, type_ in roots(kind)]
    been = set()
    while todo:
        view, minor, type_ = todo.pop()
        if (view, minor, type_.name) in been:
            continue
        been.add((view, minor, type_.name))
        keys[view] |= type_.fields.keys()
        for key, field in type_.fields.items():
            annotation = known[view][key]
            inner, shown = unwrapped(field.type, annotation)
            if shown in known:
                todo.append((shown, minor, inner))
            elif not set(inner.hooks) & set("UtY") and inner.words is None and inner.name != "time.Duration" and key != "kind":
                assert PLAIN[inner.shape] in shown.split(" | "), f"{view}.{key}: {annotation}"
    assert keys == {name: set(each) for name, each in known.items()}


PLAIN = {"string": "str", "bytes": "str", "bool": "bool", "int": "int", "uint": "int", "float": "float", "struct": "Mapping[str, Any]"}


def unwrapped(type_: Type, annotation: str) -> tuple[Type, str]:
    """Return what lists and maps hold, in Go and in Python, which must agree on what holds it."""
    while type_.elem is not None and type_.shape in {"list", "map"}:
        around = {"list": "Sequence[", "map": "Mapping[str, "}[type_.shape]
        assert annotation.startswith(around), f"{annotation} stands for {type_.name}"
        type_, annotation = type_.inside, annotation.removeprefix(around).removesuffix("]")
    return type_, annotation


def typed_dicts() -> dict[str, dict[str, str]]:
    """Return the annotation of each key of each view."""
    found: dict[str, dict[str, str]] = {}
    for node in TREE.body:
        if isinstance(node, ast.ClassDef) and [ast.unparse(base) for base in node.bases] == ["TypedDict"]:
            fields = [each for each in node.body if isinstance(each, ast.AnnAssign)]
            found[node.name] = {ast.unparse(each.target): inside(each.annotation) for each in fields}
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and isinstance(node.value.args[1], ast.Dict):
            pairs = zip(node.value.args[1].keys, node.value.args[1].values, strict=True)
            found[ast.unparse(node.targets[0])] = {ast.literal_eval(key): inside(value) for key, value in pairs if key is not None}
    return found


def inside(annotation: ast.expr) -> str:
    """Return what is read-only."""
    text = ast.unparse(annotation)
    assert text.startswith("ReadOnly["), text
    return text.removeprefix("ReadOnly[").removesuffix("]")


def roots(kind: str) -> list[tuple[str, Type]]:
    """Return the struct behind a kind in each minor that has it."""
    return [(minor, found.type) for minor in MINORS if (found := schema_of(minor).kind(kind)) is not None]


def viewer() -> ast.ClassDef:
    """Return the class of the overloads."""
    return next(node for node in TREE.body if isinstance(node, ast.ClassDef) and node.name == "Viewer")
