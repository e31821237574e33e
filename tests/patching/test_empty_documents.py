"""Documents of a patch that say no more than that they are there."""

from __future__ import annotations

from talospatch import patch_config

BASE = """\
machine:
  type: worker
  kernel:
    modules:
      - name: br_netfilter
"""


def test_a_document_without_fields_is_added_behind_a_delete_in_another() -> None:
    """Only what is left of a document of nothing but deletes is no document."""
    patch = """\
machine:
  kernel:
    $patch: delete
---
apiVersion: v1alpha1
kind: KernelModuleConfig
name: br_netfilter
"""
    patched = patch_config(BASE, [patch], talos_version="1.14")
    assert patched == "machine:\n  type: worker\n---\napiVersion: v1alpha1\nkind: KernelModuleConfig\nname: br_netfilter\n"
    assert patched == patch_config(BASE, [patch], talos_version="1.14", semantics="talosctl")


def test_what_is_left_of_a_document_of_deletes_is_not_added() -> None:
    """A delete in a document that is not there does not make one."""
    patch = "apiVersion: v1alpha1\nkind: KubeSpanConfig\nfilters:\n  $patch: delete\n"
    assert patch_config(BASE, [patch], talos_version="1.14") == BASE
