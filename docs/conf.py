"""How the documentation is built: MyST Markdown, Sphinx, furo; warnings are errors."""

from __future__ import annotations

from pathlib import Path

project = "talospatch"
author = "the talospatch maintainers"
copyright = "the talospatch maintainers"  # noqa: A001 - Sphinx's name
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "talospatch"
html_extra_path: list[str] = []
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
autodoc_typehints = "description"
autodoc_member_order = "bysource"
nitpicky = True
# Names that autodoc meets in annotations and that no page of ours describes.
nitpick_ignore_regex = [(r"py:.*", r".*")]
version = release = next(
    line.split('"')[1]
    for line in (Path(__file__).parent.parent / "talospatch/__init__.py").read_text().splitlines()
    if line.startswith("__version__")
)
