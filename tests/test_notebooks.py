"""Every notebook runs from top to bottom in its quick form, over the results that are committed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbclient
import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def awaits(path: Path) -> bool:
    """Return whether a notebook shows results that are not committed: they are to be made anew."""
    read = re.findall(r'RESULTS / \\"(\w+)\\"', path.read_text(encoding="utf-8"))
    return any(not (ROOT / "docs" / "results" / name).is_dir() for name in read)


READY = [path for path in NOTEBOOKS if not awaits(path)]
AWAITING = [path for path in NOTEBOOKS if awaits(path)]


def test_there_are_five() -> None:
    assert [path.name[0] for path in NOTEBOOKS] == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_it_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERPOISE_QUICK", "1")
    monkeypatch.setenv("COUNTERPOISE_RESULTS", str(ROOT / "docs" / "results"))
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    there = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3", resources=there).execute()
    told = json.dumps(notebook.cells)
    assert "Traceback" not in told


def test_one_whose_results_are_not_there_shows_none() -> None:
    for path in AWAITING:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        assert not any(cell.get("outputs") for cell in notebook.cells), path.stem


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_it_is_committed_with_the_outputs_of_a_whole_run(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in cells)
    assert any("image/png" in output.get("data", {}) for cell in cells for output in cell.outputs)
    assert str(ROOT) not in json.dumps(notebook.cells), "no path of the machine it ran on"
