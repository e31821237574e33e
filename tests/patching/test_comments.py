"""Whose comments are whose: what goes with an element that goes, and where a new one comes among them. See the module ``edits``."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
from patching import noticed, patched, text_of

WORKER = (Path(__file__).parent / "commented_worker.yaml").read_text(encoding="utf-8")
LINKS = """\
machine:
  network:
    # Links.
    interfaces:
      # The uplink.
      - interface: eth0 # first port
        mtu: 1500
        addresses:
          - 10.0.0.2/24 # ours
          # - 10.0.0.3/24
        # By tag.
        vlans:
          - vlanId: 5 # storage
            mtu: 9000
          # The other one.
          -
            vlanId: 6
            addresses: [10.6.0.2/24]
      # A spare.
      - # not connected
        interface: eth1
      # end of links
    # Resolvers.
    nameservers:
    - 1.1.1.1
    -   9.9.9.9  # quad nine
"""
PODS = """\
apiVersion: v1alpha1
kind: KubeNetworkConfig
# Pods.
podSubnets:
  # the first
  - 10.1.0.0/16 # one
  # the second
  - 10.2.0.0/16 # two
  # after all
serviceSubnets: [10.9.0.0/16] # services
"""


def changes(base: str, patch: str, *, talos: str = "1.13") -> str:
    """Return what a patch changes, with a line before and behind each place."""
    outcome = patched(base, patch, talos=talos)
    assert not [finding for finding in outcome.findings if finding.code in {"edit-widened", "comments-lost"}]
    assert text_of(outcome.config.text, patch, talos=talos) == outcome.config.text
    lines = list(difflib.unified_diff(base.splitlines(), outcome.config.text.splitlines(), n=1, lineterm=""))[2:]
    return "".join(f"{line}\n" if not line.startswith("@@") else "…\n" for line in lines)


def test_a_key_goes_with_its_comments() -> None:
    """With those above it in its column and those below it further to the right, examples and blank lines between them included."""
    shown = changes(WORKER, "machine:\n  kubelet: {$patch: delete}\n")
    assert shown.startswith("…\n \n-    # How the kubelet is run.\n-    kubelet:\n")
    assert shown.endswith("-        #       source: /var/lib/example\n     # How the machine is connected.\n")
    assert shown.count("-") > 20
    assert "+" not in shown


def test_what_stands_behind_a_blank_line_stays() -> None:
    """And what is commented out belongs to nobody, above a key as below it."""
    base = """\
machine:
  # About everything below.

  # About sysctls.
  sysctls:
    a: "1" # one
    # more of them
  # env:
  #   b: "2"
  # About nothing in particular.

  type: worker
"""
    after = """\
machine:
  # About everything below.

  # env:
  #   b: "2"
  # About nothing in particular.

  type: worker
"""
    assert text_of(base, "machine:\n  sysctls: {$patch: delete}\n") == after


@pytest.mark.parametrize(("remark", "goes"), [("TODO: remove", True), ("Note: as agreed", True), ("env: none", False), ("- b", False)])
def test_a_remark_with_a_colon_is_no_key(remark: str, goes: bool) -> None:
    """Keys of Talos begin with a small letter."""
    base = f"machine:\n  # {remark}\n  token: a\n  type: worker\n"
    kept = "" if goes else f"  # {remark}\n"
    assert text_of(base, "machine:\n  token: {$patch: delete}\n") == f"machine:\n{kept}  type: worker\n"


def test_an_element_goes_with_its_comments() -> None:
    """The first and the last of a list."""
    shown = changes(LINKS, "machine:\n  network:\n    interfaces:\n      - {interface: eth1, $patch: delete}\n")
    assert shown.startswith("…\n             addresses: [10.6.0.2/24]\n-      # A spare.\n-      - # not connected\n")
    assert shown.endswith("-        interface: eth1\n       # end of links\n")
    shown = changes(LINKS, "machine:\n  network:\n    interfaces:\n      - {interface: eth0, $patch: delete}\n")
    assert shown.startswith("…\n     interfaces:\n-      # The uplink.\n-      - interface: eth0 # first port\n")
    assert shown.endswith("-            addresses: [10.6.0.2/24]\n       # A spare.\n")


def test_a_list_that_is_emptied_goes_with_its_key() -> None:
    """And with the key's comments."""
    patch = "machine:\n  network:\n    nameservers: {$patch: delete}\n"
    assert changes(LINKS, patch) == (
        "…\n       # end of links\n-    # Resolvers.\n-    nameservers:\n-    - 1.1.1.1\n-    -   9.9.9.9  # quad nine\n"
    )


