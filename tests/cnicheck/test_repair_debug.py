"""The method debug: how an image gets to a node and away again, and what is made of what the container says."""

from __future__ import annotations

import asyncio
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from repair_world import ADDRESS, RESULTS, STUCK, World, eth0, heals, worker

from talospatch.cnicheck.repair.plan import IMAGE, Method
from talospatch.cnicheck.repair.remover import read_output
from talospatch.errors import NodeError
from talospatch.planning.outcomes import Outcome
from talospatch.simulator.spec import ImageSpec
from talospatch.talos.containers import Container, RunResult

PATH = f"{RESULTS}/{eth0(STUCK)}"


def image_tar(name: str = "localhost/tools:1") -> bytes:
    """An OCI archive as far as its name goes; the simulated node looks no further."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        notes = {"io.containerd.image.name": name} if name else {}
        index = json.dumps({"schemaVersion": 2, "manifests": [{"digest": "sha256:" + "0" * 64, "size": 2, "annotations": notes}]}).encode()
        for path, data in (("oci-layout", b"{}"), ("index.json", index)):
            info = tarfile.TarInfo(path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


class Overridden:
    """Passes every call on, but for those that a test answers itself."""

    def __init__(self, client: Any, **answers: Any) -> None:
        self._client, self._answers = client, answers

    def __getattr__(self, name: str) -> Any:
        return self._answers.get(name) or getattr(self._client, name)


def store(world: World, name: str = "inmem") -> list[str]:
    """Names of the images in a store of the node."""
    return [image.name for image in asyncio.run(world.client.images(ADDRESS, store=name))]


def test_an_image_that_is_there_is_used_and_left(tmp_path: Path) -> None:
    """It is somebody else's."""
    world = World.of(worker(), tmp_path)
    assert world.repair(world.plan()).ok
    assert store(world) == [IMAGE]


def test_an_archive_is_sent_used_and_taken_away_again(tmp_path: Path) -> None:
    """For nodes that reach no registry; the name in it counts, and nothing is pulled."""
    world = World.of(worker(images=()), tmp_path)
    report = world.repair(world.plan(archived()))
    assert report.ok
    assert report.image.startswith("localhost/tools:1@sha256:")
    assert store(world) == []
    assert "localhost/tools:1" not in json.dumps(world.plan().to_dict())


def archived(archive: bytes | None = None) -> Any:
    return heals(archive=image_tar() if archive is None else archive, method=Method.DEBUG)


@pytest.mark.parametrize(("archive", "said"), [(image_tar(""), "no images imported from archive"), (b"not a tar at all", "unexpected EOF")])
def test_an_archive_that_is_none_ends_before_anything_is_removed(tmp_path: Path, archive: bytes, said: str) -> None:
    """With the node's words."""
    world = World.of(worker(images=()), tmp_path)
    (file,) = world.repair(world.plan(archived(archive))).files
    assert file.outcome is Outcome.FAILED
    assert file.reason.startswith("nothing was removed: ")
    assert said in file.reason
    assert world.exists(PATH)


@pytest.mark.parametrize("talos", ["v1.13.9", "v1.14.0"])
def test_a_registry_that_refuses_has_two_minutes_not_twenty(tmp_path: Path, talos: str) -> None:
    """Talos 1.13 would go on trying; 1.14 says so at once."""
    world = World.of(worker(talos, images=()), tmp_path)
    plan = world.plan(heals(image="registry.example/none:1"))
    start = world.time.now()
    (file,) = world.repair(plan).files
    assert (file.outcome, world.exists(PATH)) == (Outcome.FAILED, True)
    assert world.time.now() - start <= 121
    assert file.reason.startswith("nothing was removed: ")


def test_a_pulled_image_is_run_by_its_digest_and_taken_away_again(tmp_path: Path) -> None:
    """By the name that the node answers; and under all three that a pull gives it, or it would stay in the node's memory."""
    tools, other = "registry.example/tools:1", ImageSpec("registry.example/other:1", "inmem")
    digest = f"sha256:{'ab' * 32}"
    world = World.of(worker(images=(ImageSpec(tools, "registry", digest), other)), tmp_path)
    ran: list[tuple[str, list[str]]] = []
    inner = world.client

    async def run_container(node: str, image: str, args: Any, **more: Any) -> RunResult:
        ran.append((image, [found.name for found in await inner.images(ADDRESS, store="inmem")]))
        return await inner.run_container(node, image, args, **more)

    plan = world.plan(heals(image=tools))
    world.client = Overridden(inner, run_container=run_container)  # type: ignore[assignment]
    report = world.repair(plan)
    pinned = f"registry.example/tools@{digest}"
    assert (report.ok, report.image, report.notes) == (True, pinned, ())
    assert ran == [(pinned, sorted([pinned, tools, digest, other.name]))]
    world.client = inner
    assert store(world) == [other.name]


