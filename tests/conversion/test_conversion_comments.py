"""Comments go where what they stand beside goes; those that have nowhere to go are told."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from talospatch.errors import ConfigError
from talospatch.machineconfig.config import MachineConfig
from talospatch.patching.conversion.convert import Conversion, convert
from talospatch.patching.remarks import lost_remarks
from talospatch.versions import TalosVersion

sys.path.insert(0, str(Path(__file__).parent.parent / "oracle"))
from conversion_examples import EXAMPLES, Example

Text = Callable[[Example], str]

WORKER = """\
machine:
  type: worker
  network:
    # As on the label.
    # Rack 4.
    hostname: w1 # by hand
    nameservers:
      - 10.0.0.1 # the office's
  sysctls:
    # Elasticsearch wants it.
    vm.max_map_count: "262144" # at least
  registries:
    mirrors:
      # the pull-through cache
      docker.io:
        endpoints: # in this order
          - http://10.0.0.9:5000
cluster:
  controlPlane:
    endpoint: https://10.0.0.2:6443
"""
DOCUMENTS = """\
---
apiVersion: v1alpha1
kind: HostnameConfig
# As on the label.
# Rack 4.
hostname: w1 # by hand
---
apiVersion: v1alpha1
kind: ResolverConfig
nameservers:
  - address: 10.0.0.1 # the office's
---
apiVersion: v1alpha1
kind: RegistryMirrorConfig
# the pull-through cache
name: docker.io
endpoints: # in this order
  - url: http://10.0.0.9:5000
---
apiVersion: v1alpha1
kind: SysctlConfig
params:
  # Elasticsearch wants it.
  vm.max_map_count: "262144" # at least
"""


def converted(text: str, to: str) -> Conversion:
    """Return the conversion of a text."""
    return convert(MachineConfig.parse(text), TalosVersion.parse(to))


def left(conversion: Conversion) -> list[str]:
    """Return the comments that went nowhere."""
    return [remark.text for remark in lost_remarks(conversion.before, conversion.after)]


def commented(text: str) -> str:
    """Return a config with a comment above and behind each line that can have one, no two alike."""
    wanted = MachineConfig.parse(text)
    lines: list[str] = []
    rest = text.splitlines()
    while rest:
        line = rest.pop(0)
        margin = line[: len(line) - len(line.lstrip())]
        for more in ([f"{margin}# above {len(lines)}"], [f"{line} # behind {len(lines)}"]):
            replaced = [] if more[0].startswith(line) else [line]
            try:
                fits = MachineConfig.parse("\n".join([*lines, *more, *replaced, *rest]) + "\n").equivalent(wanted)
            except ConfigError:
                fits = False
            if fits and replaced:
                lines += more
            elif fits:
                line = more[0]
        lines.append(line)
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["unix", "windows"])
def test_comments_go_with_what_they_stand_beside(newline: str) -> None:
    conversion = converted(WORKER.replace("\n", newline), "1.14")
    assert conversion.after.text.endswith(DOCUMENTS.replace("\n", newline))
    assert left(conversion) == []
    assert [finding for finding in conversion.findings if finding.code == "conversion-comments"] == []


def test_comments_come_back_with_it() -> None:
    back = converted(converted(WORKER, "1.14").after.text, "1.11")
    assert left(back) == []
    for line in (
        "# As on the label.",
        "# Rack 4.",
        "hostname: w1 # by hand",
        "- 10.0.0.1 # the office's",
        'vm.max_map_count: "262144" # at least',
    ):
        assert f" {line}\n" in back.after.text


KUBELET = """\
  kubelet:
    image: ghcr.io/siderolabs/kubelet:v1.37.0
    extraArgs:
      rotate-server-certificates: "true"
    disableManifestsDirectory: true # always, there
"""


@pytest.mark.parametrize(
    ("machine", "remarks"),
    [
        ("  network:\n    hostname: w1\n    # below it\n", ["# below it"]),
        ("  network:\n    # apart\n\n    hostname: w1\n", ["# apart"]),
        ("  network:\n      # indented otherwise\n    hostname: w1\n", ["# indented otherwise"]),
        ("  network:\n    # domain: commented.out\n    hostname: w1\n", ["# domain: commented.out"]),
        ("  network:\n    nameservers:\n      - 1.1.1.1 # one\n      - 1.1.1.1 # two\n", ["# one", "# two"]),
        ("  network: # of the node\n    hostname: w1\n", ["# of the node"]),
        (KUBELET, ["# always, there"]),
    ],
    ids=["below", "blank-line", "column", "commented-out", "two-alike", "collection", "truth"],
)
def test_a_comment_without_one_place_to_go_to_is_told(machine: str, remarks: list[str]) -> None:
    text = WORKER.partition("  network:")[0] + machine + "cluster:" + WORKER.partition("cluster:")[2]
    conversion = converted(text, "1.14")
    assert conversion.made
    assert left(conversion) == remarks
    [finding] = [finding for finding in conversion.findings if finding.code == "conversion-comments"]
    lines = [number for number, line in enumerate(text.splitlines(), 1) if any(remark in line for remark in remarks)]
    assert finding.message.endswith(f"not moved: {'line' if len(lines) == 1 else 'lines'} {', '.join(map(str, lines))}")


@pytest.mark.parametrize("form", [lambda example: example.old, lambda example: example.new], ids=["there", "back"])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{EXAMPLES.index(example)}-{example.rule}")
def test_no_comment_changes_or_doubles_anything(example: Example, form: Text) -> None:
    """With one above and behind each line the conversion is the same, and each comment is there once or is told."""
    plain = form(example)
    to = example.minor if plain == example.old else f"1.{int(example.minor.partition('.')[2]) - 1}"
    conversion = converted(commented(plain), to)
    assert conversion.after.equivalent(converted(plain, to).after)
    all_remarks = Counter(remark.text for remark in lost_remarks(conversion.before, MachineConfig.parse("machine: {}\n")))
    kept = Counter(remark.text for remark in lost_remarks(conversion.after, MachineConfig.parse("machine: {}\n")))
    assert set(all_remarks.values()) == {1}
    assert kept + Counter(left(conversion)) == all_remarks
    assert len(kept) > len(all_remarks) / 3