def test_lists_inside_of_lists_are_edited_in_place() -> None:
    """Each where it stands and as it is indented."""
    patch = """\
machine:
  network:
    interfaces:
      - interface: eth0
        dhcp: true
        addresses: [10.0.0.4/24]
        vlans:
          - {vlanId: 5, dhcp: true}
          - {vlanId: 6, mtu: 1400}
          - {vlanId: 7}
      - {interface: eth1, mtu: 1400}
      - {interface: eth2}
    nameservers: [8.8.8.8]
"""
    assert (
        changes(LINKS, patch)
        == """\
…
           # - 10.0.0.3/24
+          - 10.0.0.4/24
         # By tag.
…
             mtu: 9000
+            dhcp: true
           # The other one.
…
             addresses: [10.6.0.2/24]
+            mtu: 1400
+          - vlanId: 7
+        dhcp: true
       # A spare.
…
         interface: eth1
+        mtu: 1400
       # end of links
+      - interface: eth2
     # Resolvers.
…
     -   9.9.9.9  # quad nine
+    - 8.8.8.8
"""
    )


def test_an_element_before_the_first_comes_before_its_comments() -> None:
    """They are the first one's."""
    patch = PODS.replace("podSubnets:\n", "podSubnets:\n  - 10.0.0.0/16\n")
    assert changes(PODS, patch, talos="1.14") == "…\n podSubnets:\n+  - 10.0.0.0/16\n   # the first\n"


def test_an_element_between_two_comes_before_the_comments_of_the_second() -> None:
    """And one in the place of another keeps its comments."""
    patch = PODS.replace("  # the second\n", "  - 10.5.0.0/16\n").replace("10.9", "10.8")
    assert changes(PODS, patch, talos="1.14") == (
        "…\n   - 10.1.0.0/16 # one\n+  - 10.5.0.0/16\n   # the second\n"
        "…\n   # after all\n-serviceSubnets: [10.9.0.0/16] # services\n+serviceSubnets: [10.8.0.0/16] # services\n"
    )


def test_a_value_keeps_the_comment_of_its_line() -> None:
    """Whatever its length."""
    shown = changes(WORKER, "machine:\n  features:\n    kubePrism: {port: 17445}\n  install: {disk: /dev/nvme0n1}\n")
    assert "-        disk: /dev/sda # The disk.\n+        disk: /dev/nvme0n1 # The disk.\n" in shown
    assert "-            port: 7445 # Where it listens.\n+            port: 17445 # Where it listens.\n" in shown


def test_an_empty_collection_is_filled_in_the_style_around_it() -> None:
    """In lines of their own where its key has one, and the comment stays at the key."""
    patch = "machine:\n  network: {hostname: w}\n  certSANs: [a]\ncluster:\n  discovery:\n    registries:\n      service: {endpoint: https://d}\n"
    assert (
        changes(WORKER, patch)
        == """\
…
     # More names for this machine's own certificate.
-    certSANs: []
+    certSANs:
+        - a
     #   # Names, and addresses too.
…
     # How the machine is connected.
-    network: {}
+    network:
+        hostname: w
     # # Links by name.
…
                 disabled: true # Not in Kubernetes.
-            service: {} # But here.
+            service: # But here.
+                endpoint: https://d
             # endpoint: https://discovery.example.org
"""
    )


