"""Two tiny picture models, as two profiles of one registry, and films of one colour for them to look at."""

from __future__ import annotations

import hashlib
from pathlib import Path

import av
import numpy as np
import pytest

import encoders
from encoders.bundle import Encoders
from encoders.concepts import ConceptSpace
from encoders.registry.registry import Registry

SAILING, DRUM = "imagenet:914", "imagenet:541"

_LOADER = '''
"""Pictures by their mean colour, projected into text space."""

from __future__ import annotations

import numpy as np

from encoders.types import PictureFeatures


class Colours:
    def __init__(self, matrix, name):
        self._matrix, self.name, self.dim = matrix, name, int(matrix.shape[1])

    def encode(self, frames):
        colours = frames.reshape(len(frames), -1, 3).mean(axis=1) / 255
        vectors = (colours @ self._matrix + 1e-4).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return PictureFeatures(vectors, np.zeros((len(frames), 0), np.float32), vectors)

    encode_sequence = encode


def load(context):
    return Colours(np.load(context.paths["matrix"], allow_pickle=False), context.spec.name)
'''

_ROW = """
[models.colours-{name}]
task = "image"
loader = "encoders.colours:load"
licence = "Apache-2.0"
dim = {dim}
revision = "{revision}"
preprocessing = {{}}
citation = "None: a test."
limits = "Knows one colour."
[[models.colours-{name}.files]]
role = "matrix"
source = "pip:colours-weights==1.0/colours_weights/{name}.npy"
sha256 = "{sha256}"
"""


def registry(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A registry with the profiles ``old``, to which red is a sailing boat, and ``new``, to which red is a drum; both
    are otherwise the embedded one."""
    (folder / "room").mkdir()
    (folder / "room" / "colours.py").write_text(_LOADER, encoding="utf-8")
    monkeypatch.setattr(encoders, "__path__", [*encoders.__path__, str(folder / "room")])
    weights = folder / "site" / "colours_weights"
    weights.mkdir(parents=True)
    about = folder / "site" / "colours_weights-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: colours-weights\nVersion: 1.0\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder / "site"))
    shipped = (Path(encoders.__file__).parent / "registry" / "models.toml").read_text(encoding="utf-8")
    profile = shipped.partition("[profiles.embedded]")[2].partition("\n[")[0]
    space = ConceptSpace.load(Encoders.open().spec("text").revision)
    rows, profiles = "", ""
    for name, red in (("old", SAILING), ("new", DRUM)):
        matrix = np.zeros((3, space.prototypes.shape[1]), np.float32)
        matrix[0] = space.prototypes[space.index(red)]
        np.save(weights / f"{name}.npy", matrix)
        sha256 = hashlib.sha256((weights / f"{name}.npy").read_bytes()).hexdigest()
        rows += _ROW.format(name=name, dim=matrix.shape[1], revision=sha256[:8], sha256=sha256)
        profiles += f"\n[profiles.{name}]{profile.replace('conse-lite2-e5', f'colours-{name}')}\n"
    (folder / "models.toml").write_text(f"{shipped}\n{rows}\n{profiles}", encoding="utf-8")
    return Registry.load(folder / "models.toml", folder / "cache")


def red_film(path: Path, green: int = 0) -> Path:
    """Two seconds of red; ``green`` tells films apart."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=4)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for _ in range(8):
            picture = np.zeros((64, 96, 3), np.uint8)
            picture[:] = (220, green, 0)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path
