"""The documentation site: `make docs` writes it to build/docs without using the network."""

import importlib.util
import os
import sys
from pathlib import Path

# Without compilation rules are plain functions: they import fast and show their signatures.
os.environ.setdefault("NUMBA_DISABLE_JIT", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
sys.path.insert(0, str(Path(__file__).resolve().parent / "extensions"))

import counterpoise

project = "Counterpoise"
author = "The Counterpoise maintainers"
project_copyright = author
version = release = counterpoise.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "docstrings",
    "generated_pages",
    "native_mathematics",
]
exclude_patterns = ["extensions"]

myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3

# `name` in a docstring is code, and a link if an object has that name.
default_role = "py:obj"
autodoc_default_options = {"members": True, "member-order": "bysource", "show-inheritance": True}
# Docstrings can be read without the packages that only an extra installs.
autodoc_mock_imports = [
    name
    for name in ("ray", "pyspiel", "starlette", "supersuit", "uvicorn", "websockets")
    if importlib.util.find_spec(name) is None
]
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"Counterpoise {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
copybutton_prompt_text = r"\$ "
copybutton_prompt_is_regexp = True
html_math_renderer = "mathml"