@pytest.mark.parametrize(
    ("patch", "shown"),
    [
        (
            "machine:\n  kubelet:\n    extraArgs: {v: 4}\n",
            '         #     feature-gates: Foo=true\n+        extraArgs:\n+            v: "4"\n \n',
        ),
        (
            "machine:\n  sysctls: {a: 1}\n",
            '     #     net.ipv4.ip_forward: "0"\n+    sysctls:\n+        a: "1"\n # What all machines share.\n',
        ),
        (
            "machine:\n  install:\n    diskSelector: {size: 10GB}\n",
            "         #     size: 4GB\n+        diskSelector:\n+            size: 10GB\n     # Switches.\n",
        ),
        (
            "cluster:\n  secretboxEncryptionSecret: YWJj\n",
            "     # secretboxEncryptionSecret: z01mye6j16bspJYtTB/5SFX8j7Ph4JXxM2Xuu4vsBPM=\n+    secretboxEncryptionSecret: YWJj\n",
        ),
    ],
)
def test_a_key_comes_behind_itself_where_it_is_commented_out(patch: str, shown: str) -> None:
    """In the mapping, or in the comments directly below it."""
    assert changes(WORKER, patch) == f"…\n{shown}"


def test_a_key_inside_of_what_is_commented_out_is_not_that_key() -> None:
    """Nor is one further to the right."""
    base = "machine:\n  network: {}\n  # kubelet:\n  #   image: a\n  #image: b\ncluster: {}\n"
    patch = "machine:\n  install:\n    image: c\n  token: d\n"
    assert changes(base, patch) == "…\n   #image: b\n+  install:\n+    image: c\n+  token: d\n cluster: {}\n"


def test_other_keys_come_before_the_examples() -> None:
    """A blank line ends what belongs to the last key."""
    assert changes(WORKER, "machine:\n  nodeLabels: {a: b}\n") == ("…\n     #       op: create\n+    nodeLabels:\n+        a: b\n \n")


def test_a_document_goes_with_its_comments() -> None:
    """Those behind its mark, to the next mark."""
    first = "# The main one.\nmachine:\n  type: worker\n# Its end.\n"
    name = "---\n# The name.\napiVersion: v1alpha1\nkind: HostnameConfig\nhostname: a # b\n# after it\n"
    link = "---\n# A link.\napiVersion: v1alpha1\nkind: LinkConfig\nname: eth0\n"
    patch = "apiVersion: v1alpha1\nkind: HostnameConfig\n$patch: delete\n"
    assert text_of(first + name + link, patch) == first + link
    assert text_of(first + link + name, patch) == first + link
    new = 'apiVersion: v1alpha1\nkind: HostnameConfig\nauto: "off"\n'
    assert text_of(first + name + link, new) == first + name.replace("# after", 'auto: "off"\n# after') + link


# Quotes


@pytest.mark.parametrize(
    ("base", "written"),
    [
        ("machine:\n  type: 'worker'\n", "'0'"),
        ('machine:\n  type: "worker"\n', '"0"'),
        ("machine:\n  type: worker\n", '"0"'),
        ("machine: {type: 'worker'}\n", "'0'"),
    ],
)
def test_new_texts_are_quoted_as_others_are(base: str, written: str) -> None:
    """Where they need quotes at all."""
    assert written in text_of(base, "machine:\n  sysctls: {a: 0}\n  token: abc\n")
    assert "token: abc" in text_of(base, "machine:\n  sysctls: {a: 0}\n  token: abc\n")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('disk.transport == "nvme"', 'disk.transport == "nvme"'),
        ('!system_disk && disk.transport == "nvme"', "'!system_disk && disk.transport == \"nvme\"'"),
        ("'a' in b", "\"'a' in b\""),
        ("https://a/?b=c&d=e", "https://a/?b=c&d=e"),
        ("größer", "größer"),
        ("a: b", '"a: b"'),
        ("a #b", '"a #b"'),
        ("a#b:c", "a#b:c"),
        ("yes", '"yes"'),
        ("12:30", '"12:30"'),
        ("#", '"#"'),
        ("a ", '"a "'),
        ("tab\\there", '"tab\\there"'),
    ],
)
def test_a_text_is_quoted_where_it_needs_it(text: str, written: str) -> None:
    """With the kind of quotes in which nothing has to be escaped."""
    base = "apiVersion: v1alpha1\nkind: VolumeConfig\nname: EPHEMERAL\n"
    quoted = text.replace('"', '\\"')
    after = text_of(base, f'{base}provisioning:\n  diskSelector:\n    match: "{quoted}"\n')
    assert after == f"{base}provisioning:\n  diskSelector:\n    match: {written}\n"


