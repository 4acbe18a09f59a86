"""The map of imports: every arrow points down, and none is hidden in a string."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FACE = ROOT / "src" / "counterpoise"

# From the bottom up; a module may import from its own layer and from those before it.
LAYERS = (
    "envs.engine",
    "envs.grand_strategy",
    "envs.games",
    "envs.scenarios",
    "envs.adapters",
    "envs",
    "theory",
    "agents",
    "training",
    "evaluation",
    "display",
    "human",
    "",
)
FOLDERS = ("envs", "theory", "agents", "training", "evaluation", "display", "human")
# The one table of entry points, and the module that reads it.
REGISTRY = ("catalogue",)
ENTRY_POINT = re.compile(r"counterpoise(\.\w+)+:\w+")


def modules() -> list[tuple[str, Path]]:
    """Return every module of the package, by its name below `counterpoise`, and its file."""
    found = []
    for folder in FOLDERS:
        found += [(path, ROOT) for path in sorted((ROOT / folder).rglob("*.py"))]
    for path in sorted(FACE.rglob("*.py")):
        if path.relative_to(FACE).parts[0] not in FOLDERS:
            found.append((path, FACE))
    return [
        (".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"), path)
        for path, root in found
    ]


def layer(module: str) -> int:
    """Return the number of a module's layer, from the bottom."""
    return next(
        number
        for number, name in enumerate(LAYERS)
        if not name or module == name or module.startswith(f"{name}.")
    )


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Go through what a file imports of the package: line, and module below `counterpoise`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    known = {name for name, _ in modules()}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                if each.name.startswith("counterpoise."):
                    yield node.lineno, each.name.removeprefix("counterpoise.")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("counterpoise"):
            base = (node.module or "").removeprefix("counterpoise").removeprefix(".")
            for each in node.names:
                whole = f"{base}.{each.name}".removeprefix(".")
                yield node.lineno, whole if whole in known else base


@pytest.mark.parametrize(("module", "path"), modules(), ids=lambda each: str(each))
def test_no_import_points_up(module: str, path: Path) -> None:
    for line, imported in imports(path):
        if not imported:
            # `import counterpoise` itself: its version, its face.
            continue
        assert layer(imported) <= layer(module), f"{path}:{line}: {module} imports {imported}"


@pytest.mark.parametrize(("module", "path"), modules(), ids=lambda each: str(each))
def test_no_import_is_hidden_in_a_string(module: str, path: Path) -> None:
    if module in REGISTRY:
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for found in ENTRY_POINT.finditer(node.value):
                target = found.group().partition(":")[0].removeprefix("counterpoise.")
                assert layer(target) <= layer(module), f"{path}:{node.lineno}: {found.group()}"
        if isinstance(node, ast.Attribute | ast.Name):
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            is_allowed = module == "envs.engine.registration"
            assert is_allowed or name not in ("import_module", "__import__"), (
                f"{path}:{node.lineno}"
            )


def test_judging_draws_nothing() -> None:
    for module, path in modules():
        if module.startswith(("evaluation", "theory", "training", "agents")):
            text = path.read_text(encoding="utf-8")
            assert "matplotlib" not in text, f"{path} names matplotlib"
