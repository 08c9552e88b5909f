"""How the network that ranks tags is trained: in this process from memory-mapped files, or on Ray where GPUs are.

Up to about a million pairs a process of its own suffices. A run is named by the fingerprint of its data and settings:
the same one again gives its weights back, an interrupted one goes on after its last whole epoch.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoders.training.config import CrossModalConfig
from encoders.training.pairs import PairData
from workflows.training.states import STATE, packed, unpacked, whole

Weights = dict[str, NDArray[np.float32]]

FORM = 3
"""Raised when training changes: runs of before are then not gone on with."""

_WEIGHTS = "weights.npz"


@dataclass(frozen=True, slots=True)
class Where:
    """Where a model is trained.

    Attributes:
        folder: for data, states and weights; one folder a run is made in it. Workers must see it, too.
        ray: on Ray Train, or in this process.
        workers: of Ray Train; 0 trains in this process under its name.
        gpu: each worker has one.
    """

    folder: Path
    ray: bool = False
    workers: int = 1
    gpu: bool = False


def fit(data: PairData, config: CrossModalConfig, where: Where) -> Weights:
    """The weights, by name.

    Raises:
        OSError: if the folder cannot be written.
    """
    run = where.folder / f"ranker-{data.fingerprint({**config.named(), 'form': FORM})}"
    run.mkdir(parents=True, exist_ok=True)
    done = _kept(run / _WEIGHTS)
    if done is not None:
        return done
    data.save(run)
    if where.ray:
        from workflows.training.on_ray import fit_on_ray

        weights = fit_on_ray(run, config, where.workers, where.gpu)
    else:
        weights = _here(run, config)
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **weights)
    whole(run / _WEIGHTS, file.getvalue())
    return weights


def trainer(where: Where) -> Callable[[PairData, CrossModalConfig], Weights]:
    """What `agents.tagging.learning.learn` trains the network with."""
    return lambda data, config: fit(data, config, where)


def _here(run: Path, config: CrossModalConfig) -> Weights:
    """Epoch after epoch; each is kept before the next one begins."""
    from encoders.training.steps import Training

    training = Training(PairData.open(run), config)
    state, began = run / STATE, 0
    if state.is_file():
        began, content = unpacked(state.read_bytes())
        training.resume(content)
    for number in range(began, config.epochs):
        training.epoch(number)
        whole(state, packed(number + 1, training.state()))
    return training.weights()


def _kept(path: Path) -> Weights | None:
    """The weights of a finished run; what is damaged is made again."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None
