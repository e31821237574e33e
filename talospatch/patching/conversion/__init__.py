"""Conversions: what a machine config says in the main document, said by a document of its own, and back.

What belongs here: the rules, each a row of a table with the source that shows it to be lossless, and what makes one patch of them. What
does not: applying that patch (``patching``), and reading or writing files.
"""
