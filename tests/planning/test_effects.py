"""What applying a difference does, by version and by what differs."""

from __future__ import annotations

import pytest

from talospatch.planning.effects import EFFECT_SENTENCES, Effect, consequences, gravest
from talospatch.versions import TalosVersion


@pytest.mark.parametrize(
    ("talos", "paths", "dropin", "expected"),
    [
        ("1.13", ["machine.files[0].content"], True, Effect.REBOOT),
        ("1.13", ["machine.files"], True, Effect.REBOOT),
        ("1.13", ["machine.kubelet.extraArgs", 'machine.nodeLabels."a.b/c"'], False, Effect.LIVE),
        ("1.13", ["machine.kubelet.image", "machine.env.X"], False, Effect.REBOOT),
        ("1.13", ["cluster.etcd.extraArgs"], False, Effect.NEXT_BOOT),  # taken without a reboot, and etcd is not restarted
        ("1.13", ["machine.features.hostDNS.enabled"], False, Effect.LIVE),
        ("1.13", ["machine.features.rbac"], False, Effect.REBOOT),
        ("1.13", ["machine.certSANsOther"], False, Effect.REBOOT),
        ("1.13", ["KmsgLogConfig/remote:url"], False, Effect.LIVE),
        ("1.13", ["machine"], False, Effect.REBOOT),
        ("v1.14.0-alpha.2", ["machine.files[0].content"], True, Effect.NEXT_BOOT),
        ("v1.14.0-beta.0", ["machine.files[0].content"], True, Effect.CRI_RESTART),
        ("1.14", ["machine.files[0].content"], False, Effect.NEXT_BOOT),
        ("1.14", ["CRICustomizationConfig/talospatch-metrics"], True, Effect.CRI_RESTART),
        ("1.14", ["CRICustomizationConfig/talospatch-metrics:content"], True, Effect.CRI_RESTART),
        ("1.14", ["HostnameConfig:hostname"], False, Effect.LIVE),
        ("1.14", ["machine.env.X", "CRICustomizationConfig/x"], True, Effect.NEXT_BOOT),
        ("1.14", [], True, Effect.NOTHING),
    ],
)
def test_the_gravest_effect_of_a_difference(talos: str, paths: list[str], dropin: bool, expected: Effect) -> None:
    """One row of the table each."""
    assert gravest(consequences(paths, TalosVersion.parse(talos), only_dropin=dropin)) is expected


def test_other_files_beside_the_drop_in_wait_for_the_next_boot() -> None:
    """The drop-in is live on 1.14, the other entries of machine.files are not."""
    assert gravest(consequences(["machine.files"], TalosVersion.parse("1.14"))) is Effect.NEXT_BOOT


def test_every_effect_has_its_sentence() -> None:
    """For whoever shows it."""
    assert set(EFFECT_SENTENCES) == set(Effect)
