"""Whether it pays to read what was recalled beside the clips: sets of real labels, recalled by weak sources.

    python benchmarks/tagging/facets.py corel5k.mat cal500.mat [--splits 2] [--judgements 3600]
    python benchmarks/tagging/facets.py --speed

corel5k.mat: 5000 pictures, 374 tags (Duygulu et al. 2002); cal500.mat: 502 songs, 174 tags (Turnbull et al. 2008), as
packed by the multi-label learning community: ``data`` (n, features), ``target`` (tags, n); neither is part of this
repository. A third of the items teaches two sources, ridge regressions on one half of the features each; of the others
each source recalls tags, the dozen that both make likeliest is judged as the set has it, and all of it is recorded. The
names of tags are not in the files, so texts are vectors by chance. Of those items a quarter is kept out of all
learning, for the figures. One facet has to do: the sets have none. ``--speed``: milliseconds of processor time to rank
200 candidates of one video, by rung.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from agents.tagging.rank.ladder import HALF, RUNGS, climb
from agents.tagging.rank.lessons import Floats, Lessons, log_loss
from agents.tagging.rank.measures import accepting
from agents.tagging.rank.network.attention import attention_rung, fusion_rung
from agents.tagging.rank.network.evidence import evidence
from agents.tagging.rank.ranked import MOST_CLIPS, CaseFacts
from agents.tagging.recall import Recalled
from benchmarks.tagging.ranking import CANDIDATES, made_up

CANDIDATES_JUDGED = 12
TEXT = 64
LIKELY = 1.5  # times what a regression towards 0 and 1 says, which is too low where a tag is true

FITS = {rung.name: rung for rung in (*RUNGS[1:], attention_rung(), fusion_rung())}


def sources(features: Floats, truth: NDArray[np.bool_], taught: NDArray[np.int64], seed: int) -> list[Floats]:
    """(n, tags) what each of two sources says of all items, having learned from some."""
    said = []
    halves = np.array_split(np.random.default_rng(seed).permutation(features.shape[1]), 2)
    for half in halves:
        its = np.column_stack([features[:, half], np.ones(len(features))])
        some = its[taught]
        weights = np.linalg.solve(some.T @ some + 5.0 * np.eye(its.shape[1]), some.T @ truth[taught].astype(np.float64))
        said.append(np.clip(LIKELY * (its @ weights), 0.0, 0.95))
    return said


def library(
    features: Floats, truth: NDArray[np.bool_], judgements: int, seed: int
) -> tuple[Lessons, NDArray[np.bool_]]:
    """Lessons of all items that sources did not learn from, and which judgements (n,) are kept out."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(truth))
    taught, items = np.sort(order[: len(order) // 3]), order[len(order) // 3 :]
    items = items[: int(judgements / CANDIDATES_JUDGED / 0.75)]
    both = [one[items] for one in sources(features, truth, taught, seed)]
    fused = 1.0 - (1.0 - both[0]) * (1.0 - both[1])
    width, names = truth.shape[1], tuple(f"t{n:03}" for n in range(truth.shape[1]))
    first = np.argsort(-fused, axis=1, kind="stable")[:, :CANDIDATES_JUDGED]
    video, tag = np.repeat(np.arange(len(items)), CANDIDATES_JUDGED), first.ravel()
    vectors = (features[items] / np.linalg.norm(features[items], axis=1, keepdims=True).clip(1e-9)).astype(np.float32)
    texts = rng.standard_normal((width, TEXT)).astype(np.float32)
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    videos = tuple(f"v{n:05}" for n in range(len(items)))
    recorded = {
        one: {names[t]: [("s0", float(both[0][at, t])), ("s1", float(both[1][at, t]))] for t in range(width)}
        for at, one in enumerate(videos)
    }
    said = evidence(
        videos, recorded, dict.fromkeys(names, "what"), lambda some: np.stack([texts[names.index(one)] for one in some])
    )
    made = Lessons(
        videos=videos,
        tags=names,
        sources=("s0", "s1"),
        facets=("what",) * width,
        video=video,
        tag=tag,
        accepted=truth[items[video], tag],
        scores=np.stack([both[0][video, tag], both[1][video, tag]], axis=1),
        vectors=vectors,
        groups=np.arange(len(items)),
        clips=vectors[:, None],
        lengths=np.ones(len(items), np.int64),
        texts=texts,
        evidence=said,
    )
    return made, video >= 0.75 * len(items)


def measured(lessons: Lessons, said: Floats) -> dict[str, float]:
    """F1 of what is accepted, and mean log loss."""
    loss = float(log_loss(said, lessons.accepted).mean())
    return {"f1": round(accepting().f1(lessons, said), 4), "log_loss": round(loss, 4)}


def one(path: Path, split: int, judgements: int) -> dict[str, Any]:
    """Every rung, and what the ladder takes, on items that nothing was learned from."""
    from scipy.io import loadmat

    read = loadmat(path)
    features, truth = read["data"].astype(np.float64), read["target"].T > 0
    features = (features - features.mean(axis=0)) / features.std(axis=0).clip(1e-9) if features.min() < 0 else features
    made, out = library(features, truth, judgements, split)
    facets = dict.fromkeys(made.tags, "what")
    taught, asked = made.some(~out), made.some(out)
    assert made.evidence is not None
    row: dict[str, Any] = {
        "set": path.stem,
        "split": split,
        "judgements": len(taught),
        "recalled_a_video": round(float((made.evidence.tag >= 0).sum(axis=1).mean()), 1),
    }
    for name, rung in FITS.items():
        began = time.monotonic()
        ranker: Any = rung.fit(taught, facets, accepting())
        row[name] = measured(asked, ranker.probabilities(asked))
        if name != "neighbours":
            row[f"{name}_half"] = measured(asked, replace(ranker, trust=HALF).probabilities(asked))
        row[f"{name}_seconds"] = round(time.monotonic() - began, 1)
        print(json.dumps(row), flush=True)
    outcome = climb(taught, facets, rungs=(*RUNGS, attention_rung(), fusion_rung()))
    row["taken"], row["trust"] = outcome.rung, getattr(outcome.ranker, "trust", 1.0)
    row["tried"] = {one.rung: one.outcome for one in outcome.tried}
    if outcome.ranker is not None:
        row["ladder"] = measured(asked, outcome.ranker.probabilities(asked))
    return row


def speed() -> dict[str, float]:
    """Milliseconds of processor time to rank `CANDIDATES` tags of one video of `MOST_CLIPS` clips, the median of 20."""
    taught = made_up(200, 1000, 8, 1280)
    rng = np.random.default_rng(1)
    clips = rng.standard_normal((200, MOST_CLIPS, 1280)).astype(np.float32)
    texts = rng.standard_normal((1000, 384)).astype(np.float32)
    recorded = {
        video: {f"tag{tag}": [("source0", float(rng.uniform(0.3, 1.0)))] for tag in rng.permutation(1000)[:CANDIDATES]}
        for video in taught.videos
    }
    facets = dict.fromkeys(taught.tags, "what")
    said = evidence(taught.videos, recorded, facets, lambda some: texts[: len(some)])
    taught = replace(taught, clips=clips, lengths=np.full(200, MOST_CLIPS), texts=texts, evidence=said)

    def untrained(data: Any, config: Any) -> Any:
        from encoders.training.steps import Training

        return Training(data, config).weights()

    recalled = [
        Recalled(f"tag{tag}", f"source{source}", float(rng.uniform(0.3, 1.0)), ("e1",))
        for tag in rng.permutation(1000)[:CANDIDATES]
        for source in rng.permutation(8)[:3]
    ]
    facts, took = CaseFacts("", taught.vectors[0], clips[0]), {}
    for rung in (attention_rung(untrained), fusion_rung(untrained)):
        ranker: Any = rung.fit(taught, facets, accepting())
        times = []
        for _ in range(21):
            began = time.process_time()
            ranker.rank(facts, recalled)
            times.append(1000 * (time.process_time() - began))
        took[rung.name] = round(float(np.median(times[1:])), 2)
    return took


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, nargs="*")
    parser.add_argument("--splits", type=int, default=2)
    parser.add_argument("--judgements", type=int, default=3600)
    parser.add_argument("--speed", action="store_true")
    arguments = parser.parse_args()
    if arguments.speed:
        print(json.dumps({"milliseconds_for_200_candidates": speed()}))
    for path in arguments.sets:
        for split in range(arguments.splits):
            print(json.dumps(one(path, split, arguments.judgements)), flush=True)


if __name__ == "__main__":
    main()
