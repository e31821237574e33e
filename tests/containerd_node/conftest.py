"""Nodes for the tests of this folder. They are skipped with a reason where no node can be made; CI asks for a failure instead."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from containerd_node.containerds import REQUIRED, Containerd, chosen, find, missing
from containerd_node.node import ContainerdNode
from containerd_node.pod_image import write_image

# libcni reads the cache on DEL from 0.4.0 on.
CNI_VERSIONS = ("0.3.1", "0.4.0", "1.0.0")
# Looked up once, before a test has a home of its own.
_FOUND = {name: find(name) for name in chosen()}
_AFFECTED = [found for found in _FOUND.values() if isinstance(found, Containerd) and not found.heals]
_HEALING = [found for found in _FOUND.values() if isinstance(found, Containerd) and found.heals]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where nodes cannot be made, one test for each reason stands for all and says how many: 150 lines would say no more."""
    if os.environ.get(REQUIRED):
        return
    alike: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.path.parent == Path(__file__).parent and (reason := _missing_for(item)):
            alike.setdefault(reason, []).append(item)
    for reason, group in alike.items():
        group[0].add_marker(pytest.mark.skip(reason=f"{len(group)} tests: {reason}"))
        config.hook.pytest_deselected(items=group[1:])
        items[:] = [item for item in items if item not in group[1:]]


def _missing_for(item: pytest.Item) -> str:
    """Why a test cannot be run; empty when it can."""
    if reason := missing():
        return reason
    callspec = getattr(item, "callspec", None)
    if callspec is not None and "containerd" in callspec.params:
        name = callspec.params["containerd"]
        found = _FOUND[name]
        return f"containerd {name}: {found}" if isinstance(found, str) else ""
    found = "; ".join(map(str, _FOUND.values()))
    if "healing" in getattr(item, "fixturenames", ()):
        return "" if _HEALING else f"there is no containerd that goes on without a damaged file: {found}"
    return "" if _AFFECTED else f"there is no containerd that fails on a damaged file: {found}"


@pytest.fixture(scope="session", params=chosen())
def containerd(request: pytest.FixtureRequest) -> Containerd:
    """Each containerd in turn."""
    found = _FOUND[request.param]
    assert isinstance(found, Containerd), found
    return found


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image of pods and debug containers."""
    path = tmp_path_factory.mktemp("image") / "image.tar"
    write_image(path)
    return path


@pytest.fixture(scope="session", params=CNI_VERSIONS)
def any_node(containerd: Containerd, image: Path, request: pytest.FixtureRequest) -> Iterator[ContainerdNode]:
    """A node with each cniVersion in turn; shared, so a test leaves its pods in order."""
    with ContainerdNode(containerd, image, cni_version=request.param) as node:
        yield node


@pytest.fixture(scope="module")
def module_node(containerd: Containerd, image: Path) -> Iterator[ContainerdNode]:
    """A node as Talos has it, for one module."""
    with ContainerdNode(containerd, image) as node:
        yield node


@pytest.fixture
def node(module_node: ContainerdNode) -> Iterator[ContainerdNode]:
    """A running node without pods."""
    yield module_node
    if not module_node.machine.is_on:
        module_node.boot()
    elif not module_node.is_running:
        module_node.start_containerd()
    module_node.clear()


@pytest.fixture(scope="session")
def affected() -> Containerd:
    """The first of them whose libcni fails on a damaged file."""
    assert _AFFECTED, _FOUND
    return _AFFECTED[0]


@pytest.fixture(scope="session")
def healing() -> Containerd:
    """The newest of them, whose libcni goes on without a damaged file."""
    assert _HEALING, _FOUND
    return _HEALING[-1]


@pytest.fixture
def new_node(containerd: Containerd, image: Path) -> Iterator[Callable[[], ContainerdNode]]:
    """Makes a node that is the test's own."""
    made: list[ContainerdNode] = []

    def make() -> ContainerdNode:
        made.append(ContainerdNode(containerd, image).__enter__())
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def cni_version() -> str:
    """Of the node's CNI configuration: Talos's own, where a test does not say otherwise."""
    return "1.0.0"


@pytest.fixture
def own_node(affected: Containerd, image: Path, cni_version: str) -> Iterator[ContainerdNode]:
    """A node that fails on a damaged file, and whose boot a test may date back."""
    with ContainerdNode(affected, image, cni_version=cni_version) as node:
        yield node
