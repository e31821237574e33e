"""Where declarative semantics part from talosctl's: a table, one row a hazard. The page docs/reference/hazards.md is made from it.

Each row says what a patch has in it, what talosctl makes of that and what we make of it. Every departure is a finding with the row's code,
so that where nothing is reported both semantics give the same. Source of the second column: the machinery's configpatcher, merge and
decoder of Talos v1.11.6, v1.12.11, v1.13.9 and v1.14.1, as recorded in ``tests/vectors/merge``.
"""

from __future__ import annotations

from typing import NamedTuple

from talospatch.machineconfig.path import ROOT_DOCUMENT, ConfigPath, Step
from talospatch.machineconfig.quoting import shown_steps
from talospatch.talos.finding import Finding, Severity


class Hazard(NamedTuple):
    """One row.

    Attributes:
        code: the finding's code.
        severity: how much it matters. A NOTE says that talosctl would have done harm, or nothing, and we did what was meant.
        what: what the patch has in it.
        talosctl: what talosctl makes of it.
        ours: what we make of it.
        example: a patch that has it, and of what.
        hint: what to do, or empty.
    """

    code: str
    severity: Severity
    what: str
    talosctl: str
    ours: str
    example: str
    hint: str = ""


_NOTE, _WARNING = Severity.NOTE, Severity.WARNING
DELETE_HINT = "write $patch: delete there to take it out"

# Lists
ELEMENT_PRESENT = Hazard(
    "element-present",
    _NOTE,
    "an element that the list has already",
    "appends it again, at every apply",
    "leaves the list as it is",
    "`certSANs: [10.0.0.1]` applied twice",
)
ELEMENT_KEYED = Hazard(
    "element-keyed",
    _NOTE,
    "an element for a key that the list has already: a file's path, a host's address, a module's name",
    "appends a second one for the same key",
    "merges it into the one that is there",
    "`kernel.modules: [{name: br_netfilter, parameters: [a]}]` where that module is listed",
)
ELEMENT_REPLACED = Hazard(
    "element-replaced",
    _NOTE,
    "an element that is deleted and given again",
    "moves it to the end, at every apply",
    "leaves it in its place",
    "`files: [{path: /a, $patch: delete}, {path: /a, content: three}]` where `/b` stands behind `/a`",
)
EMPTY_LIST = Hazard(
    "empty-list",
    _WARNING,
    "an empty list over elements, where lists append",
    "changes nothing",
    "changes nothing",
    "`certSANs: []`",
    "write $patch: delete there to empty it",
)
NULL_ELEMENT = Hazard(
    "null-element",
    _WARNING,
    "null as an element of a list",
    "keeps it, drops it, refuses it or crashes, by the list's type and its own version",
    "leaves it out",
    "`interfaces: [null]`",
    "take it out of the patch",
)

# Values
ZERO_VALUE = Hazard(
    "zero-value",
    _NOTE,
    "an empty text, 0, or a word that stands for 0, over another value",
    "ignores it, unless it is a CEL expression, a minimum size or, since 1.12, behind a pointer",
    "sets it",
    "`NetworkDefaultActionConfig` with `ingress: accept` over `block`",
)
NULL = Hazard(
    "null-ignored",
    _WARNING,
    "null over a value",
    "ignores it; in a free-form object it crashes",
    "ignores it",
    "`machine.network:` with nothing behind it",
    DELETE_HINT,
)
TYPE_CHANGED = Hazard(
    "type-changed",
    _WARNING,
    "another type of value in a free-form object",
    "refuses the patch",
    "sets the new value",
    "`cpu: 500m` over `cpu: 1`",
)
URL_PARTS = Hazard(
    "url-parts",
    _NOTE,
    "a URL over another URL",
    "merges them part by part: path, query and port of the old one survive",
    "replaces it",
    "`endpoint: https://b` over `https://a:6443/x?y=1`",
)
SIZE_KEPT = Hazard(
    "size-kept",
    _NOTE,
    "a share of the disk over a size in bytes",
    "keeps both and obeys the bytes",
    "replaces it",
    "`maxSize: 50%` over `10GB`",
)
UNSETTABLE = Hazard(
    "unsettable",
    _NOTE,
    "a value of a type that talosctl cannot merge (disk selector sizes, users in URLs; addresses on 1.13)",
    "refuses the patch",
    "sets the new value",
    "`diskSelector: {size: '>= 2TB'}` where one is set",
)
WIPED = Hazard(
    "wiped-unless-restated",
    _NOTE,
    "a patch of a document with a CEL expression, a minimum size or a switch that it does not restate",
    "wipes it",
    "leaves it",
    "`VolumeConfig` EPHEMERAL patched with `encryption` only",
)
PAIR_WIPED = Hazard(
    "pair-wiped",
    _NOTE,
    "a certificate without its key, or a key without its certificate",
    "wipes the one that is not given",
    "leaves it",
    "`machine.ca: {crt: eHl6}`",
)
CHOICE = Hazard(
    "other-choice",
    _NOTE,
    "another choice where Talos takes one: another kind of key for a slot, a hostname over auto, PTP over NTP, a bridge over a bond",
    "keeps both: the config is refused, or, of two kinds of key, one is ignored",
    "takes the old one out",
    "`HostnameConfig` with `hostname: a` over `auto: stable`",
)
UNCOPYABLE = Hazard(
    "uncopyable",
    _NOTE,
    "a date, or a key that is not text, in a free-form object",
    "crashes on every patch of such a config",
    "keeps it",
    "`extraConfig: {since: 2024-01-02}`",
    "quote it",
)

