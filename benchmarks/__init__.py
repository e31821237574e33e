"""Figures that docs/performance.md quotes. One module for each subject, with ``run() -> list[tuple[name, value, note]]``.

Ratios within one run, so that they mean the same on another machine. What does not belong here: tests.
"""
