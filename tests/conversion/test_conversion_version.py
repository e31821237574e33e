"""By which Talos a config is read that is to go to another one."""

from __future__ import annotations

import pytest

from talospatch.patching.conversion.api import convert_config

WORKER = "version: v1alpha1\nmachine:\n  type: worker\n"
HEAD = "---\napiVersion: v1alpha1\nkind: "


@pytest.mark.parametrize(
    ("document", "to", "at"),
    [
        ("HostnameConfig\nhostname: a\n", "1.14", "1.14"),
        ("HostnameConfig\nhostname: a\n", "1.11", "1.12"),
        ("EnvironmentConfig\nvariables: {a: b}\n", "1.11", "1.13"),
        ("SysctlConfig\nsysctls: {a: b}\n", "1.12", "1.14"),
        ("NobodysConfig\na: b\n", "1.12", "1.14"),
    ],
)
def test_it_is_the_first_that_knows_all_of_it(document: str, to: str, at: str) -> None:
    """Which is the one that the node may have now; the newest where none does."""
    conversion = convert_config(WORKER + HEAD + document, to=to)
    assert (conversion.to.minor, conversion.at.minor) == (to, at)


def test_what_that_one_would_refuse_stays() -> None:
    """Up to 1.13 KubeSpan in the main document asks for discovery there; 1.14 alone would not say so."""
    document = HEAD + "KubeSpanConfig\nenabled: true\n"
    conversion = convert_config(WORKER + document, to="1.12")
    assert conversion.after is conversion.before
    assert {finding.code for finding in conversion.findings} == {"conversion-not-valid", "conversion-left"}