def test_a_name_that_was_there_before_stays(tmp_path: Path) -> None:
    """The same image under another name is somebody else's."""
    tools, digest = "registry.example/tools:1", f"sha256:{'ab' * 32}"
    world = World.of(worker(images=(ImageSpec(tools, "registry", digest), ImageSpec("mine:1", "inmem", digest))), tmp_path)
    assert world.repair(world.plan(heals(image=tools))).ok
    assert store(world) == ["mine:1"]


def test_an_image_that_stays_is_named(tmp_path: Path) -> None:
    """Each of its names, with the node's words."""
    world = World.of(worker(images=(ImageSpec("registry.example/tools:1", "registry"),)), tmp_path)
    plan = world.plan(heals(image="registry.example/tools:1"))

    async def remove_image(node: str, reference: str, **_: Any) -> None:
        raise NodeError(node, "Remove", "INTERNAL", f"failed to remove image {reference}: busy")

    world.client = Overridden(world.client, remove_image=remove_image)  # type: ignore[assignment]
    report = world.repair(plan)
    assert report.ok
    stay = [note.partition(" stays in the node's store inmem: ")[0].rpartition(" ")[2] for note in report.notes]
    assert sorted(stay) == sorted(store(world))


def test_an_image_without_gnu_find_ends_it_with_what_it_said(tmp_path: Path) -> None:
    """Debian's busybox knows no -delete: nothing is removed, and the next file is not tried."""
    world = World.of(worker(), tmp_path)
    plan = world.plan()
    inner = world.client

    async def run_container(node: str, image: str, args: Any, **more: Any) -> RunResult:
        return await inner.run_container(node, image, ["/bin/find", *args[1:]], **more)

    world.client = Overridden(inner, run_container=run_container)  # type: ignore[assignment]
    (file,) = world.repair(plan).files
    assert file.outcome is Outcome.FAILED
    assert file.reason == "the command failed with 1: find: unrecognized: -newermt; the file is still there"
    assert world.exists(PATH)


def test_an_image_without_test_removes_nothing(tmp_path: Path) -> None:
    """Then it cannot be seen whether the sandbox runs, so find goes no further."""
    world = World.of(worker(), tmp_path)
    plan = world.plan()
    inner = world.client

    async def run_container(node: str, image: str, args: Any, **more: Any) -> RunResult:
        return await inner.run_container(node, image, ["/no/such/program" if word == "/usr/bin/test" else word for word in args], **more)

    world.client = Overridden(inner, run_container=run_container)  # type: ignore[assignment]
    (file,) = world.repair(plan).files
    assert file.outcome is Outcome.REFUSED
    assert "'/no/such/program': no such file or directory" in file.reason
    assert world.exists(PATH)


def test_a_missing_program_is_told_from_a_run(tmp_path: Path) -> None:
    """Nothing ran: the node's own words, and the file is there."""
    world = World.of(worker(), tmp_path)
    plan = world.plan()
    inner = world.client

    async def run_container(node: str, image: str, args: Any, **more: Any) -> RunResult:
        return await inner.run_container(node, image, ["/no/such/program"], **more)

    world.client = Overridden(inner, run_container=run_container)  # type: ignore[assignment]
    (file,) = world.repair(plan).files
    assert (file.outcome, file.reason.startswith("the command was not run: failed to create task")) == (Outcome.FAILED, True)


def test_a_container_that_was_left_behind_is_named(tmp_path: Path) -> None:
    """containerd was killed during the run; those that were there before are not ours."""
    world = World.of(worker(), tmp_path)
    plan = world.plan()
    inner, left = world.client, ["debug-0000000000000000"]

    async def containers(node: str, *, driver: str = "cri", namespace: str = "k8s.io") -> tuple[Container, ...]:
        if (driver, namespace) != ("containerd", "system"):
            return await inner.containers(node, driver=driver, namespace=namespace)
        return tuple(Container(id=name, status="RUNNING") for name in left)

    async def run_container(*_: Any, **__: Any) -> RunResult:
        from talospatch.errors import NodeUnavailable

        left.append("debug-0123456789abcdef")
        raise NodeUnavailable(ADDRESS, "ContainerRun", "UNAVAILABLE", "error reading from server: EOF")

    world.client = Overridden(inner, containers=containers, run_container=run_container)  # type: ignore[assignment]
    report = world.repair(plan)
    assert report.files[0].outcome is Outcome.FAILED
    (note,) = report.notes
    assert "debug-0123456789abcdef was left behind (containerd namespace system)" in note


def test_output_in_frames_and_with_errors_mixed_in_is_read_by_lines() -> None:
    """The path alone on a line is what counts, wherever it stands."""
    path = "/host/var/lib/cni/results/cbr0-x-eth0"
    assert read_output(f"find: odd\n{path}\n".encode(), path) == (True, "find: odd")
    assert read_output(f"find: '{path}': No such file\n".encode(), path) == (False, f"find: '{path}': No such file")
    assert read_output(b"", path) == (False, "")
    removed, said = read_output(b"\x1b]0;owned\x07\xff" + b"x" * 1000, path)
    assert not removed
    assert said.isprintable()
    assert len(said) == 300
