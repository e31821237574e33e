"""Recordings with a real containerd behind a node: what of them can be sent again, and the one list of what is not imitated.

The bytes of images were not recorded. Where an import went well, an archive stands in that says of itself what the recording says of the
image. Files that were made again between two exchanges are made again here, where that is what the answers ask for.
"""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import re
import tarfile
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from talospatch.simulator.spec import FileSpec

if TYPE_CHECKING:
    from recorded_exchanges import Record

RESULTS = "/var/lib/cni/results/"
_HOST = "/host"


class Beyond(NamedTuple):
    """Exchanges that the simulated node does not answer as recorded, by their ids, and why."""

    ids: str
    reason: str


# A row whose exchanges are answered as recorded by now is an error: this list says what is not imitated, and nothing else.
BEYOND = (
    Beyond(r"run-0[3458]|run-1[12]|del-1[56]|stdin-03|signal-03|tty-0[12]|big-02", "there is no shell: single programs run, not scripts"),
    Beyond(r"run-09|run-10", "an image's user, directory and entrypoint are not known"),
    Beyond(r"gone-0[1-6]|del-12", "a run takes no time, so that nobody can leave during one"),
    Beyond(r"restart-0[137]", "a run takes no time, so that containerd cannot be restarted during one"),
    Beyond(r"two-0[14]|restart-09", "a run takes no time, so that its container is never listed"),
    Beyond(r"big-01|stdin-04|del-13", "the answer was not recorded whole"),
    Beyond(r"image-13", "the bytes of an archive that is cut off were not recorded"),
    Beyond(
        r"containers-0[127]|two-03|restart-0[45]|down-08|logs-07",
        "pods are rows: of their containers only names are known",
    ),
    Beyond(r"files-01", "sandbox ids are stand-ins in the order of the real ones, so the listing is not in the order of its names"),
    Beyond(r"logs-0[124569]|logs-1[123]", "the logs were seeded, and hold what no service wrote"),
)


def beyond(records: Sequence[Record]) -> dict[str, str]:
    """Return why exchanges are not imitated, by their ids; nothing for a recording without a containerd."""
    if not with_containerd(records):
        return {}
    return {record.id: row.reason for record in records for row in BEYOND if re.fullmatch(row.ids, record.id)}


def containerd_runs(record: Record) -> bool | None:
    """Whether containerd ran when this exchange was made; None where the recording leaves it as it was."""
    if record.group != "down":
        return None
    return record.id == "down-08"


def with_containerd(records: Sequence[Record]) -> frozenset[str]:
    """Return the targets behind which a containerd was; none in a recording without one."""
    return frozenset(target for record in records if record.name == "ContainerRun" and record.code == "OK" for target in record.targets)


def completed(records: Sequence[Record]) -> list[Record]:
    """Return the records with an archive in place of image bytes that were not recorded, wherever one can stand in for them."""
    known = _images(records)
    return [_completed(record, known) if record.name == "Import" and not record.is_whole else record for record in records]


def made_again(record: Record) -> tuple[str, FileSpec] | None:
    """Return the file that may have been made again, unrecorded, before a container that is to remove it was run."""
    if record.group != "del" or record.name != "ContainerRun":
        return None
    words = [word for request in record.request for word in request.get("spec", {}).get("args", ())]
    paths = [word.removeprefix(_HOST) for word in words if word.startswith(_HOST + RESULTS)]
    if not paths:
        return None
    return paths[0], FileSpec(kind="symlink", link="elsewhere") if "symbolic link" in record.note else FileSpec()


def _completed(record: Record, known: Mapping[str, Mapping[str, Any]]) -> Record:
    name = record.answers[0].get("name", "") if record.code == "OK" else ""
    if record.code == "OK" and name not in known:
        known = {**known, name: next(iter(known.values()), {})}
    if "cut off" in record.note:
        return record
    archive = base64.b64encode(_archive(name, known.get(name, {}))).decode()
    kept = [request for request in record.request if "image_chunk" not in request and "messages_omitted" not in request]
    first_is_chunk = bool(record.request) and "image_chunk" in record.request[0]
    chunk = {"image_chunk": {"bytes": archive}}
    return dataclasses.replace(record, request=[chunk, *kept] if first_is_chunk else [*kept, chunk])


def _images(records: Sequence[Record]) -> dict[str, dict[str, Any]]:
    """Return what is listed of each image by name: digest, size, and the digest of its configuration where CRI names it by that."""
    found: dict[str, dict[str, Any]] = {}
    for record in records:
        if record.name != "List" or "ImageService" not in record.method or record.code != "OK":
            continue
        for answer in record.answers:
            if not answer["name"].startswith("sha256:"):
                found.setdefault(answer["name"], {}).update(digest=answer["digest"], size=int(answer["size"]))
        for answer in record.answers:
            if answer["name"].startswith("sha256:"):
                for image in found.values():
                    if image["digest"] == answer["digest"]:
                        image["config"] = answer["name"]
    return found


def _archive(name: str, image: Mapping[str, Any]) -> bytes:
    """An OCI archive that describes an image of this name, digest and size, without its layers."""
    digest, size = image.get("digest", "sha256:" + "0" * 64), int(image.get("size", 0))
    manifest = {"config": {"digest": image.get("config", ""), "size": 0}, "layers": [{"size": size}]}
    notes = {"io.containerd.image.name": name} if name else {}
    index = {"schemaVersion": 2, "manifests": [{"digest": digest, "size": 0, "annotations": notes}]}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path, content in (("oci-layout", {}), ("index.json", index), (f"blobs/{digest.replace(':', '/')}", manifest)):
            data = json.dumps(content).encode()
            info = tarfile.TarInfo(path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()
