"""The least edit of configs in odd layouts: what comes out means what was worked out, and nothing else was touched."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutations import damaged_lines
from patching import worked
from random_cases import Maker
from test_declarative_fuzz import documents_of, mean_the_same, random_input, randoms
from untouched import lines_lost
from wild_layouts import WildWriter

from talospatch.errors import TalosPatchError
from talospatch.machineconfig.typed.dialect import DIALECTS
from talospatch.machineconfig.typed.documents import Document, in_order
from talospatch.machineconfig.typed.plaindata import plain_data
from talospatch.patching.document_set import DocumentSet
from talospatch.patching.hazards import COMMENTS_LOST, UNKNOWN_KIND, WIDENED, Noticed
from talospatch.patching.known_types import schema_for
from talospatch.versions import TalosVersion

pytestmark = pytest.mark.fuzz
WIDE = {WIDENED.code, COMMENTS_LOST.code}

CONFIG = """\
version: v1alpha1 # the only one
# What it is.
machine:
  type: worker

  certSANs: &sans
    - a.example # first
    # second
    - "b.example"
  kubelet:
    extraArgs: {v: "4", 'feature-gates': A=true} # flags
    nodeIP:
      validSubnets: [10.0.0.0/8,
        "fd00::/8"] # two
  network:
    hostname: &name w1
    interfaces:
      # The uplink.
      - interface: eth0
        addresses: [10.0.0.2/24]
        vlans:
        - vlanId: 5
          mtu: 9000 # jumbo
      - deviceSelector: {driver: virtio}
  files:
    - content: |
        one
          two

        # three
      path: /etc/a
      op: create
    - {path: /etc/b, content: "x\\ny", permissions: 0o600}
  sysctls: &both
    net.ipv4.ip_forward: "1"
    empty:
  env:
    <<: *both
    NAME: *name
  # # Labels.
  # nodeLabels:
  #   a: b
cluster:
  apiServer:
    certSANs: *sans
  controlPlane: {endpoint: "https://10.0.0.1:6443"}
---
# A volume.
apiVersion: v1alpha1
kind: VolumeConfig
name: EPHEMERAL
provisioning:
  diskSelector:
    match: >-
      disk.transport == "nvme" &&
      !system_disk
  maxSize: 50GB
