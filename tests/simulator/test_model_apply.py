"""Applying configurations to simulated nodes: modes, trials and their traps."""

from __future__ import annotations

import pytest
from model_bench import METRICS, Bench, Mode, config, document, drop_in

from talospatch.simulator.spec import NodeFaults
from talospatch.wire import methods

OLD, NEW = "v1.13.9", "v1.14.0-rc.1"
SYSCTL = config('  sysctls:\n    net.core.somaxconn: "4096"\n')
OTHER = config('  sysctls:\n    net.core.somaxconn: "8192"\n')


@pytest.mark.parametrize("talos", ["v1.11.6", "v1.12.11", OLD, NEW])
def test_a_change_without_reboot_is_active_and_stored_at_once(talos: str) -> None:
    bench = Bench(talos)
    reply = bench.applied(SYSCTL)
    assert (reply.mode, reply.mode_details) == (Mode.NO_REBOOT, "Applied configuration without a reboot")
    assert bench.stored() == bench.stored("persistent") == SYSCTL


def test_a_trial_is_taken_back_when_its_time_is_over() -> None:
    bench = Bench()
    before = bench.stored()
    bench.applied(SYSCTL, Mode.TRY, seconds=2)
    assert (bench.stored(), bench.stored("persistent")) == (SYSCTL, before)
    bench.wait(1.9)
    assert bench.stored() == SYSCTL
    bench.wait(0.2)
    assert bench.stored() == before


def test_a_second_trial_falls_back_to_the_first_and_nothing_takes_that_back() -> None:
    bench = Bench()
    bench.applied(SYSCTL, Mode.TRY, seconds=30)
    bench.applied(OTHER, Mode.TRY, seconds=1)
    bench.wait(1.5)
    assert bench.stored() == SYSCTL
    bench.wait(600)
    assert bench.stored() == SYSCTL


@pytest.mark.parametrize(("text", "dry_run"), [(SYSCTL, True), ("not a config", False)])
def test_anything_but_a_trial_cancels_the_rollback_even_when_it_changes_nothing(text: str, dry_run: bool) -> None:
    bench = Bench()
    bench.applied(SYSCTL, Mode.TRY, seconds=2)
    bench.apply(text, Mode.AUTO, dry_run=dry_run)
    bench.wait(10)
    assert bench.stored() == SYSCTL


def test_a_dry_run_of_a_trial_leaves_the_rollback_alone() -> None:
    bench = Bench()
    before = bench.stored()
    bench.applied(SYSCTL, Mode.TRY, seconds=2)
    reply = bench.applied(OTHER, Mode.TRY, dry_run=True)
    assert '-        net.core.somaxconn: "4096"\n+        net.core.somaxconn: "8192"' in reply.mode_details
    bench.wait(3)
    assert bench.stored() == before


def test_a_cancelled_rollback_can_be_made_to_land_after_the_commit() -> None:
    bench = Bench(faults=NodeFaults(late_rollback=5))
    before = bench.stored()
    bench.applied(SYSCTL, Mode.TRY, seconds=60)
    bench.applied(SYSCTL, Mode.NO_REBOOT)
    bench.wait(6)
    assert (bench.stored(), bench.stored("persistent")) == (before, SYSCTL)


def test_a_staged_configuration_waits_for_the_next_boot() -> None:
    bench = Bench()
    before = bench.stored()
    reply = bench.applied(SYSCTL, Mode.STAGED)
    assert reply.mode_details == "Staged configuration to be applied after the next reboot"
    assert (bench.stored(), bench.stored("persistent")) == (before, SYSCTL)
    bench.good(methods.REBOOT)
    bench.wait(10)
    assert bench.stored() == SYSCTL


@pytest.mark.parametrize("mode", [Mode.NO_REBOOT, Mode.TRY])
def test_up_to_1_13_what_needs_a_reboot_is_refused_in_other_modes_with_the_difference(mode: int) -> None:
    answered = Bench(OLD).apply(drop_in(), mode)
    assert answered.code == "INVALID_ARGUMENT"
    head, _, difference = answered.details.partition("\ndiff:\n")
    assert head == "this config change can't be applied in immediate mode"
    assert "+        - content: |\n+            [metrics]\n" in difference
    assert difference.startswith("--- a\n+++ b\n@@ -")


