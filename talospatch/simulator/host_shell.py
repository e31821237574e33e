"""The few programs that a debug container can run here, on the node's tree below ``/host``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.simulator.spec import FileSpec
from talospatch.simulator.tree import MISSING, Entry, PathError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from talospatch.simulator.node import SimulatedNode

HOST = "/host"
_WRITABLE = ("/var/", "/run/", "/system/")


def run(node: SimulatedNode, arguments: Sequence[str]) -> tuple[bytes, int] | None:
    """Output and exit code; None for a program that is not there."""
    program = _PROGRAMS.get(arguments[0].rpartition("/")[2])
    if program is None:
        return None
    try:
        text, code = program(node, list(arguments[1:]))
    except _Failed as error:
        text, code = f"{arguments[0]}: {error}\n", 1
    return text.encode("utf-8", "surrogateescape"), code


class _Failed(Exception):
    pass


def _at(node: SimulatedNode, path: str) -> tuple[str, Entry]:
    """Path on the node, and what is there, links not followed."""
    inside = path.removeprefix(HOST) if path.startswith(f"{HOST}/") else ""
    try:
        return inside, node.tree.find(inside, follow=False)
    except PathError:
        raise _Failed(f"{path}: {MISSING.capitalize()}") from None


def _delete(node: SimulatedNode, path: str, inside: str) -> None:
    if not inside.startswith(_WRITABLE):
        raise _Failed(f"can't remove '{path}': Read-only file system")
    node.tree.remove(inside)


def _true(_: SimulatedNode, __: list[str]) -> tuple[str, int]:
    return "", 0


def _false(_: SimulatedNode, __: list[str]) -> tuple[str, int]:
    return "", 1


def _echo(_: SimulatedNode, arguments: list[str]) -> tuple[str, int]:
    return " ".join(arguments) + "\n", 0


def _cat(node: SimulatedNode, arguments: list[str]) -> tuple[str, int]:
    return "".join(_at(node, path)[1].content().decode("utf-8", "surrogateescape") for path in arguments if path != "--"), 0


def _remove(node: SimulatedNode, arguments: list[str]) -> tuple[str, int]:
    force = any(word.startswith("-") and "f" in word for word in arguments if word != "--")
    for path in (word for word in arguments if not word.startswith("-")):
        try:
            inside, entry = _at(node, path)
        except _Failed:
            if force:
                continue
            raise
        if entry.kind == "directory":
            raise _Failed(f"'{path}' is a directory")
        _delete(node, path, inside)
    return "", 0


def _move(node: SimulatedNode, arguments: list[str]) -> tuple[str, int]:
    source, target = [word for word in arguments if not word.startswith("-")]
    inside, entry = _at(node, source)
    goal = target.removeprefix(HOST)
    if goal.endswith("/") or (_exists(node, goal) == "directory"):
        goal = f"{goal.rstrip('/')}/{inside.rpartition('/')[2]}"
    spec = FileSpec(entry.content(), entry.kind, entry.mode, entry.link, entry.modified, entry.uid, entry.gid)
    _delete(node, source, inside)
    node.tree.put(goal, spec)
    return "", 0


def _exists(node: SimulatedNode, path: str) -> str:
    try:
        return node.tree.find(path).kind
    except PathError:
        return ""


def _make_directory(node: SimulatedNode, arguments: list[str]) -> tuple[str, int]:
    for path in (word for word in arguments if not word.startswith("-")):
        node.tree.put(path.removeprefix(HOST), FileSpec(kind="directory", mode=0o755))
    return "", 0


def _find(node: SimulatedNode, arguments: list[str]) -> tuple[str, int]:
    """``find FILE -maxdepth 0 -type f -size 0c -print -delete``: tests and actions in their order, for the file itself."""
    path, *words = arguments
    inside, entry = _at(node, path)
    printed = ""
    while words:
        word = words.pop(0)
        if word in {"-maxdepth", "-mindepth"}:
            words.pop(0)
        elif word == "-type":
            if {"f": "file", "d": "directory", "l": "symlink"}.get(words.pop(0)) != entry.kind:
                return printed, 0
        elif word == "-size":
            if words.pop(0) != f"{entry.size}c":
                return printed, 0
        elif word == "-print":
            printed += f"{path}\n"
        elif word == "-delete":
            _delete(node, path, inside)
        else:
            raise _Failed(f"unrecognized: {word}")
    return printed, 0


_PROGRAMS: dict[str, Callable[[SimulatedNode, list[str]], tuple[str, int]]] = {
    "true": _true,
    "false": _false,
    "echo": _echo,
    "cat": _cat,
    "rm": _remove,
    "mv": _move,
    "mkdir": _make_directory,
    "find": _find,
}
