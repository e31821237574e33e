"""The conversion of containerd's drop-in: a ``machine.files`` entry becomes a CRICustomizationConfig, and documents become an entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.containerd.carriers import LEGACY_NAME
from talospatch.containerd.drop_in import KIND, PART_PATH
from talospatch.containerd.fragment import merge, read_content, remove
from talospatch.containerd.lint import content_findings
from talospatch.containerd.metrics import PLACES, Form, live_forms, to_form, value_at
from talospatch.containerd.toml_read import leaves
from talospatch.errors import FragmentError
from talospatch.machineconfig.path import ROOT_DOCUMENT, ConfigPath, Selector
from talospatch.patching.conversion.nested import nest
from talospatch.patching.conversion.rule import NOTHING, Move, Rule, not_expressible, repeated
from talospatch.talos.finding import Finding, Severity
from talospatch.versions import Fact

if TYPE_CHECKING:
    from typing import Any

    from talospatch.containerd.metrics import Keys
    from talospatch.patching.conversion.view import View

FILES = ("machine", "files")
ENTRY = (*FILES, Selector("path", PART_PATH))
# Talos merges parts in the order of their file names, 20-NAME.part, and calls the entry's customization. This name stands right before that
# one: whatever else there is, documents and parts of extensions, is merged before and after it as before and after the entry.
NAME = "customization-file"
_NEWER_PLUGINS = "io.containerd.server.v1."  # containerd before 2.3 ignores what is said to them
_PLUGINS = "plugins"


def _forward(view: View) -> Move:
    entries = [entry for entry in view.elements(".".join(FILES)) if isinstance(entry, dict) and entry.get("path") == PART_PATH]
    if not entries:
        return NOTHING
    if len(entries) > 1:
        why = "stands there more than once: Talos 1.14 obeys the first entry and ignores the others"
        return Move(findings=(repeated(ENTRY, why, "merge them into one first; applying any drop-in with talospatch does that on 1.13"),))
    if NAME in view.names(KIND):
        why = f"would become {KIND}/{NAME}, and that is there already"
        return Move(findings=(not_expressible(ENTRY, why, "give that document another name, then convert"),))
    document = {"kind": KIND, "name": NAME, "content": entries[0].get("content", "")}
    move = Move((ENTRY,), (document,))
    op = entries[0].get("op", "")
    if op == "create":
        return move
    said = f"op {op!r}" if op else "no op"
    message = (
        f"has {said}, with which the node would not survive its next boot on Talos 1.14; the op never counted, and a document has none"
    )
    return move.and_found(Finding(Severity.NOTE, "conversion-op-dropped", str(ConfigPath(ROOT_DOCUMENT, (*ENTRY, "op"))), message))


def _back(view: View) -> Move:
    documents = view.of_kind(KIND)
    if not documents:
        return NOTHING
    entries = [entry for entry in view.elements(".".join(FILES)) if isinstance(entry, dict) and entry.get("path") == PART_PATH]
    if len(entries) > 1:
        why = "stands there more than once: Talos up to 1.13 does not survive a boot with that"
        return Move(findings=(repeated(ENTRY, why, "keep the first, which is the one in effect"),))
    parts = [(document["name"], document.get("content", "")) for document in documents]
    parts += [(LEGACY_NAME, entry.get("content", "")) for entry in entries]
    try:
        content = _as_one(sorted(parts, key=lambda part: f"20-{part[0]}.part"), view)
    except FragmentError as error:
        return Move(findings=(not_expressible(("content",), error.problem, error.hint or "", document=error.source or KIND),))
    gone = (ENTRY,) if entries else ()
    if not content:
        return Move(gone, removed=view.identities(KIND))
    entry = {"content": content, "path": PART_PATH, "op": "create"}
    message = "applied with talospatch, the patch would put the drop-in into a document again, which is where a Talos of 1.14 has it"
    hint = "take the converted config, or apply the patch with talosctl"
    found = Finding(Severity.NOTE, "conversion-carrier", str(ConfigPath(ROOT_DOCUMENT, ENTRY)), message, hint)
    return Move(gone, main=nest(".".join(FILES), [entry]), removed=view.identities(KIND), findings=(found,))


def _as_one(parts: list[tuple[str, str]], view: View) -> str:
    """Return the contents of all parts as one text that the older containerd reads alike; empty when there is none.

    Raises:
        FragmentError: there is none; its source is the document's id.
    """
    parts = [(name, text) for name, text in parts if text]
    content = parts[0][1] if parts else ""
    held: dict[Keys, str] = {}
    for index, (name, text) in enumerate(parts):
        source = f"{KIND}/{name}" if name != LEGACY_NAME else ".".join(FILES)
        data = read_content(text, talos=view.to, source=source)
        _check_understood(data, source)
        values = leaves(data)
        if twice := next((keys for keys in values if keys in held), None):
            raise FragmentError(
                f"sets {'.'.join(twice)}, and so does {held[twice]}: Talos merges them by rules that one text cannot repeat",
                source=source,
                hint="say it in one of them, then convert",
            )
        held |= dict.fromkeys(values, source)
        if index:
            content = merge(content, values, talos=view.to, source=source)
    content = _in_live_form(content, view)
    data = read_content(content, talos=view.to, source=KIND)
    for finding in content_findings(data, view.to, KIND):
        if finding.severity is Severity.ERROR:
            raise FragmentError(finding.message, source=KIND, hint=finding.hint)
    return content


def _check_understood(data: dict[str, Any], source: str) -> None:
    """Refuse what only the newer containerd has a plugin for. Its metrics listener has an older form."""
    plugins = data.get(_PLUGINS)
    known = {keys[1] for keys in PLACES[Form.PLUGIN].values()}
    for plugin in plugins if isinstance(plugins, dict) else ():
        if plugin.startswith(_NEWER_PLUGINS) and plugin not in known:
            raise FragmentError(f"configures {plugin}, which containerd has since 2.3 (Talos 1.14) only", source=source)


def _in_live_form(content: str, view: View) -> str:
    """Return a content with what it says about metrics in the form that the older containerd obeys; where both are there, one wins."""
    if Form.PLUGIN in live_forms(view.to):
        return content
    data = read_content(content, talos=view.to, source=KIND)
    places = tuple(PLACES[Form.PLUGIN].values())
    said = {keys: value for keys in places if (value := value_at(data, keys)) is not None}
    if not said:
        return content
    left = remove(content, places, talos=view.to, source=KIND)
    return merge(left, to_form(said, Form.TABLE), talos=view.to, source=KIND)


RULES = (
    Rule(
        "cri-customization",
        "containerd's drop-in",
        (f"machine.files[path={PART_PATH}]",),
        (KIND,),
        Fact.LIVE_CRI_CUSTOMIZATION.since,
        _forward,
        _back,
        "Talos takes the entry for a customization of its own; the document's name puts it into the entry's place in the order of merging",
        "v1alpha1_cri_bridge.go, cri/customization_config.go, files/cri_config.go",
        "several entries for the path; on the way back, two documents with the same key, TOML 1.1, or a plugin that older containerds lack",
        "containerd (CRI) restarts once; pods go on",
    ),
)