# Moves

LISTED = """\
machine:
  certSANs:
    # first
    - a # 1

    # second
    - b # 2
      # and on
    - c # 3
  type: worker
"""


@pytest.mark.parametrize(
    ("patches", "after"),
    [
        (
            ["machine:\n  certSANs: {$patch: delete}\n", "machine:\n  certSANs: [c, b, a]\n"],
            "\n    - c # 3\n    # second\n    - b # 2\n      # and on\n    # first\n    - a # 1\n",
        ),
        (
            ["[{op: move, from: /machine/certSANs/1, path: /machine/certSANs/0}]"],
            "\n    # second\n    - b # 2\n      # and on\n    # first\n    - a # 1\n    - c # 3\n",
        ),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_an_element_that_moves_takes_its_comments_along(patches: list[str], after: str, newline: str) -> None:
    """Those that are its own; blank lines stay where they are."""
    wanted = f"machine:\n  certSANs:\n{after}  type: worker\n".replace("\n", newline)
    assert text_of(LISTED.replace("\n", newline), *patches) == wanted
    codes = [code for code, _ in noticed(LISTED, *patches)]
    assert "edit-widened" not in codes


def test_an_element_that_cannot_move_as_it_stands_is_written_anew() -> None:
    """Because its lines would mean something else there: an alias before what it names."""
    base = "machine:\n  files:\n    - path: &x /a # 1\n    - path: /b # 2\n    - path: /c # 3\n      content: *x\n"
    after = "machine:\n  files:\n    - content: /a\n      path: /c\n    - path: &x /a # 1\n    - path: /b # 2\n"
    assert text_of(base, "[{op: move, from: /machine/files/2, path: /machine/files/0}]") == after


EXAMPLES_BELOW = """\
machine:
  type: worker
  features:
    hostDNS:
      enabled: true

    # # Access to Talos's API from pods.
    # kubernetesTalosAPIAccess:
    #   enabled: true

  # # Files to write.
  # files:
  #   - path: /var/x
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_new_key_comes_behind_the_examples_of_the_section_before_it(newline: str) -> None:
    """They stand further to the right, so they are that section's, blank lines or not."""
    base = EXAMPLES_BELOW.replace("\n", newline)
    mark = f"    #   enabled: true{newline}"
    after = base.replace(mark, f"{mark}  time:{newline}    disabled: true{newline}")
    assert text_of(base, "machine: {time: {disabled: true}}") == after


def test_two_keys_at_one_place_come_in_the_order_of_their_depth() -> None:
    """The inner one where it was commented out, the outer one behind it; nothing of a trial that was not right is noticed."""
    patch = "machine: {time: {disabled: true}, features: {kubernetesTalosAPIAccess: {enabled: true}}}"
    mark = "    #   enabled: true\n"
    inner, outer = "    kubernetesTalosAPIAccess:\n      enabled: true\n", "  time:\n    disabled: true\n"
    assert text_of(EXAMPLES_BELOW, patch) == EXAMPLES_BELOW.replace(mark, f"{mark}{inner}{outer}")
    assert noticed(EXAMPLES_BELOW, patch) == []


@pytest.mark.parametrize("number", [2, 23, 40])
def test_one_change_that_needs_more_does_not_take_the_others_with_it(number: int) -> None:
    """However many they are: a key that comes of a merge key goes, so its mapping is written anew, and only that."""
    sysctls = "".join(f"    # of {index}\n    k{index}: '{index}'\n" for index in range(number))
    labels = "  nodeLabels:\n    # lost\n    <<: *shared\n    c: d # last\n"
    base = f"machine:\n  type: worker\n  sysctls:\n{sysctls}  env: &shared\n    # kept\n    A: b\n{labels}"
    values = ", ".join(f"k{index}: '{index}!'" for index in range(number))
    patch = f"machine: {{sysctls: {{{values}}}, nodeLabels: {{A: {{$patch: delete}}}}}}"
    after = base.replace("'\n", "!'\n").replace(labels, "  nodeLabels:\n    c: d # last\n")
    assert text_of(base, patch) == after
    assert noticed(base, patch) == [("edit-widened", "machine.nodeLabels"), ("comments-lost", "machine.nodeLabels")]
