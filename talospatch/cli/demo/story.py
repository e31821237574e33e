"""The story: commands in order, with the words before each, and what may come of it."""

from __future__ import annotations

from typing import NamedTuple

PATCH = "bundled:containerd-metrics"


class Step(NamedTuple):
    """One step.

    Attributes:
        words: what is shown before the command.
        command: its arguments.
        expected: the exit codes with which the story goes on.
    """

    words: str
    command: tuple[str, ...]
    expected: tuple[int, ...]


STEPS = (
    Step("What is there? Every node says its version, and what carries a containerd drop-in.", ("nodes", "--all"), (0,)),
    Step(
        "What would the metrics drop-in change? Nothing is changed by asking; identical differences are shown once. worker-1 is refused: "
        "on Talos 1.13 the drop-in reboots the node, and talospatch cannot drain it yet.",
        ("diff", "-p", PATCH, "--workers"),
        (2, 5),
    ),
    Step(
        "Roll it out: one node at a time, the mildest first, the reboot last. The demo passes --no-drain knowingly, there is nothing to "
        "drain here; on your cluster drain the node first. And it looks at the nodes more often (--pace), because their time runs faster.",
        ("apply", "-p", PATCH, "--workers", "--no-drain", "--pace", "0.2"),
        (0,),
    ),
    Step(
        "A power loss can leave empty files in the CNI result cache. Are there any, and do they matter on these versions?",
        ("cni", "check", "--workers"),
        (0, 2),
    ),
    Step("And again: there is nothing left to change.", ("diff", "-p", PATCH, "--workers"), (0,)),
    Step(
        "The rollout is journalled, with the exact bytes that each node had before; `rollout undo` would put them back.",
        ("rollout", "history"),
        (0,),
    ),
)

OWN_CLUSTER = (
    "talospatch nodes --all",
    f"talospatch diff -p {PATCH} --workers",
    f"talospatch apply -p {PATCH} --workers",
    "talospatch cni check --workers",
    "talospatch rollout undo last",
)
