"""The folder of the pages, and the modules that generate their tables."""

from __future__ import annotations

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"

sys.path.insert(0, str(DOCS / "extensions"))
