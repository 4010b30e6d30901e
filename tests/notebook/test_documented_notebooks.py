"""The notebooks of the documentation run from the first cell to the last."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def test_notebooks_are_stored_without_outputs():
    assert len(NOTEBOOKS) == 2
    for file in NOTEBOOKS:
        cells = nbformat.read(file, as_version=4).cells
        assert [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")] == [], file


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_runs_and_shows_its_results(file, tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    monkeypatch.setenv("PLANREC_OUTPUTS", str(tmp_path / "outputs"))
    notebook = nbformat.read(file, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    shown = [output["data"] for output in outputs if "data" in output]
    assert [output for output in outputs if output["output_type"] == "error"] == []
    assert sum(len(data.get("text/plain", "")) > 24 * 200 for data in shown) == 0
    if file.stem.startswith("train"):
        assert sum("image/png" in data for data in shown) == 3
        assert any("<progress" in data.get("text/html", "") for data in shown)
        assert any("USD a month" in data.get("text/html", "") for data in shown)
    else:
        assert any("Le recomendamos" in text or "Quédese" in text for text in map(str, shown))
