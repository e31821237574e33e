"""A patch that turns one config into another: what is gone is marked ``$patch: delete``, what is new is given.

What a merge cannot say in place (a list in another order, a value that is empty now, another type of value) is deleted and given again. The
patch is applied before it leaves, by talosctl's rules and by ours; where a smaller one does not lead to the wanted config by both, a larger
one is made: whole sections, whole documents. Where no merge leads there by our rules (two elements for one key, an entry of
``machine.files`` for the drop-in that is to stay one), it is a JSON patch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from talospatch.errors import ChangeError, TalosPatchError
from talospatch.machineconfig.typed.apply import patch_text
from talospatch.machineconfig.typed.deletes import MARK, WORD
from talospatch.machineconfig.typed.documents import MAIN, Document
from talospatch.machineconfig.typed.equality import alike, same_free
from talospatch.machineconfig.typed.forms import FORMS
from talospatch.machineconfig.typed.free import go_type
from talospatch.machineconfig.typed.plaindata import plain_data
from talospatch.machineconfig.typed.schema import Type
from talospatch.patching.change import Change
from talospatch.patching.document_set import DocumentSet
from talospatch.patching.emit import Style, block
from talospatch.patching.hazards import Noticed
from talospatch.patching.known_types import schema_for
from talospatch.patching.list_keys import key_of
from talospatch.patching.workpiece import Workpiece

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talospatch.machineconfig.config import MachineConfig
    from talospatch.versions import TalosVersion

Tree = dict[str, Any]
DELETED: Tree = {MARK: WORD}
_IDENTITY = ("apiVersion", "kind", "name")
_SECTIONS, _EVERYTHING = 1, 2  # how much is given again instead of changed in place
NOT_TALOSCTL = "# talosctl merges this to something else; talospatch applies it as it is meant.\n"
ONLY_TALOSCTL = "# For talosctl, or --semantics talosctl: talospatch's declarative merge makes something else of it.\n"


def as_patch(
    before: MachineConfig,
    after: MachineConfig,
    *,
    talos: TalosVersion,
    semantics: Literal["declarative", "talosctl"] = "declarative",
) -> str:
    """Return the text of a patch; empty when both mean the same.

    The order of documents does not count, nor do comments and layout. Secrets are in it as they are.

    Args:
        before: the config that the patch is for.
        after: what it is to become.
        talos: version of the node that both are for.
        semantics: by which rules the patch must lead there, if none does by both; a comment at its beginning then says so.

    Raises:
        ConfigError: one of them does not fit the types of that version.
        ChangeError: no patch can do it: the main document would have to go, or talosctl has no way to say it.
    """
    old, new = _documents(before, talos), _documents(after, talos)
    if MAIN in old and MAIN not in new:
        raise ChangeError("a patch cannot take the main document out", path=MAIN)
    if not _parts(old, new, 0):
        return ""
    ours = theirs = ""
    for level in (0, _SECTIONS, _EVERYTHING):
        text = _joined(_parts(old, new, level))
        is_ours, is_theirs = _leads_to(before, text, new, talos), _talosctl_leads_to(before, text, new, talos)
        if is_ours and is_theirs:
            return text
        ours, theirs = ours or (is_ours and text) or "", theirs or (is_theirs and text) or ""
    if semantics == "talosctl":
        if not theirs:
            raise ChangeError("talosctl has no patch that leads there", hint="apply the new config as a whole")
        return ONLY_TALOSCTL + theirs
    if not ours:
        ours = "\n".join(block(_operations(old, new), 0, Style())) + "\n"
        if not _leads_to(before, ours, new, talos):
            raise ChangeError("no patch leads there", hint="apply the new config as a whole")
    return NOT_TALOSCTL + ours


def _documents(config: MachineConfig, talos: TalosVersion) -> dict[str, Document]:
    noticed = Noticed()
    read = DocumentSet(config.text, schema_for(talos, noticed), noticed, source=config.source)
    return {document.id: document for document in read.documents}


def _joined(parts: Sequence[Tree]) -> str:
    return "---\n".join("\n".join(block(part, 0, Style())) + "\n" for part in parts)


def _leads_to(before: MachineConfig, patch: str, wanted: dict[str, Document], talos: TalosVersion) -> bool:
    try:
        piece = Workpiece(before, talos=talos)
        Change.parse(patch).work_on(piece)
        return _same({document.id: document for document in piece.documents().documents}, wanted)
    except TalosPatchError:
        return False


def _talosctl_leads_to(before: MachineConfig, patch: str, wanted: dict[str, Document], talos: TalosVersion) -> bool:
    minor = schema_for(talos, Noticed()).dialect.minor
    try:
        text = patch_text(before.text, [patch], minor=minor)
        found = DocumentSet(text, schema_for(talos, Noticed()), Noticed()).documents
    except TalosPatchError:
        return False
    return _same({document.id: document for document in found}, wanted)


def _same(found: dict[str, Document], wanted: dict[str, Document]) -> bool:
    return found.keys() == wanted.keys() and all(alike(each.type, found[name].value, each.value) for name, each in wanted.items())


def _parts(old: dict[str, Document], new: dict[str, Document], level: int) -> list[Tree]:
    """Return the documents of a patch."""
    parts: list[Tree] = []
    for name, document in old.items():
        if name not in new:
            parts.append({**_identity(document), **DELETED})
    for name, document in new.items():
        held = old.get(name)
        if held is None:
            parts.append(plain_data(document.type, document.value))
        elif not alike(document.type, held.value, document.value):
            parts += _document(held, document, level)
    return parts


def _document(held: Document, document: Document, level: int) -> list[Tree]:
    """Return the one or two documents of a patch that turn one document into another."""
    identity = _identity(document)
    if level and document.id != MAIN:
        return [{**identity, **DELETED}, plain_data(document.type, document.value)]
    changes = _Changes(level)
    deletes, content = changes.mapping(document.type, held.value, document.value, 0)
    if not _overlap(deletes, content):
        return [{**identity, **_merged(deletes, content)}]
    return [{**identity, **deletes}, {**identity, **content}]


def _identity(document: Document) -> Tree:
    return {key: document.value[key] for key in _IDENTITY if document.value.get(key)} if document.id != MAIN else {}


def _overlap(deletes: Tree, content: Tree) -> bool:
    return any(
        key in content and (deletes[key] == DELETED or not isinstance(content[key], dict) or _overlap(deletes[key], content[key]))
        for key in deletes
    )


def _merged(deletes: Tree, content: Tree) -> Tree:
    out = dict(deletes)
    for key, value in content.items():
        out[key] = _merged(out[key], value) if key in out else value
    return out


class _Changes:
    """Finds what to delete and what to give, as two trees that go together."""

    def __init__(self, level: int) -> None:
        self._level = level

    def mapping(self, type_: Type, before: Any, after: Any, depth: int) -> tuple[Tree, Tree]:
        """Return both trees for two values of a struct, a map or a free-form object."""
        deletes: Tree = {}
        content: Tree = {}
        free = type_.free or type_.shape == "any"
        for key in [*before, *(key for key in after if key not in before)]:
            field = type_.fields.get(key) if type_.shape == "struct" else None  # None too for one that no table has
            inner = field.type if field is not None else type_.inside if type_.shape == "map" else ANY
            replaced = field is not None and field.replace
            old, new = before.get(key), after.get(key)
            if key in before and key in after and alike(inner, old, new):
                continue
            if key not in before and alike(inner, None, new) and not free:
                continue
            name = str(key[1]) if isinstance(key, tuple) else key
            if key not in after or (new is None and not free):
                deletes[name] = DELETED
            elif key not in before or (old is None and not free):
                content[name] = plain_data(inner, new)
            elif self._again(inner, old, new, depth, replaced=replaced):
                deletes[name] = DELETED
                if not _is_zero(inner, new):
                    content[name] = plain_data(inner, new)
            elif isinstance(old, dict) and inner.name not in FORMS and not replaced:
                below_deletes, below_content = self.mapping(inner, old, new, depth + 1)
                if below_deletes:
                    deletes[name] = below_deletes
                if below_content:
                    content[name] = below_content
            elif isinstance(old, list) and isinstance(new, list) and not replaced:
                content[name] = plain_data(inner, new[len(old) :])
            else:
                content[name] = plain_data(inner, new)
        return deletes, content

    def _again(self, inner: Type, old: Any, new: Any, depth: int, *, replaced: bool) -> bool:
        """Whether a value has to be deleted and given again, instead of being merged into."""
        if self._level == _EVERYTHING or (self._level == _SECTIONS and depth):
            return True
        if replaced:
            return not new
        if inner.free or inner.shape == "any":
            return _clashes(old, new)
        if inner.name in FORMS:
            return not new or isinstance(new, dict)
        if isinstance(old, list) and isinstance(new, list):
            return not _is_appended(inner, old, new)
        return not new and not isinstance(new, dict) and new is not False


ANY = Type("any", "any")


def _is_zero(inner: Type, new: Any) -> bool:
    """Whether nothing has to be given again after a delete: behind a pointer zero is something."""
    return not inner.pointer and inner.shape != "any" and not inner.free and not new


def _clashes(old: Any, new: Any) -> bool:
    """Whether a free-form value cannot be merged into another: of another type, or zero, or a list that is not only longer."""
    if new is None or old is None or go_type(old) != go_type(new):
        return True
    if isinstance(old, list):
        return len(new) <= len(old) or not all(same_free(each, new[index]) for index, each in enumerate(old))
    return not new and new is not False


def _is_appended(inner: Type, old: list[Any], new: list[Any]) -> bool:
    """Whether a list only got longer, by elements that are merged into none of those that it had."""
    if len(new) <= len(old) or not all(alike(inner.inside, each, new[index]) for index, each in enumerate(old)):
        return False
    name = inner.inside.name
    keys = [key_of(name, each) for each in new if isinstance(each, dict)]
    known = [key for key in keys if key is not None]
    return len(set(known)) == len(known) and not any(alike(inner.inside, each, other) for each in new[len(old) :] for other in old)


def _operations(old: dict[str, Document], new: dict[str, Document]) -> list[Tree]:
    """Return the operations of a JSON patch that turn documents into others."""
    made: list[Tree] = [{"op": "remove", "path": f"/{_escaped(name)}"} for name in old if name not in new]
    for name, document in new.items():
        held = old.get(name)
        data = plain_data(document.type, document.value)
        if held is None:
            made.append({"op": "add", "path": f"/{_escaped(name)}", "value": data})
        elif not alike(document.type, held.value, document.value):
            start = "" if name == MAIN else f"/{_escaped(name)}"
            made += _inside(plain_data(held.type, held.value), data, start)
    return made


def _inside(old: Tree, new: Tree, path: str) -> list[Tree]:
    made: list[Tree] = []
    for key in [*old, *(key for key in new if key not in old)]:
        place = f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
        if key not in new:
            made.append({"op": "remove", "path": place})
        elif key not in old:
            made.append({"op": "add", "path": place, "value": new[key]})
        elif isinstance(old[key], dict) and isinstance(new[key], dict):
            made += _inside(old[key], new[key], place)
        elif not same_free(old[key], new[key]):
            made.append({"op": "replace", "path": place, "value": new[key]})
    return made


def _escaped(document: str) -> str:
    kind, slash, name = document.partition("/")
    return f"{kind}{slash}{name.replace('~', '~0').replace('/', '~1')}"
