"""docs/models.md names what there is."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from encoders.registry.registry import Registry
from kinodex.perception import perception_config
from kinodex.settings import SearchSettings

PAGE = Path(__file__).resolve().parents[3].joinpath("docs", "models.md").read_text(encoding="utf-8")
LOADERS = sorted(set(re.findall(r"`(encoders\.[a-z0-9_.]+)`", PAGE)))


@pytest.mark.parametrize("name", LOADERS)
def test_loaders_are_where_the_page_says(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    if module in ("encoders", "encoders.reference", "encoders.adapters"):
        importlib.import_module(name)
    else:
        assert callable(getattr(importlib.import_module(module), attribute))


def test_profiles_and_settings_are_known(tmp_path: Path) -> None:
    profiles = set(re.findall(r'profile = "([a-z]+)"', PAGE))
    assert profiles <= set(Registry.load(cache=tmp_path).profiles)
    weights = tmp_path / "weights"
    weights.write_bytes(b"")
    heads = set(re.findall(r'"(clip4clip-[A-Za-z]+|clip2video|mean)"', PAGE))
    assert {"mean", "clip2video", "clip4clip-meanP", "clip4clip-seqTransf", "clip4clip-seqLSTM"} == heads
    for head in heads:
        table = {"video": head, "video_weights": str(weights)}
        assert perception_config({"vectors": table}).vectors.head is not None
    for method in ("transnetv2", "auto"):
        assert f'"{method}"' in PAGE
        assert perception_config({"scenes": {"method": method}}).scenes.method == method
    assert {"rerank", "rescore"} <= SearchSettings.model_fields.keys()
