"""Fields that no table knows, as those of a later patch release: they are never lost, and what holds them stays where it is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from talospatch import MachineConfig
from talospatch.machineconfig.path import ROOT_DOCUMENT, ConfigPath
from talospatch.machineconfig.tables.find import MINORS
from talospatch.machineconfig.typed.schema import Type, schema_of
from talospatch.patching.conversion.convert import Conversion, convert
from talospatch.versions import TalosVersion

sys.path.insert(0, str(Path(__file__).parent.parent / "oracle"))
from conversion_examples import EXAMPLES, Example

if TYPE_CHECKING:
    from talospatch.patching.conversion.convert import Made
    from talospatch.patching.conversion.rule import Steps

NEW = "newField"


def converted(config: MachineConfig, to: str, rule: str) -> Conversion:
    """Return the conversion of a config by one rule."""
    return convert(config, TalosVersion.parse(to), only=[rule])


def oldest(example: Example) -> str:
    """Return the minor before the one that has the documents."""
    return MINORS[MINORS.index(example.minor) - 1]


def moved(made: Made) -> list[ConfigPath]:
    """Return what a rule moved."""
    return [
        *(ConfigPath(ROOT_DOCUMENT, steps) for steps in made.move.gone),
        *(ConfigPath(identity.id, ()) for identity in made.move.removed),
        *(ConfigPath(identity.id, (key,)) for identity, key in made.move.cut),
    ]


def places(text: str, to: str, example: Example) -> list[ConfigPath]:
    """Return where a field can be unknown in what a conversion moves: where mappings with fixed keys stand."""
    config = MachineConfig.parse(text)
    found: list[ConfigPath] = []
    for path in [path for made in converted(config, to, example.rule).made for path in moved(made)]:
        known = schema_of(example.minor).kind(path.document.partition("/")[0])
        here: Type | None = known.type if known is not None else None
        for step in path.steps:
            assert here is not None
            here = here.fields[step].type if here.shape == "struct" and isinstance(step, str) else here.elem
        found += [ConfigPath(path.document, steps) for steps in _structs(path.steps, here, config.get(path))]
    return found


def _structs(steps: Steps, type_: Type | None, value: Any) -> list[Steps]:
    if type_ is None or type_.free or type_.shape == "any":
        return []
    if type_.shape == "list":
        return [found for index, each in enumerate(value or ()) for found in _structs((*steps, index), type_.elem, each)]
    if not isinstance(value, dict):
        return []
    types = {
        key: type_.elem if type_.shape == "map" else type_.fields[key].type for key in value if type_.shape == "map" or key in type_.fields
    }
    inside = [found for key, elem in types.items() for found in _structs((*steps, key), elem, value[key])]
    return inside if type_.shape == "map" else [steps, *inside]


CASES = [
    pytest.param(text, to, example.rule, place, id=f"{example.rule}-{to}-{place}")
    for example in EXAMPLES
    for text, to in ((example.old, example.minor), (example.new, oldest(example)))
    for place in places(text, to, example)
]


def test_there_are_many_such_places() -> None:
    """In the main document and in documents."""
    assert len({case.id for case in CASES}) > 60


@pytest.mark.parametrize(("text", "to", "rule", "place"), CASES)
def test_an_unknown_field_is_never_lost(text: str, to: str, rule: str, place: ConfigPath) -> None:
    """Whatever of the rule holds it stays, and a finding says so."""
    path = ConfigPath(place.document, (*place.steps, NEW))
    config = MachineConfig.parse(text).set(str(path), "kept")
    conversion = converted(config, to, rule)
    assert conversion.after.get(path) == "kept"
    assert NEW not in conversion.patch
    assert place not in [path for made in conversion.made for path in moved(made)]
    assert conversion.made or any(finding.code == "conversion-not-expressible" for finding in conversion.findings)


@pytest.mark.parametrize("place", ["machine.sysctls", "machine.sysfs", "machine.nodeLabels", "machine.env"])
def test_a_key_that_a_patch_would_obey_stays(place: str) -> None:
    """Talos has no patch in a config: there it is a key like any other."""
    config = MachineConfig.parse("machine:\n  type: worker\n  kubelet:\n    image: a/b:v1\n").set(place, {"$patch": "delete", "a.b/c": "d"})
    conversion = convert(config, TalosVersion.parse("1.14"))
    assert conversion.after.get(f"{place}.$patch") == "delete"
    assert any("$patch" in finding.message for finding in conversion.findings)
