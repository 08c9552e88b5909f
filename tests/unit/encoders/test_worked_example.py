"""The worked example of CONTRIBUTING, as it stands there: one file and one row make an encoder."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import encoders
from encoders.bundle import Encoders
from encoders.registry.registry import Registry
from encoders.types import WeightsError

PAGE = Path(__file__).resolve().parents[3] / "CONTRIBUTING.md"


@pytest.fixture
def mosaic(tmp_path, monkeypatch):
    """A registry with the row of the page, and its file and weights where they would be."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (row,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "mosaic.py").write_text(code, encoding="utf-8")
    monkeypatch.setattr(encoders, "__path__", [*encoders.__path__, str(tmp_path / "room")])
    site = tmp_path / "site"
    (site / "mosaic_weights").mkdir(parents=True)
    matrix = np.sin(np.arange(192 * 16, dtype=np.float32)).reshape(192, 16).round(3).astype(np.float32)
    np.save(site / "mosaic_weights" / "matrix.npy", matrix)
    (site / "mosaic_weights-1.0.dist-info").mkdir()
    (site / "mosaic_weights-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: mosaic-weights\nVersion: 1.0\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(str(site))
    shipped = (Path(encoders.__file__).parent / "registry" / "models.toml").read_text(encoding="utf-8")
    profile = shipped.partition("[profiles.embedded]")[2].partition("[")[0].replace("conse-lite2-e5", "mosaic-8")
    (tmp_path / "models.toml").write_text(f"{shipped}\n{row}\n[profiles.mine]{profile}", encoding="utf-8")
    return tmp_path


def test_one_file_and_one_row_make_an_encoder(mosaic):
    registry = Registry.load(mosaic / "models.toml", mosaic / "cache")
    with Encoders(registry, "mine", threads=1) as mine:
        frames = np.zeros((3, 40, 60, 3), np.uint8)
        frames[1, :, :30] = 255
        frames[2, :, 30:] = 255
        seen = mine.image.encode(frames)
    assert seen.vectors.shape == (3, 16)
    np.testing.assert_allclose(np.linalg.norm(seen.vectors, axis=1), 1, atol=1e-5)
    assert abs(float(seen.vectors[1] @ seen.vectors[2])) < 0.99, "left and right must differ"


def test_other_weights_under_the_same_name_are_refused(mosaic):
    np.save(mosaic / "site" / "mosaic_weights" / "matrix.npy", np.ones((192, 16), np.float32))
    registry = Registry.load(mosaic / "models.toml", mosaic / "cache")
    with Encoders(registry, "mine", threads=1) as mine, pytest.raises(WeightsError, match="altered"):
        assert mine.image