"""
PATCHES = (
    "machine:\n  type: controlplane\n",
    "machine:\n  certSANs: [c.example]\n  nodeLabels: {a: c}\n",
    "machine:\n  certSANs: {$patch: delete}\n",
    "machine:\n  kubelet:\n    extraArgs: {v: 5, x: y}\n    nodeIP: {validSubnets: [10.1.0.0/16]}\n",
    "machine:\n  kubelet: {$patch: delete}\n  token: a\n",
    "machine:\n  network: {hostname: w2, interfaces: [{interface: eth0, mtu: 1400, vlans: [{vlanId: 5, dhcp: true}, {vlanId: 6}]}]}\n",
    "machine:\n  network:\n    interfaces:\n      - {interface: eth0, $patch: delete}\n      - {interface: eth1}\n",
    'machine:\n  files:\n    - {path: /etc/a, content: "three\\n"}\n    - {path: /etc/c, op: append}\n',
    "machine:\n  files:\n    - {path: /etc/b, $patch: delete}\n",
    "machine:\n  sysctls: {net.ipv4.ip_forward: 0, new: 1}\n",
    "machine:\n  sysctls: {net.ipv4.ip_forward: {$patch: delete}}\n  env: {NAME: x}\n",
    "cluster:\n  apiServer: {$patch: delete}\n  clusterName: n\n",
    "cluster:\n  controlPlane: {endpoint: https://10.0.0.9}\n  apiServer: {certSANs: [d]}\n",
    "apiVersion: v1alpha1\nkind: VolumeConfig\nname: EPHEMERAL\nprovisioning: {minSize: 1GB, diskSelector: {match: 'true'}}\n",
    "apiVersion: v1alpha1\nkind: VolumeConfig\nname: EPHEMERAL\n$patch: delete\n",
    "apiVersion: v1alpha1\nkind: VolumeConfig\nname: STATE\nencryption: {provider: luks2, keys: [{slot: 0, nodeID: {}}]}\n",
    "- {op: add, path: /machine/certSANs/0, value: z}\n- {op: remove, path: /machine/env/NAME}\n",
)


class Layout(NamedTuple):
    """A config in an odd layout, and patches for it."""

    minor: str
    text: str
    patches: tuple[str, ...]


@st.composite
def layouts(draw: st.DrawFn) -> Layout | None:
    """Return a random config of random data; None where the data is none."""
    minor = draw(st.sampled_from(sorted(DIALECTS)))
    wildness = draw(st.sampled_from((0.05, 0.2, 0.4)))
    random = draw(randoms())
    base, patches = Maker(minor, random, oddity=random.choice((0.0, 0.05)), wrongness=0).case()
    try:
        documents = DocumentSet(base, schema_for(TalosVersion.parse(minor), Noticed()), Noticed()).before
    except TalosPatchError:
        return None
    data = [plain_data(document.type, document.value) for document in documents]
    for each, document in zip(data, documents, strict=True):
        if document.kind.name == "v1alpha1" and not {"machine", "cluster"} & set(each):
            each["machine"] = {}
    return Layout(minor, WildWriter(random, wildness).text(data), tuple(patches))


def check(text: str, patches: tuple[str, ...], minor: str) -> None:
    """Check what patches make of a text: it means what was worked out, untouched lines are untouched, and it is the same when repeated."""
    try:
        piece, other = worked(text, *patches, talos=minor), worked(text, *patches, talos=minor)
        wanted = [document for document in in_order(other.documents().documents) if isinstance(document, Document)]
    except TalosPatchError:
        return
    if not wanted:
        return
    outcome = piece.patched  # what is worked out can be written, whatever the layout
    after = outcome.config.text
    codes = {finding.code for finding in outcome.findings}
    if UNKNOWN_KIND.code not in codes:  # a known one without its API version, which the patch then gives it, is read as another type
        assert mean_the_same(documents_of(after, minor), wanted)
    is_json = any(patch.lstrip().startswith(("[", "- ")) for patch in patches)
    if not WIDE & codes and not is_json and text.endswith("\n"):
        assert not lines_lost(text, list(patches), after, minor)
    if not is_json and len(patches) == 1:
        assert worked(after, *patches, talos=minor).config.text == after


@random_input
@given(layouts())
def test_configs_in_odd_layouts_are_edited_where_the_patch_says(layout: Layout | None) -> None:
    """Flow and block, comments and blank lines anywhere, line ends, anchors, aliases and merge keys, quotes, tags, tabs, blocks of text."""
    if layout is not None:
        check(layout.text, layout.patches, layout.minor)


@given(damaged_lines(CONFIG), st.sampled_from(PATCHES), st.sampled_from(sorted(DIALECTS)))
def test_a_damaged_config_is_edited_or_refused(text: str, patch: str, minor: str) -> None:
    """Never another error."""
    check(text, (patch,), minor)


@pytest.mark.parametrize("patch", PATCHES)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_the_undamaged_config_is_edited(patch: str, line_end: str) -> None:
    """With each of the patches, with and without a line end at its end."""
    for layout in (CONFIG, CONFIG.removesuffix("\n"), "\ufeff" + CONFIG):
        text = layout.replace("\n", line_end)
        check(text, (patch,), "1.13")
        outcome = worked(text, patch).patched
        assert outcome.config.text != text
        assert not {finding.code for finding in outcome.findings if finding.path != "machine.env.<<"} & {COMMENTS_LOST.code}


def test_a_long_config_is_edited_in_one_piece() -> None:
    """With many changes at once, none of which is widened."""
    random = Random(1)
    names = [f"key{number}" for number in range(400)]
    lines = "".join(f"    {name}: {random.randrange(9)!r} # {name}\n" for name in names)
    base = f"machine:\n  nodeLabels:\n{lines}  type: worker\n"
    changed = "".join(f"    {name}: x\n" for name in names[::2]) + "".join(f"    {name}: {{$patch: delete}}\n" for name in names[1::4])
    outcome = worked(base, f"machine:\n  nodeLabels:\n{changed}").patched
    assert not outcome.findings
    kept = [name for number, name in enumerate(names) if number % 4 != 1]
    assert outcome.config.text.count("#") == len(kept)
    assert outcome.config.text.count(": x #") == 200
