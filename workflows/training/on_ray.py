"""Training on Ray Train: data parallel, one process a GPU; a worker that dies is replaced and goes on.

Ray's own checkpoints may lie in a temporary folder of a worker, and a finished run of a name trains nothing when it is
started again. So the state is a file of ours in the run's folder, which all workers see: rank 0 writes it before it
reports, and every worker that begins reads it. ``report`` is a barrier: every rank reports.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from encoders.training.config import CrossModalConfig
from encoders.training.pairs import PairData
from workflows.training.states import STATE, packed, unpacked, whole

_FAILURES = 3  # deaths of workers that are put up with


def fit_on_ray(run: Path, config: CrossModalConfig, workers: int, gpu: bool) -> dict[str, NDArray[np.float32]]:
    """The weights, by name. The caller has started or joined a cluster, or Ray starts one here.

    Args:
        run: folder with the data; the fingerprint in its name is that of the run.
        workers: processes; 0 trains in this one.
        gpu: each has one.

    Raises:
        RuntimeError: if Ray ends without a state.
    """
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    trainer = TorchTrainer(
        _loop,
        train_loop_config={"run": str(run), "config": config.named()},
        scaling_config=ScalingConfig(num_workers=workers, use_gpu=gpu),
        run_config=RunConfig(
            name=run.name, storage_path=str(run / "ray"), failure_config=FailureConfig(max_failures=_FAILURES)
        ),
    )
    result = trainer.fit()
    kept = run / STATE
    if not kept.is_file():
        raise RuntimeError(f"Ray Train ended without a state: {result.error}")
    return _weights(PairData.open(run), config, kept.read_bytes())


def _weights(data: PairData, config: CrossModalConfig, content: bytes) -> dict[str, NDArray[np.float32]]:
    from encoders.training.steps import Training

    training = Training(data, config)
    done, state = unpacked(content)
    training.resume(state)
    for number in range(done, config.epochs):
        training.epoch(number)
    return training.weights()


def _loop(given: dict[str, Any]) -> None:
    """One worker."""
    from ray import train
    from ray.train.torch import get_device, prepare_model

    from encoders.training.steps import Training

    context = train.get_context()
    rank, count = context.get_world_rank(), context.get_world_size()
    config = CrossModalConfig(**given["config"])
    # As many pairs a step as one process would see.
    shared = replace(config, batch=max(1, config.batch // count))

    def several(model: Any) -> Any:
        return prepare_model(model, parallel_strategy_kwargs={"find_unused_parameters": True})

    training = Training(
        PairData.open(Path(given["run"])),
        shared,
        device=str(get_device()),
        wrap=several if count > 1 else None,
        share=(rank, count),
    )
    began, state = 0, Path(given["run"]) / STATE
    if state.is_file():
        began, content = unpacked(state.read_bytes())
        training.resume(content)
    for number in range(began, config.epochs):
        done = training.epoch(number)
        if not rank:
            whole(state, packed(number + 1, training.state()))
        train.report({"epoch": number, "loss": done.loss, "gap": done.gap})
