"""``python -m encoders.training.styles.build FOLDER``: train the head that tells visual styles apart.

FOLDER holds pictures as ``style/source/*``, out of the packages that ``data/visual-styles.tsv`` names. Each picture is
seen several times, every time as another frame of a video (`encoders.training.styles.footage`); cards with text are
made. Every style weighs as much as any other, and within it every source by the square root of its pictures.

How sure the head may be comes from sources that it did not see: each is left out once, and the scores of all are scaled
so that the probabilities of what was left out are likeliest (temperature scaling; Guo et al. 2017, arXiv:1706.04599).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn.functional import cross_entropy

from encoders.bundle import Encoders
from encoders.styles.head import HEAD, STYLES, spread
from encoders.training.styles.cards import card
from encoders.training.styles.footage import frame
from encoders.types import Vectors

FRAMES = {"photograph": 2}
"""Frames made of each picture of a style: of others one, as there are enough of them."""

MOST = 80
"""Pictures of one source at most."""

CARDS = 400
"""Cards with text."""

DECAY = 3e-4
"""Of the squared weights. Source: the best of 3e-5, 1e-4, 3e-4 and 1e-3 on sources left out, in eight parts."""


@dataclass(frozen=True, slots=True)
class Examples:
    """n frames: features (n, e) float32 as `spread` makes them, number of the style (n,), name of the source (n,)."""

    features: Vectors
    styles: NDArray[np.int64]
    sources: NDArray[np.str_]


def examples(folder: Path, encoders: Encoders, fonts: list[Path]) -> Examples:
    """All frames of all pictures, each encoded as the pipeline does it, once the middle and once the whole."""
    random = Random(0)
    features, styles, sources = [], [], []
    for style, source, picture, cut in _pictures(folder, random, fonts):
        for _ in range(FRAMES.get(style, 1) if cut else 1):
            one = frame(picture, random, fonts, cut=cut)
            features.append(encoders.image.encode_sequence(np.stack([one, one])).features.astype(np.float16))
            styles += [STYLES.index(style)] * 2
            sources += [source] * 2
    return Examples(spread(np.concatenate(features).astype(np.float32)), np.array(styles), np.array(sources))


def _pictures(folder: Path, random: Random, fonts: list[Path]) -> Iterator[tuple[str, str, Image.Image, bool]]:
    for source in sorted(folder.glob("*/*")):
        for path in sorted(source.iterdir())[:MOST]:
            with Image.open(path) as picture:
                mode = "RGBA" if picture.mode == "RGBA" else "RGB"
                yield source.parent.name, source.name, picture.convert(mode), True
    for number in range(CARDS):
        yield "screen", f"cards-{number % 2}", card(random, fonts), False


def trained(seen: Examples, decay: float = DECAY) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weights (e, 4) and bias (4,) of multinomial logistic regression; all styles are as common as each other."""
    x, y = torch.from_numpy(seen.features), torch.from_numpy(seen.styles)
    weigh = torch.from_numpy(_weights(seen))
    weights = torch.zeros(x.shape[1], len(STYLES), requires_grad=True)
    bias = torch.zeros(len(STYLES), requires_grad=True)
    steps: torch.optim.Optimizer = torch.optim.LBFGS([weights, bias], max_iter=300, line_search_fn="strong_wolfe")

    def closure() -> float:
        steps.zero_grad()
        loss = (cross_entropy(x @ weights + bias, y, reduction="none") * weigh).sum() + decay * (weights**2).sum()
        torch.autograd.backward(loss)
        return loss.item()

    steps.step(closure)
    return weights.detach().numpy(), bias.detach().numpy()


def _weights(seen: Examples) -> NDArray[np.float32]:
    weigh = np.zeros(len(seen.styles), np.float32)
    for style in range(len(STYLES)):
        mine = seen.styles == style
        names, which, counts = np.unique(seen.sources[mine], return_inverse=True, return_counts=True)
        weigh[mine] = (1 / np.sqrt(counts))[which]
        weigh[mine] /= max(weigh[mine].sum() * len(STYLES), 1e-9) if len(names) else 1.0
    return weigh


def left_out(seen: Examples, decay: float = DECAY) -> NDArray[np.float32]:
    """(n, 4) scores of every frame by a head that saw nothing of its source."""
    scores = np.zeros((len(seen.styles), len(STYLES)), np.float32)
    for source in np.unique(seen.sources):
        mine = seen.sources == source
        weights, bias = trained(Examples(seen.features[~mine], seen.styles[~mine], seen.sources[~mine]), decay)
        scores[mine] = seen.features[mine] @ weights + bias
    return scores


def temperature(scores: NDArray[np.float32], seen: Examples) -> float:
    """By what scores have to be divided for the likeliest probabilities."""
    losses = {one: loss_of(scores / one, seen) for one in np.geomspace(0.3, 10.0, 60)}
    return float(min(losses, key=losses.__getitem__))


def loss_of(scores: NDArray[np.float32], seen: Examples) -> float:
    """Mean negative log probability, in nats, of the true styles; all are as common as each other."""
    each = cross_entropy(torch.from_numpy(scores.astype(np.float32)), torch.from_numpy(seen.styles), reduction="none")
    return float((each.numpy() * _weights(seen)).sum())


def report(scores: NDArray[np.float32], seen: Examples) -> Iterator[str]:
    """By source: how many frames, and the share that is taken for each style."""
    for style, name in enumerate(STYLES):
        yield f"{name}: {(scores[seen.styles == style].argmax(1) == style).mean():.3f} right"
        for source in np.unique(seen.sources[seen.styles == style]):
            mine = (seen.sources == source) & (seen.styles == style)
            shares = np.bincount(scores[mine].argmax(1), minlength=len(STYLES)) / mine.sum()
            yield f"  {source} {mine.sum()}: " + " ".join(f"{share:.2f}" for share in shares)


def build(folder: Path, fonts: list[Path], path: Path = HEAD, kept: Path | None = None) -> None:
    """Train the head and write it to ``path`` (npz).

    Args:
        kept: where encoded frames lie, or are put, which takes most of the time.
    """
    encoders = Encoders.open(threads=2)
    if kept is not None and kept.exists():
        with np.load(kept, allow_pickle=False) as file:
            seen = Examples(file["features"], file["styles"], file["sources"])
    else:
        seen = examples(folder, encoders, fonts)
        if kept is not None:
            np.savez(kept, features=seen.features, styles=seen.styles, sources=seen.sources)
    scores = left_out(seen)
    heat = temperature(scores, seen)
    print("\n".join(report(scores, seen)))
    print(f"temperature {heat:.2f}, {loss_of(scores / heat, seen):.3f} nats on sources left out")
    weights, bias = trained(seen)
    np.savez(
        path,
        weights=(weights / heat).astype(np.float16),
        bias=(bias / heat).astype(np.float32),
        encoder=np.array(encoders.spec("image").identity),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--fonts", type=Path, nargs="+", required=True, help="font files with Latin and Chinese letters"
    )
    parser.add_argument("--kept", type=Path)
    asked = parser.parse_args()
    build(asked.folder, asked.fonts, kept=asked.kept)
    print(f"wrote {HEAD}")
