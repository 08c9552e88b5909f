"""The worked example of CONTRIBUTING, as it stands there: one file and one row make an encoder."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from encoders.bundle import Encoders
from encoders.types import WeightsError

PAGE = Path(__file__).resolve().parents[3] / "CONTRIBUTING.md"


@pytest.fixture
def mosaic(tmp_path, monkeypatch):
    """The package of the page and its weights, installed."""
    page = PAGE.read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    rows, project = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    site = tmp_path / "site"
    (site / "mosaic").mkdir(parents=True)
    (site / "mosaic" / "__init__.py").write_text(code, encoding="utf-8")
    (site / "mosaic" / "models.toml").write_text(rows, encoding="utf-8")
    offered = tomllib.loads(project)["project"]["entry-points"]
    lines = [f"[{group}]\n{name} = {value}\n" for group, points in offered.items() for name, value in points.items()]
    (site / "mosaic_weights").mkdir(parents=True)
    matrix = np.sin(np.arange(192 * 16, dtype=np.float32)).reshape(192, 16).round(3).astype(np.float32)
    np.save(site / "mosaic_weights" / "matrix.npy", matrix)
    for name in ("mosaic", "mosaic-weights"):
        info = site / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    (site / "mosaic-1.0.dist-info" / "entry_points.txt").write_text("".join(lines), encoding="utf-8")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("KINODEX_CACHE", str(tmp_path / "cache"))
    monkeypatch.delitem(sys.modules, "mosaic", raising=False)
    return tmp_path


def test_one_file_and_one_row_make_an_encoder(mosaic):
    with Encoders.open("mosaic", threads=1) as mine:
        frames = np.zeros((3, 40, 60, 3), np.uint8)
        frames[1, :, :30] = 255
        frames[2, :, 30:] = 255
        seen = mine.image.encode(frames)
    assert seen.vectors.shape == (3, 16)
    np.testing.assert_allclose(np.linalg.norm(seen.vectors, axis=1), 1, atol=1e-5)
    assert abs(float(seen.vectors[1] @ seen.vectors[2])) < 0.99, "left and right must differ"


def test_other_weights_under_the_same_name_are_refused(mosaic):
    np.save(mosaic / "site" / "mosaic_weights" / "matrix.npy", np.ones((192, 16), np.float32))
    with Encoders.open("mosaic", threads=1) as mine, pytest.raises(WeightsError, match="altered"):
        assert mine.image