# Deletes
DELETE_ABSENT = Hazard(
    "delete-absent",
    _NOTE,
    "a delete of what is not there",
    "refuses the patch, unless it is a plain field; of a document that is not there, up to 1.13 it crashes",
    "changes nothing",
    "`sysctls: {vm.swappiness: {$patch: delete}}` applied twice",
)
DELETE_SEVERAL = Hazard(
    "delete-several",
    _NOTE,
    "a delete of an element of which the list has several",
    "takes out the first",
    "takes out all",
    "`files: [{path: /a, $patch: delete}]` with two entries for /a",
)
DELETE_BY_NUMBER = Hazard(
    "delete-by-value",
    _NOTE,
    "a delete of what talosctl cannot find: by a number or a size, in a free-form list, in a type that this version cannot search",
    "refuses the patch",
    "takes it out",
    "`keys: [{slot: 1, $patch: delete}]`",
)
DELETE_INSIDE = Hazard(
    "delete-inside",
    _NOTE,
    "a delete inside of an element of a list",
    "refuses the patch",
    "finds the element by its key and takes it out there",
    "`interfaces: [{interface: eth0, vlans: [{vlanId: 5, $patch: delete}]}]`",
)
DELETE_BY_ALIAS = Hazard(
    "delete-by-alias",
    _WARNING,
    "a delete of an element that is found by an alias",
    "looks for the alias's own name",
    "looks for what it stands for",
    "`files: [{path: *x, $patch: delete}]`",
    "write the value out",
)

