"""List, Read and Copy over a node's file tree."""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import TYPE_CHECKING

from talospatch.simulator.exchange import Exchange, failure
from talospatch.simulator.tree import MISSING, Entry, PathError, Tree
from talospatch.wire.proto import common_pb2, machine_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message

CHUNK = 1024  # bytes in one message of Read, Copy and Logs
_TYPES = {
    machine_pb2.ListRequest.REGULAR: "file",
    machine_pb2.ListRequest.DIRECTORY: "directory",
    machine_pb2.ListRequest.SYMLINK: "symlink",
}
_TAR_TYPES = {
    "file": tarfile.REGTYPE,
    "directory": tarfile.DIRTYPE,
    "symlink": tarfile.SYMTYPE,
    "fifo": tarfile.FIFOTYPE,
    "device": tarfile.CHRTYPE,
}


def chunks(data: bytes) -> list[Message]:
    """Bytes as the messages of a stream: none at all for none."""
    return [common_pb2.Data(bytes=data[start : start + CHUNK]) for start in range(0, len(data), CHUNK)]


def list_files(tree: Tree, request: machine_pb2.ListRequest) -> Exchange:
    """Answer List: the root first, then what is below it, as deep as was asked."""
    root = request.root if request.root.startswith("/") else f"/{request.root}"
    root = root.removesuffix("/") or "/"
    depth = (request.recursion_depth or -1) if request.recurse else 0
    try:
        if tree.find(root, follow=False).kind == "symlink":
            root = tree.resolve(root)
        return Exchange(list(_listed(tree, root, depth, [_TYPES.get(kind, "") for kind in request.types])))
    except PathError as error:
        return failure("UNKNOWN", f"lstat {root}: {error}")


def _listed(tree: Tree, root: str, depth: int, types: list[str]) -> Iterator[Message]:
    skipped = ""
    for path, entry in tree.walk(root):
        if skipped and path.startswith(skipped):
            continue
        skipped = ""
        if types and entry.kind not in types:
            continue  # the reference returns here, before it looks at the depth: filtered directories are walked without limit
        if entry.kind == "directory" and path != root and 0 <= depth <= path.count("/") - root.count("/"):
            skipped = f"{path}/"
        yield machine_pb2.FileInfo(
            name=path,
            relative_name=_relative(root, path, entry),
            size=entry.size,
            mode=entry.go_mode,
            modified=entry.modified,
            is_dir=entry.kind == "directory",
            link=entry.link,
            uid=entry.uid,
            gid=entry.gid,
        )


def _relative(root: str, path: str, entry: Entry) -> str:
    if path == root:
        return "." if entry.kind == "directory" else path.rpartition("/")[2]
    return path[len(root.rstrip("/")) + 1 :]


def read_file(tree: Tree, request: machine_pb2.ReadRequest, *, not_found: bool) -> Exchange:
    """Answer Read. ``not_found``: a missing file has a status of its own (since 1.8)."""
    try:
        entry = tree.find(request.path) if request.path else None
    except PathError as error:
        return failure("NOT_FOUND" if not_found and str(error) == MISSING else "UNKNOWN", f"stat {request.path}: {error}")
    if entry is None:
        return failure("NOT_FOUND" if not_found else "UNKNOWN", f"stat : {MISSING}")
    if entry.kind != "file":
        return failure("UNKNOWN", "path must be a regular file")
    data = entry.content()
    # An error in the middle is only printed on the node: the stream ends, and says OK.
    return Exchange(chunks(data[: len(data) // 2] if entry.unreadable else data))


def copy_files(tree: Tree, request: machine_pb2.CopyRequest, *, as_status: bool) -> Exchange:
    """Answer Copy. ``as_status``: errors end the call (since 1.14) instead of standing in a last message."""
    path = _clean(request.root_path)
    if not path.startswith("/"):
        return failure("UNKNOWN", f"path is not absolute {path}")
    try:
        if tree.find(path, follow=False).kind == "symlink":
            path = tree.resolve(path)
        archive, problems = _archive(tree, path)
    except PathError as error:
        archive, problems = b"", [f"lstat {path}: {error}"]
        text = problems[0]
    else:
        count = f"{len(problems)} error{'s' if len(problems) > 1 else ''} occurred:\n"
        text = count + "".join(f"\t* {problem}\n" for problem in problems) + "\n"
    answer = Exchange(chunks(archive))
    if problems and as_status:
        answer.code, answer.details = "UNKNOWN", text
    elif problems:
        answer.messages.append(common_pb2.Data(metadata=common_pb2.Metadata(error=text)))
    return answer


def _clean(path: str) -> str:
    """As Go's filepath.Clean."""
    kept: list[str] = []
    for part in path.split("/"):
        if part == ".." and kept and kept[-1] != "..":
            kept.pop()
        elif part not in {"", "."} and not (part == ".." and path.startswith("/")):
            kept.append(part)
    return ("/" if path.startswith("/") else "") + "/".join(kept) or "."


def _archive(tree: Tree, root: str) -> tuple[bytes, list[str]]:
    """The tree as tar.gz without the root directory's own entry, and what was left out."""
    out = io.BytesIO()
    problems: list[str] = []
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        for path, entry in tree.walk(root):
            if path == root and entry.kind == "directory":
                continue
            if entry.unreadable:
                problems.append(f'skipping "{path}": open {path}: input/output error')
                continue
            if entry.kind not in _TAR_TYPES:
                problems.append(f'skipping "{path}": archive/tar: sockets not supported')
                continue
            info = tarfile.TarInfo(_relative(root, path, entry))
            info.type, info.mode, info.mtime, info.linkname = _TAR_TYPES[entry.kind], entry.mode, entry.modified, entry.link
            info.uid, info.gid, info.uname, info.gname = entry.uid, entry.gid, "root", "root"
            data = entry.content() if entry.kind == "file" else b""
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue(), problems
