"""Atomic writing of files."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Call `write` on a temporary file in the folder of `path`, then rename that file to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Files of `tempfile` would be readable by their owner only.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        write(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text_atomically(path: Path, text: str) -> None:
    """Write a text file atomically, in UTF-8."""
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
