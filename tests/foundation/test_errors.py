"""The error tree: drawn as it is, and texts that say where, what and what to do."""

from __future__ import annotations

import copy
import inspect
import pickle
import re

import pytest

from talospatch import errors
from talospatch.errors import ConfigError, DialError, InputError, NodeUnavailable, RefusedError, RolloutError, TalosPatchError


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    """Depth by indentation, parent by position."""
    parents: dict[str, str] = {}
    stack: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.fullmatch(r"    (?P<lead>[│├└─ ]*)(?P<name>[A-Z]\w+)(?P<rest>.*)", line)
        if match is None:
            continue
        depth = len(match["lead"]) // 4
        stack[depth:] = [match["name"]]
        if depth:
            parents[match["name"]] = stack[depth - 1]
    classes = {
        name: value.__base__.__name__
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, TalosPatchError) and value is not TalosPatchError and value.__base__ is not None
    }
    assert parents == classes


def test_an_input_error_says_where_what_and_what_to_do() -> None:
    """File, line and column, then the path in the configuration."""
    error = InputError("expected a mapping", source="worker.yaml", line=3, column=5, path="machine.files", hint="indent it")
    assert str(error) == "worker.yaml:3:5: machine.files: expected a mapping; indent it"
    assert str(InputError("it is empty")) == "it is empty"
    assert str(InputError("odd", line=2)) == "line 2: odd"


def test_node_and_endpoint_stand_first() -> None:
    """So that a table of failures reads by node."""
    assert str(NodeUnavailable("10.5.0.3", "Version", "UNAVAILABLE", "connection lost")) == "10.5.0.3: Version: connection lost"
    assert str(NodeUnavailable("10.5.0.3", "Version", "UNAVAILABLE", "")) == "10.5.0.3: Version: UNAVAILABLE"
    assert str(DialError("10.5.0.2:50000", "refused", "nothing listens there")) == "10.5.0.2:50000: nothing listens there"


@pytest.mark.parametrize(
    "error",
    [
        TalosPatchError("why"),
        ConfigError("odd", source="worker.yaml", line=3, path="machine", hint="fix it"),
        RefusedError("no-target", "name the nodes"),
        DialError("10.5.0.2:50000", "refused", "nothing listens there"),
        NodeUnavailable("10.5.0.3", "Version", "UNAVAILABLE", "connection lost"),
        RolloutError("1 of 2 nodes failed", {"plain": "report"}),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_can_be_sent_to_another_process(error: TalosPatchError) -> None:
    """Which is what multiprocessing does with one that a worker raised: same class, text and attributes."""
    for made in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(made) is type(error)
        assert (str(made), made.args, vars(made)) == (str(error), error.args, vars(error))
