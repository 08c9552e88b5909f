"""How good and how fast rankers are: learned from n pictures of Corel5k, five tags for each of 1000 others.

    python benchmarks/tagging/ranking.py corel5k.mat [--splits 3] [--sizes 100 400 1600 4000] [--report FILE.md]
    python benchmarks/tagging/ranking.py --speed

corel5k.mat: ``data`` (5000, 499) 0 or 1, ``target`` (374, 5000) 0 or 1 (Duygulu et al. 2002, as packed by the
multi-label learning community); it is no part of this repository. Everything runs through the rankers of the library:
a picture is a video whose vector is its features, of which no source recalls anything; every one of its 374 tags is
judged. F1@5 is that of the five likeliest tags of each picture, over all 1000. ``--speed``: milliseconds for 200
candidates of one video, by rung, on judgements made at random.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from agents.tagging.rank.calibration import Calibration
from agents.tagging.rank.ladder import HALF, climb
from agents.tagging.rank.lessons import Lessons, shares
from agents.tagging.rank.likeness import neighbour_ranker
from agents.tagging.rank.logistic import logistic_ranker
from agents.tagging.rank.measures import listing
from agents.tagging.rank.prior import Prior, calibrated_prior
from agents.tagging.rank.ranked import CaseFacts, Ranker
from agents.tagging.recall import Recalled

TOP = 5
HELD_OUT = 1000
CANDIDATES = 200


def of_pictures(features: NDArray[np.float32], tags: NDArray[np.bool_]) -> Lessons:
    """Every tag of every picture judged."""
    count, width = tags.shape
    return Lessons(
        videos=tuple(f"picture{n}" for n in range(count)),
        tags=tuple(f"tag{n}" for n in range(width)),
        sources=(),
        facets=("",) * width,
        video=np.repeat(np.arange(count), width),
        tag=np.tile(np.arange(width), count),
        accepted=tags.ravel(),
        scores=np.zeros((count * width, 0)),
        vectors=features,
        groups=np.arange(count),
    )


def f1(ranker: Ranker, features: NDArray[np.float32], tags: NDArray[np.bool_]) -> float:
    """Of the five likeliest tags of each of the pictures."""
    hits = 0
    for row, vector in enumerate(features):
        first = ranker.rank(CaseFacts("", vector), [])[:TOP]
        hits += sum(bool(tags[row, int(item.tag_id.removeprefix("tag"))]) for item in first)
    return 2 * hits / (TOP * len(tags) + int(tags.sum()))


def corel(path: Path, splits: int, sizes: Sequence[int]) -> list[dict[str, object]]:
    """F1@5 of every rung, and of the one that the ladder takes, by split and number of pictures judged.

    ``half_way``: the logistic rung as far as it is trusted first; ``worse``: switches of the ladder that lower F1@5.
    """
    from scipy.io import loadmat

    read = loadmat(path)
    features, tags = read["data"].astype(np.float32), read["target"].T.astype(bool)
    features /= np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-9)
    rows: list[dict[str, object]] = []
    for split in range(splits):
        order = np.random.default_rng(split).permutation(len(tags))
        left = min(HELD_OUT, len(tags) // 5)
        out = order[-left:]
        for size in sizes:
            some = order[: min(size, len(order) - left)]
            taught = of_pictures(features[some], tags[some])
            facets = dict.fromkeys(taught.tags, "")
            alone = dict(zip(taught.tags, shares(taught).tolist(), strict=True))
            began = time.monotonic()
            outcome = climb(taught, facets, goal=listing(TOP))
            whole = logistic_ranker(taught, facets, listing(TOP))
            rungs: dict[str, Ranker] = {
                "prior": Prior(Calibration(), facets, alone),
                "neighbours": whole.before,
                "logistic": whole,
                "half_way": replace(whole, trust=HALF),
            }
            measured = {name: round(f1(ranker, features[out], tags[out]), 4) for name, ranker in rungs.items()}
            steps = [measured["prior"]]
            for one in outcome.tried:
                if one.outcome == "taken" and one.rung in rungs:
                    halved = getattr(outcome.ranker, "trust", 1.0) < 1.0 and one.rung == "logistic"
                    steps.append(measured["half_way" if halved else one.rung])
            row: dict[str, object] = {"split": split, "judged": size, **measured, "taken": outcome.rung}
            row["trust"] = getattr(outcome.ranker, "trust", 1.0)
            row["switches"], row["worse"] = len(steps) - 1, sum(b < a for a, b in pairwise(steps))
            row["f1_taken"], row["seconds"] = steps[-1], round(time.monotonic() - began, 1)
            rows.append(row)
            print(json.dumps(row), flush=True)
    return rows


def made_up(videos: int, tags: int, sources: int, dim: int) -> Lessons:
    """Random judgements: 20 a video, each with what some sources said."""
    rng = np.random.default_rng(0)
    count = 20 * videos
    vectors = rng.standard_normal((videos, dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = rng.random((count, sources)) * (rng.random((count, sources)) < 0.3)
    return Lessons(
        videos=tuple(f"v{n}" for n in range(videos)),
        tags=tuple(f"tag{n}" for n in range(tags)),
        sources=tuple(f"source{n}" for n in range(sources)),
        facets=("what",) * tags,
        video=np.repeat(np.arange(videos), 20),
        tag=rng.integers(0, tags, count),
        accepted=rng.random(count) < 0.2 + 0.6 * scores.max(axis=1),
        scores=scores,
        vectors=vectors,
        groups=np.arange(videos),
    )


def speed(videos: int = 2000, tags: int = 1000) -> dict[str, float]:
    """Milliseconds to rank `CANDIDATES` tags of one video, the median of 20, by rung."""
    taught = made_up(videos, tags, 8, 1280)
    facets = dict.fromkeys(taught.tags, "what")
    rng = np.random.default_rng(1)
    recalled = [
        Recalled(f"tag{tag}", f"source{source}", float(rng.random()), ("e1",))
        for tag in rng.permutation(tags)[:CANDIDATES]
        for source in rng.permutation(8)[:3]
    ]
    vector = np.asarray(taught.vectors[0], np.float32)
    took = {}
    for name, ranker in (
        ("calibrated", calibrated_prior(taught, facets)),
        ("neighbours", neighbour_ranker(taught, facets)),
        ("logistic", logistic_ranker(taught, facets)),
    ):
        times = []
        for _ in range(20):
            began = time.perf_counter()
            ranker.rank(CaseFacts("", vector), recalled)
            times.append(1000 * (time.perf_counter() - began))
        took[name] = round(float(np.median(times)), 2)
    return took


def _spread(values: Sequence[float]) -> str:
    return f"{np.mean(values):.4f} ± {np.std(values, ddof=min(1, len(values) - 1)):.4f}"


def main() -> None:
    """Parse, measure, print, and write a report if requested."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corel5k", type=Path, nargs="?")
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 400, 1600, 4000])
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--report", type=Path)
    arguments = parser.parse_args()
    figures: dict[str, object] = {}
    if arguments.speed or not arguments.corel5k:
        figures["milliseconds_for_200_candidates"] = speed()
    if arguments.corel5k:
        rows = corel(arguments.corel5k, arguments.splits, arguments.sizes)
        for size in arguments.sizes:
            its = [row for row in rows if row["judged"] == size]
            names = ("prior", "neighbours", "logistic", "half_way", "f1_taken")
            figures[f"judged_{size}"] = {name: _spread([float(str(row[name])) for row in its]) for name in names} | {
                "taken": [row["taken"] for row in its],
                "switches": sum(int(str(row["switches"])) for row in its),
                "switches_worse_on_others": sum(int(str(row["worse"])) for row in its),
            }
    text = json.dumps(figures, indent=2)
    print(text)
    if arguments.report:
        arguments.report.parent.mkdir(parents=True, exist_ok=True)
        where = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
        arguments.report.write_text(f"# Rankers\n\nMachine: {where}.\n\n```json\n{text}\n```\n", encoding="utf-8")


if __name__ == "__main__":
    main()
