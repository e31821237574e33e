"""What a user means with one word: a sandbox by its ID, a file in the cache's directory by its name, or a pod."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from talospatch.cni.directories import RESULTS
from talospatch.cni.names import parse, shown
from talospatch.errors import InputError

if TYPE_CHECKING:
    from talospatch.cni.logreport import PodName
    from talospatch.cni.verdict import Judged

SHORTEST = 6  # hexadecimal digits that name a sandbox; crictl shows 13
LONGEST_NAME = 255  # of a file, on every file system that Talos has
_ID = re.compile(rf"[0-9a-f]{{{SHORTEST},64}}")
_DIGITS = re.compile(r"[0-9a-f]+")
_NAME = re.compile(r"[a-z0-9]([a-z0-9.\-]{0,251}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Selector:
    """Which sandboxes are meant.

    Attributes:
        text: what the user wrote.
        sandbox: an ID, or the beginning of one; else empty.
        file: base name of a file that may be meant, which need not be one of containerd's; else empty.
        namespace, pod: of a pod; the namespace is empty where any is meant.
    """

    text: str
    sandbox: str = ""
    file: str = ""
    namespace: str = ""
    pod: str = ""

    @property
    def by_name(self) -> bool:
        """Whether a pod may be meant, so that a sandbox can be found only by whose it is."""
        return bool(self.pod)

    def takes_sandbox(self, sandbox: str) -> bool:
        """Whether a sandbox is meant, by its ID."""
        return bool(self.sandbox) and sandbox.startswith(self.sandbox)

    def takes_pod(self, pod: PodName | None) -> bool:
        """Whether a sandbox is meant, by its pod."""
        return pod is not None and bool(self.pod) and pod.name == self.pod and self.namespace in ("", pod.namespace)

    def takes_file(self, judged: Judged) -> bool:
        """Whether a cache file is meant: by its own name, as it is or as it is shown, by its sandbox, or by the pod that stands in it."""
        if self.file and self.file in (judged.file.name, shown(judged.file.name)):
            return True
        if judged.file.parsed is None:
            return False
        entry = judged.inspection.entry
        of_pod = entry is not None and bool(self.pod) and entry.pod == self.pod and self.namespace in ("", entry.namespace)
        return of_pod or self.takes_sandbox(judged.file.parsed.sandbox)


def is_short(text: str) -> bool:
    """Whether a text would be the beginning of a sandbox's ID if it were longer."""
    return len(text) < SHORTEST and bool(_DIGITS.fullmatch(text))


def selector(text: str) -> Selector:
    """Read what a user wrote: ``<sandbox ID or its beginning>``, a file's name or path, ``namespace/pod`` or a pod's name.

    A text of hexadecimal digits alone may be a pod's name as well; then both are meant. Whatever could be a file's name may be that, too:
    not all that lies beside containerd's files is theirs.

    Raises:
        InputError: it can be none of these.
    """
    word = text.strip()
    base = word.rpartition("/")[2]
    if (parsed := parse(base)) is not None:
        return Selector(word, sandbox=parsed.sandbox, file=base)
    namespace, slash, name = word.rpartition("/")
    namespace = namespace.removeprefix("pod/") if slash else ""
    if namespace == "pod":
        namespace = ""
    is_pod = bool(_NAME.fullmatch(name)) and not word.startswith("/") and (not namespace or bool(_NAME.fullmatch(namespace)))
    is_id = not slash and bool(_ID.fullmatch(word))
    is_file = 0 < len(base) <= LONGEST_NAME and word in (base, f"{RESULTS}/{base}")
    if is_id or is_pod or is_file:
        pod = name if is_pod and not (is_id and len(word) == 64) else ""
        return Selector(word, sandbox=word if is_id else "", file=base if is_file else "", namespace=namespace if pod else "", pod=pod)
    raise InputError(
        f"{word[:80]!r} names neither a sandbox nor a file nor a pod",
        hint=f"give a sandbox's ID or its first {SHORTEST} digits or more, the name of a file in {RESULTS}, or namespace/pod",
    )