def test_up_to_1_13_automatic_mode_reboots_and_says_why() -> None:
    bench = Bench(OLD)
    boot = bench.boot_id()
    reply = bench.applied(drop_in())
    assert reply.mode == Mode.REBOOT
    assert reply.mode_details.startswith(
        "Applied configuration with a reboot: this config change can't be applied in immediate mode\ndiff:\n"
    )
    assert bench.stage() == "rebooting"
    again = bench.apply(drop_in())
    assert (again.code, again.details.partition(",")[0]) == (
        "FAILED_PRECONDITION",
        "configuration was already applied and node is rebooting",
    )
    bench.wait(2.1)
    assert bench.ask(methods.VERSION).code == "UNAVAILABLE"
    bench.wait(10)
    assert bench.stage() == "running"
    assert bench.boot_id() != boot
    assert 11234 in bench.ports()


def test_a_dry_run_tells_whether_it_would_reboot() -> None:
    reply = Bench(OLD).applied(drop_in(), dry_run=True)
    assert reply.mode == Mode.REBOOT
    assert reply.mode_details.startswith(
        "Dry run summary:\nApplied configuration with a reboot (skipped in dry-run).\nConfig diff:\n\n--- a"
    )


def test_since_1_14_nothing_reboots_and_the_old_mode_is_refused() -> None:
    bench = Bench(NEW)
    answered = bench.apply(drop_in(), Mode.REBOOT)
    assert (answered.code, answered.details) == (
        "UNIMPLEMENTED",
        "the REBOOT mode is not supported, please use AUTO or NO_REBOOT modes instead",
    )
    reply = bench.applied(drop_in())
    assert reply.mode == Mode.NO_REBOOT
    assert list(reply.warnings) == [".machine.files is deprecated; use dedicated configuration documents instead"]


def test_a_difference_of_comments_is_no_difference() -> None:
    reply = Bench().applied(config().replace("# made up", "# another comment"), dry_run=True)
    assert reply.mode_details.endswith("Config diff:\n\nNo changes.")


def test_the_same_bytes_applied_again_bump_the_version() -> None:
    bench = Bench()
    bench.applied(config())
    bench.applied(config())
    assert bench.resource("config", "MachineConfigs.config.talos.dev", "v1alpha1").metadata.version == "3"


def test_a_document_of_1_14_is_unknown_to_1_13() -> None:
    answered = Bench(OLD).apply(document(content=METRICS))
    assert answered.details.endswith('"CRICustomizationConfig" "v1alpha1": not registered')


def test_with_a_full_disk_a_configuration_is_gone_after_the_next_boot() -> None:
    bench = Bench(faults=NodeFaults(full_disk=True))
    before = bench.stored()
    bench.applied(SYSCTL)
    assert bench.stored("persistent") == SYSCTL
    bench.good(methods.REBOOT)
    bench.wait(10)
    assert bench.stored() == before


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", "config not found"),
        ("# nothing\n", "config not found"),
        ("- a\n", "expected a YAML document at line 1"),
        ("foo: bar\n", "error decoding document /v1alpha1/ (line 1): missing kind"),
        ("machine:\n  type: [worker]\n", "cannot construct !!seq into string"),
        ("machine:\n  type: worker\n  type: worker\n", 'line 3: mapping key "type" already defined at line 2'),
        ("machine:\n  sysctls: 5\n", "cannot construct !!int `5` into map[string]string"),
        ("machine:\n  files:\n    - path: /x\n      permissions: '0644'\n", "cannot construct !!str `0644` into v1alpha1.FileMode"),
        ("apiVersion: v1alpha1\nkind: HostnameConfig\n", "doesn't contain v1alpha1 config"),
        ("machine: {}\ncluster: {}\n---\n- x\n", "expected a YAML document at line 4"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, refusal: str) -> None:
    answered = Bench().apply(text)
    assert answered.code == "INVALID_ARGUMENT"
    assert refusal in answered.details