# Documents
PATCH_EMPTY = Hazard(
    "patch-empty",
    _NOTE,
    "a patch with nothing in it",
    "takes it for an empty JSON patch, which it refuses on a config of several documents",
    "changes nothing",
    "a template that renders to comments",
)
DOCUMENT_EMPTY = Hazard(
    "document-empty",
    _NOTE,
    "an empty document between others",
    "refuses it in 1.11",
    "skips it",
    "`---` at the end of a patch",
)
DOCUMENT_REPEATED = Hazard(
    "document-repeated",
    _NOTE,
    "the same document more than once in one patch",
    "refuses it up to 1.13, or crashes where it is brought and deleted",
    "applies them in order",
    "a patch with `HostnameConfig` twice",
)
DOCUMENT_REPLACED = Hazard(
    "document-replaced",
    _NOTE,
    "a document that is deleted and given again",
    "moves it to the end",
    "leaves it in its place",
    "`HostnameConfig` with `$patch: delete`, and `HostnameConfig` again",
)
NAME_MISREAD = Hazard(
    "name-misread",
    _WARNING,
    "a document that is named kind or apiVersion",
    "takes what stands behind the name for the kind",
    "reads it as it is written",
    "`name: kind`",
    "choose another name: the node reads it as talosctl does",
)
SEVERAL_DOCUMENTS = Hazard(
    "json-patch-several-documents",
    _NOTE,
    "a JSON patch for a config of several documents",
    "refuses it",
    "applies it: /Kind/name/… leads into a document, any other path into the main one",
    "`- {op: replace, path: /LinkConfig/eth0/mtu, value: 9000}`",
)
JSON_STYLE = Hazard(
    "json-patch-unchecked",
    _NOTE,
    "a JSON patch that talosctl takes another way: by rules of its own beside RFC 6902, and without a look at the types",
    "makes something else of it, or refuses it",
    "goes by the RFC, and checks the result",
    "an `add` to the end of a list that has the element",
)
SECOND_ELEMENT = Hazard(
    "json-patch-second-element",
    _WARNING,
    "a JSON patch that adds an element for a key that the list has already, such as a file's path",
    "adds a second one",
    "adds a second one: such a patch says what to do, not what is to be",
    "`- {op: add, path: /machine/files/-, value: {path: /b, content: two}}` where `/b` is listed",
    "write it as a strategic merge patch: that merges it into the one that is there",
)
REPLACE_ABSENT = Hazard(
    "json-patch-replace-absent",
    _WARNING,
    "a JSON patch that replaces a key which is not there, an error by RFC 6902",
    "adds it",
    "adds it",
    "`- {op: replace, path: /machine/sysctls/vm.swapiness, value: '1'}` where it is spelled `vm.swappiness`",
    "is it spelled right? Write add where it is to be new",
)
NOT_REPEATABLE = Hazard(
    "json-patch-not-repeatable",
    _WARNING,
    "a JSON patch that does more when it is applied again, or fails: a removal by index, a move, a test",
    "applies it, and again at every apply",
    "applies it, and again at every apply",
    "`- {op: remove, path: /machine/files/0}`",
    "write it as a strategic merge patch",
)

# What our tables do not know
UNKNOWN_FIELD = Hazard(
    "unknown-field",
    _WARNING,
    "a field that this Talos does not have, as far as we know",
    "refuses it",
    "passes it through untouched",
    "a typing error, or a field of a later patch release",
    "is it spelled right? A node that does not know it refuses the config",
)
UNKNOWN_KIND = Hazard(
    "unknown-kind",
    _WARNING,
    "a kind of document that this Talos does not have, as far as we know",
    "refuses it",
    "passes it through untouched, by the rules for free-form objects",
    "a document of Talos 1.15 for a node on 1.14",
    "is it for a newer Talos? A node that does not know it refuses the config",
)
NEWER_VERSION = Hazard(
    "newer-version",
    _WARNING,
    "a Talos that is newer than our tables",
    "knows its own types",
    "goes by the newest types that we know",
    "a node on 1.15",
    "is there a newer talospatch?",
)

# How it is written
WIDENED = Hazard(
    "edit-widened",
    _NOTE,
    "a layout in which the least edit cannot be proven right",
    "writes everything anew, without comments",
    "writes anew what is around the change, with as many of its comments as can be kept",
    "`env: *shared` where the change is for `env` only",
)
COMMENTS_LOST = Hazard(
    "comments-lost",
    _WARNING,
    "a layout in which the comments around a change cannot be kept",
    "writes everything anew, without comments",
    "writes what is around the change anew, without them",
    "an alias as a key, `*key : v`, whose anchor goes, beside a tab behind a colon",
    "write that part of the config plainly",
)

HAZARDS = tuple(row for row in tuple(globals().values()) if isinstance(row, Hazard))  # all rows, in the order in which they stand here


class Noticed:
    """Collects findings about one patch of one config, each once."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], Finding] = {}

    def add(self, hazard: Hazard, document: str = "", steps: tuple[Step, ...] = (), detail: str = "", hint: str = "") -> None:
        """Note that a hazard was met.

        Args:
            hazard: the row.
            document: id of the document, or empty for the patch as a whole.
            steps: the way inside it.
            detail: what exactly, without secrets.
            hint: what to do, where that is more than the row's.
        """
        path = str(ConfigPath(document, shown_steps(steps))) if steps or document == ROOT_DOCUMENT else document
        if (hazard.code, path, detail) in self._found:
            return
        about = f"{detail}: " if detail else ""
        message = f"{about}{hazard.what}: talosctl {hazard.talosctl}; talospatch {hazard.ours}"
        self._found[hazard.code, path, detail] = Finding(hazard.severity, hazard.code, path, message, hint or hazard.hint)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was noted, in order."""
        return tuple(self._found.values())

    def __bool__(self) -> bool:
        return bool(self._found)
