"""The few programs that a debug container can run here, on the node's tree below ``/host``: busybox's, and GNU's find."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from talospatch.simulator.spec import FileSpec
from talospatch.simulator.tree import MISSING, Entry, PathError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from talospatch.simulator.node import SimulatedNode

HOST = "/host"
GNU_FIND, BUSYBOX_FIND = "/usr/bin/find", "/bin/find"
_WRITABLE = ("/var/", "/run/", "/system/")


@dataclass(frozen=True, slots=True)
class Shell:
    """Where programs run.

    Attributes:
        node: whose files they see.
        now: seconds since 1970; the node's own clock may be ahead.
        stdin: what was sent to the program.
    """

    node: SimulatedNode
    now: float
    stdin: bytes = b""

    def run(self, arguments: Sequence[str]) -> tuple[bytes, int] | None:
        """Output and exit code; None for a program that is not there."""
        program = _PROGRAMS.get(arguments[0]) or _PROGRAMS.get(arguments[0].rpartition("/")[2])
        if program is None:
            return None
        try:
            text, code = program(self, list(arguments[1:]))
        except _Failed as error:
            # busybox calls itself by the applet's name, GNU's find as it was called.
            by = arguments[0] if program is _find else arguments[0].rpartition("/")[2]
            text, code = f"{by}: {error}\n", 1
        return text.encode("utf-8", "surrogateescape"), code


class _Failed(Exception):
    """A program ends with 1 and says this."""


def _at(node: SimulatedNode, path: str, said: str = "{path}") -> tuple[str, Entry]:
    """Path on the node, and what is there, links not followed; ``said`` is how the program names what is missing."""
    inside = path.removeprefix(HOST) if path.startswith(f"{HOST}/") else ""
    try:
        return inside, node.tree.find(inside, follow=False)
    except PathError as error:
        text = str(error)
        raise _Failed(f"{said.format(path=path)}: {text[:1].upper()}{text[1:]}") from None


def _delete(shell: Shell, path: str, inside: str) -> None:
    if not inside.startswith(_WRITABLE):
        raise _Failed(f"can't remove '{path}': Read-only file system")
    shell.node.tree.remove(inside)
    shell.node.note_removed(inside, shell.now)


def _true(_: Shell, __: list[str]) -> tuple[str, int]:
    return "", 0


def _false(_: Shell, __: list[str]) -> tuple[str, int]:
    return "", 1


def _echo(_: Shell, arguments: list[str]) -> tuple[str, int]:
    return " ".join(arguments) + "\n", 0


def _cat(shell: Shell, arguments: list[str]) -> tuple[str, int]:
    if not arguments:
        return shell.stdin.decode("utf-8", "surrogateescape"), 0
    return "".join(_at(shell.node, path)[1].content().decode("utf-8", "surrogateescape") for path in arguments if path != "--"), 0


def _remove(shell: Shell, arguments: list[str]) -> tuple[str, int]:
    force = any(word.startswith("-") and "f" in word for word in arguments if word != "--")
    for path in (word for word in arguments if not word.startswith("-")):
        try:
            inside, entry = _at(shell.node, path, "can't remove '{path}'")
        except _Failed:
            if force:
                continue
            raise
        if entry.kind == "directory":
            raise _Failed(f"'{path}' is a directory")
        _delete(shell, path, inside)
    return "", 0


def _move(shell: Shell, arguments: list[str]) -> tuple[str, int]:
    source, target = [word for word in arguments if not word.startswith("-")]
    node = shell.node
    inside, entry = _at(node, source)
    goal = target.removeprefix(HOST)
    if goal.endswith("/") or (_exists(node, goal) == "directory"):
        goal = f"{goal.rstrip('/')}/{inside.rpartition('/')[2]}"
    spec = FileSpec(entry.content(), entry.kind, entry.mode, entry.link, entry.modified, entry.uid, entry.gid)
    _delete(shell, source, inside)
    node.tree.put(goal, spec)
    return "", 0


def _exists(node: SimulatedNode, path: str) -> str:
    try:
        return node.tree.find(path).kind
    except PathError:
        return ""


def _make_directory(shell: Shell, arguments: list[str]) -> tuple[str, int]:
    for path in (word for word in arguments if not word.startswith("-")):
        shell.node.tree.put(path.removeprefix(HOST), FileSpec(kind="directory", mode=0o755))
    return "", 0


class _Find:
    """``find FILE -maxdepth 0 TESTS ACTIONS`` for the file itself: words in their order, each after ``!`` turned round.

    Args:
        shell: where it runs.
        path: the file, as it was named.
        gnu: whether it is GNU's; Debian's busybox has neither ``-delete`` nor ``-newermt``.
    """

    def __init__(self, shell: Shell, path: str, *, gnu: bool) -> None:
        self.shell, self.path, self.gnu = shell, path, gnu
        self.inside, self.entry = _at(shell.node, path, "'{path}'" if gnu else "{path}")
        self.printed = ""

    def run(self, words: list[str]) -> tuple[str, int]:
        """Evaluate the words until one is false."""
        turned = False
        while words:
            word = words.pop(0)
            if word == "!":
                turned = not turned
                continue
            if self._holds(word, words) is turned:
                break
            turned = False
        return self.printed, 0

    def _holds(self, word: str, words: list[str]) -> bool:
        entry = self.entry
        if word in {"-delete", "-newermt"} and not self.gnu:
            raise _Failed(f"unrecognized: {word}")
        if word in {"-maxdepth", "-mindepth"}:
            words.pop(0)
            return True
        if word == "-type":
            return {"f": "file", "d": "directory", "l": "symlink"}.get(words.pop(0)) == entry.kind
        if word == "-size":
            return words.pop(0) == f"{entry.size}c"
        if word == "-newermt":  # the tree has whole seconds
            return entry.modified > Decimal(words.pop(0).removeprefix("@"))
        if word == "-mmin":
            return self.shell.node.clock(self.shell.now) - entry.modified > 60 * float(words.pop(0).removeprefix("+"))
        if word == "-exec":
            end = words.index(";")
            command, words[:] = [self.path if part == "{}" else part for part in words[:end]], words[end + 1 :]
            result = self.shell.run(command)
            self.printed += result[0].decode("utf-8", "surrogateescape") if result else f"{GNU_FIND}: '{command[0]}': {MISSING}\n"
            return result is not None and result[1] == 0
        if word == "-print":
            self.printed += f"{self.path}\n"
            return True
        if word == "-delete":
            _delete(self.shell, self.path, self.inside)
            return True
        raise _Failed(f"unknown predicate `{word}'")


def _busybox_find(shell: Shell, arguments: list[str]) -> tuple[str, int]:
    return _Find(shell, arguments[0], gnu=False).run(arguments[1:])


def _find(shell: Shell, arguments: list[str]) -> tuple[str, int]:
    return _Find(shell, arguments[0], gnu=True).run(arguments[1:])


def _test(shell: Shell, arguments: list[str]) -> tuple[str, int]:
    """``test [!] -e|-f|-s PATH``."""
    wanted = arguments[0] != "!"
    operator, path = arguments[-2:]
    try:
        entry: Entry | None = shell.node.tree.find(path.removeprefix(HOST))
    except PathError:
        entry = None
    found = entry is not None and {"-e": True, "-f": entry.kind == "file", "-s": entry.size > 0}[operator]
    return "", 0 if found is wanted else 1


_PROGRAMS: dict[str, Callable[[Shell, list[str]], tuple[str, int]]] = {
    "true": _true,
    "false": _false,
    "echo": _echo,
    "cat": _cat,
    "rm": _remove,
    "mv": _move,
    "mkdir": _make_directory,
    BUSYBOX_FIND: _busybox_find,
    "find": _find,
    "test": _test,
}
