"""In what the Talos minors differ besides their types: a table, so that no other module compares version numbers."""

from __future__ import annotations

from typing import NamedTuple

from talospatch.errors import VersionError


class Dialect(NamedTuple):
    """How one minor reads, merges and writes.

    Attributes:
        minor: as ``1.13``.
        empty_documents_fail: an empty document is an error instead of nothing.
        question_ends_plain: a question mark ends a plain scalar in braces and brackets, which makes it an error.
        colon_begins_plain: a plain scalar in brackets may begin with a colon.
        colon_ends_plain: in brackets a colon before a comma or bracket ends a plain scalar.
        fractions_truncated: 1.5 in an integer field becomes 1 instead of an error.
        plain_dates_are_text: a plain date in a text field is its text instead of an error.
        zero_durations: a plain 0 in a duration field is a duration.
        float_durations: a number with a point in a duration field is nanoseconds.
        negative_sizes: a size may begin with a minus sign.
        null_elements_refused: null in a list or map of pointers is an error at load.
        zero_behind_pointer_sets: 0 and "" behind a pointer overwrite.
        aliases_checked: unknown keys behind an alias are noticed.
        texts_by_shape: types that are read from a text also take what their Go shape takes: an empty mapping for a struct, a list of
            numbers for bytes.
        aliased_texts_refused: types that are read from a text take no alias.
        merge_key_given: a merge key brings no quoted ``<<``: it counts as given, by the merge key itself.
        tags_decide: a tag of one's own, and ``!`` before plain text, make a text of what would be a bool, number or duration.
        repeated_patch_documents: one patch may hold the same document more than once, and conflicts count only in the result.
        absent_deletes_skipped: deleting in a document that is absent does nothing.
        embedded_deletes: a path may lead into embedded types and free-form objects; elements are found by the text of any type with one.
        link_claims: a link may be configured by one document only, its peer's included.
        old_words: quote around words and forms that YAML 1.1 reads as bool or number (y, on, 1:30).
        merge_key: how the text ``<<`` is written.
        hinted_newline: text that begins with a newline is written with an indentation hint.
        loose_url_ports: in a URL of http or https only the last colon of the host has a port behind it, so an IPv6 address may stand bare.
        lost_newlines: a text that begins with a newline loses it.
        negative_zero: -0.0 keeps its sign.
        old_block_rules: spaces and newlines alone are written as a block too.
    """

    minor: str
    empty_documents_fail: bool = False
    question_ends_plain: bool = False
    colon_begins_plain: bool = True
    colon_ends_plain: bool = False
    fractions_truncated: bool = False
    plain_dates_are_text: bool = False
    zero_durations: bool = True
    float_durations: bool = False
    negative_sizes: bool = True
    null_elements_refused: bool = False
    zero_behind_pointer_sets: bool = True
    aliases_checked: bool = False
    texts_by_shape: bool = False
    aliased_texts_refused: bool = False
    merge_key_given: bool = True
    tags_decide: bool = False
    repeated_patch_documents: bool = False
    absent_deletes_skipped: bool = False
    embedded_deletes: bool = True
    link_claims: bool = False
    old_words: str = '"'
    merge_key: str = '"<<"'
    hinted_newline: bool = False
    loose_url_ports: bool = False
    lost_newlines: bool = False
    negative_zero: bool = True
    old_block_rules: bool = False


# Sources: the vectors of each minor, and the sources of its machinery and of the YAML library that it uses (1.11 yaml.v3, 1.12 v4.0.0-rc.3,
# 1.13 rc.4, 1.14 rc.6); for loose_url_ports Go's setting urlstrictcolons, which is off for modules that ask for a Go before 1.26.
DIALECTS = {
    dialect.minor: dialect
    for dialect in (
        Dialect(
            minor="1.11",
            empty_documents_fail=True,
            question_ends_plain=True,
            colon_begins_plain=False,
            fractions_truncated=True,
            plain_dates_are_text=True,
            zero_durations=False,
            negative_sizes=False,
            zero_behind_pointer_sets=False,
            texts_by_shape=True,
            embedded_deletes=False,
            merge_key="<<",
            hinted_newline=True,
            loose_url_ports=True,
            lost_newlines=True,
            negative_zero=False,
            old_block_rules=True,
        ),
        Dialect(
            minor="1.12",
            colon_begins_plain=False,
            fractions_truncated=True,
            plain_dates_are_text=True,
            zero_durations=False,
            negative_sizes=False,
            texts_by_shape=True,
            hinted_newline=True,
            loose_url_ports=True,
        ),
        Dialect(minor="1.13", plain_dates_are_text=True, aliased_texts_refused=True),
        Dialect(
            minor="1.14",
            null_elements_refused=True,
            colon_ends_plain=True,
            float_durations=True,
            aliases_checked=True,
            merge_key_given=False,
            tags_decide=True,
            repeated_patch_documents=True,
            absent_deletes_skipped=True,
            link_claims=True,
            old_words="'",
            merge_key="'<<'",
        ),
    )
}


def dialect_of(minor: str) -> Dialect:
    """Return the dialect of a minor.

    Raises:
        VersionError: we do not know how it writes.
    """
    found = DIALECTS.get(minor)
    if found is None:
        raise VersionError(f"how Talos {minor[:20]} writes machine configs is not known here", hint=f"known: {', '.join(DIALECTS)}")
    return found
