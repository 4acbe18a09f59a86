"""Judging draws nothing: no module of evaluation or theory loads a plot or a display."""

from __future__ import annotations

import subprocess
import sys

import pytest

IMPORTED = """
import importlib, pkgutil, sys
import counterpoise.{package} as package
for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(found.name)
loaded = [name for name in sys.modules if name.startswith(("matplotlib", "counterpoise.display"))]
assert not loaded, loaded
"""


@pytest.mark.parametrize("package", ["evaluation", "theory"])
def test_no_module_loads_a_plot_or_a_display(package: str) -> None:
    subprocess.run([sys.executable, "-c", IMPORTED.format(package=package)], check=True)
