"""Compilation of the rules, and the cache of compiled code.

The cache has two requirements: a second process compiles nothing, and an edit to any rule takes
effect at the next import. Numba alone meets neither: it checks only the file in which a function
stands, so a cached loop does not notice a change to a rule in another file. Therefore the name of
the cache folder contains a hash of every rule's source, and the one loop over worlds (`driver.py`)
is loaded once for each game as a separate module with the game's rules as its globals. Rules from
outside this package are compiled again in each process, because the files that they depend on are
not known.

``NUMBA_DISABLE_JIT=1`` runs every rule as ordinary Python. ``COUNTERPOISE_CACHE_DIR`` sets the
cache folder; by default it is ``numba-cache`` in the user's cache folder. Where no folder is
writable, rules are compiled again in each process.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import numba

FOLDER = Path(__file__).resolve().parent
ENVS = FOLDER.parent
# Folders whose code is compiled; a change to adapters or scenarios compiles nothing.
ROOMS_OF_RULES = ("engine", "games", "grand_strategy")
KEPT_FOR_DAYS = 30
CONFIG: Any = numba.config

Function = TypeVar("Function", bound=Callable[..., Any])


def is_compiled() -> bool:
    """Return whether rules run compiled (`NUMBA_DISABLE_JIT` is not set)."""
    return not CONFIG.DISABLE_JIT


def rule_sources() -> list[Path]:
    """Return every file that compiled code depends on."""
    return sorted(path for room in ROOMS_OF_RULES for path in (ENVS / room).rglob("*.py"))


def _hash_of(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()[:16]


def _fingerprint() -> str:
    parts = [f"{numba.__version__} {sys.version} {platform.machine()}".encode()]
    for path in rule_sources():
        parts += [str(path.relative_to(ENVS)).encode(), path.read_bytes()]
    return _hash_of(*parts)


@functools.cache
def _hash_of_folder(folder: Path) -> str:
    return _hash_of(*(path.read_bytes() for path in sorted(folder.glob("*.py"))))


@functools.cache
def cache_folder() -> Path | None:
    """Return the folder of code compiled from the present rules; None if none is writable."""
    places = [Path(place) for place in [os.environ.get("COUNTERPOISE_CACHE_DIR", "")] if place]
    # A user without a home has no cache folder.
    with contextlib.suppress(RuntimeError):
        user_cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        places.append(user_cache / "counterpoise")
    places.append(ENVS / "__pycache__" / "counterpoise")
    for place in places:
        folder = place / "numba-cache" / _fingerprint()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
            os.utime(folder)
        except OSError:
            continue
        _forget_old(folder)
        return folder
    return None


def _forget_old(current: Path) -> None:
    oldest = time.time() - KEPT_FOR_DAYS * 86_400
    for sibling in current.parent.iterdir():
        with contextlib.suppress(OSError):
            if sibling != current and sibling.stat().st_mtime < oldest:
                shutil.rmtree(sibling)


@contextlib.contextmanager
def _numba_cache_at(folder: Path) -> Iterator[None]:
    before = CONFIG.CACHE_DIR
    CONFIG.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        CONFIG.CACHE_DIR = before


def _cache_folder_of(function: Callable[..., Any]) -> Path | None:
    """Return the cache folder of a rule; None if the rule must not be cached."""
    folder = cache_folder()
    package, _, name = function.__module__.rpartition(".")
    if folder is None or not f"{package}.".startswith("counterpoise."):
        return None
    # Two games may have functions of the same name at the same line with records of the same shape.
    if f"{package}.".startswith("counterpoise.envs."):
        return folder / name
    # A rule outside this package, in a theory, may call rules in neighbouring files.
    neighbours = Path(function.__code__.co_filename).resolve().parent
    return folder / f"{package.rpartition('.')[2]}_{name}-{_hash_of_folder(neighbours)}"


def rule(function: Function) -> Function:
    """Compile a rule: a scalar function over one world's record.

    Other rules and Python code can call the decorated function; under ``NUMBA_DISABLE_JIT=1`` it
    stays a plain Python function.
    """
    if not is_compiled():
        return function
    folder = _cache_folder_of(function)
    options: dict[str, Any] = dict(nogil=True, error_model="numpy")
    if folder is None:
        return numba.njit(**options)(function)  # type: ignore[no-any-return]
    with _numba_cache_at(folder):
        return numba.njit(cache=True, **options)(function)  # type: ignore[no-any-return]


def uncompiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a rule as the plain Python function, which takes arrays where the rule has scalars."""
    plain: Callable[..., Any] = getattr(function, "py_func", function)
    return plain


def _tell_of_compiling(game: str, module: str) -> None:
    """Tell a person at a terminal why the first step is slow, if it has to compile."""
    folder, name = cache_folder(), module.rpartition(".")[2]
    is_kept = folder is not None and any((folder / name).rglob("*.nbi"))
    if not is_kept and sys.stderr.isatty():
        print(
            f"Compiling the rules of {game}: up to half a minute, once after an installation or an "
            "edit …",
            file=sys.stderr,
        )


def load_driver(game: str, rules: dict[str, Callable[..., Any]]) -> ModuleType:
    """Load the loop over worlds with the rules of one game as its globals."""
    origins = [f"{each.__module__}.{each.__qualname__}" for each in rules.values()]
    is_known = all(
        origin.startswith("counterpoise.envs.") and "<locals>" not in origin for origin in origins
    )
    # The cache identifies a loop by its module, so different rules need different modules.
    name = f"driver_of_{game}_{_hash_of(*(origin.encode() for origin in origins))[:8]}"
    if is_known:
        name = f"counterpoise.envs.{name}"
    spec = importlib.util.spec_from_file_location(name, FOLDER / "driver.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    vars(module).update(rules)
    if is_compiled():
        _tell_of_compiling(game, name)
    if is_known:
        # Numba finds a function's module by name when it writes and reads the cache.
        sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
