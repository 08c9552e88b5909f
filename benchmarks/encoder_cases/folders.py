"""Model folders with random weights in the layout of Hugging Face, and how our adapters open them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.encoder_cases.case import Setting
    from encoders.registry.loading import LoadContext


def keep(folder: Path, network: Any, processor: dict[str, Any]) -> None:
    """Write the network with its weights, and its preprocessing."""
    from benchmarks.encoder_cases.weights import fill

    fill(network).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(processor), encoding="utf-8")


def context(setting: Setting, task: str, loader: str, dim: int = 0, **preprocessing: object) -> LoadContext:
    """The load context of an adapter for the folder."""
    from encoders.bundle import Encoders
    from encoders.registry.specs import ModelSpec

    spec = ModelSpec(
        name="measured",
        task=task,
        loader=loader,
        files=(),
        licence="",
        dim=dim,
        revision="",
        preprocessing=preprocessing,
        citation="",
        limits="",
    )
    return Encoders.open("embedded", setting.threads, setting.device).context(spec, {"folder": setting.folder})
