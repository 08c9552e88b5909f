"""What people judge teaches at once, whatever the order, and makes what it says of other videos no worse.

Simulated reviewers judge generated videos, whose truth is known, as the queue asks; other videos are held out.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from agents.tagging.online import OnlineLearner, OnlineRanker, correction, examples, vectors_of
from agents.tagging.rank import ACCEPT, CaseFacts
from agents.tagging.rank.prior import Prior
from agents.tagging.recall import Recalled
from stores.tags.judgements import Judged
from stores.tags.queueing import disagreement, place_of

SOURCES = ("picture", "objects", "speech")
BASE = Prior()


@dataclass(frozen=True)
class World:
    """Generated videos.

    Attributes:
        scores: what sources say, by video and tag; truth: whether the tag fits.
    """

    scores: dict[tuple[str, str], tuple[tuple[str, float], ...]]
    truth: dict[tuple[str, str], bool]
    facts: dict[str, CaseFacts]


def world(seed: int, kind: str, videos: int = 120, tags: int = 12) -> World:
    """Generated videos whose truth is known.

    Args:
        kind: ``honest``: the sources are right together; ``mixed``: right on average, one boasts, another is too
            modest, and tags are easier or harder than they say; ``boasting``: far too sure of everything.
    """
    rng = np.random.default_rng(seed)
    made = World({}, {}, {})
    looks = rng.normal(size=(6, 16))
    for video in range(videos):
        name, look = f"v{video}", int(rng.integers(6))
        vector = looks[look] + rng.normal(scale=0.3, size=16)
        made.facts[name] = CaseFacts(name, (vector / np.linalg.norm(vector)).astype(np.float32))
        for tag in range(tags):
            said = tuple((one, float(rng.uniform(0.05, 0.9))) for one in SOURCES if rng.random() < 0.5)
            if not said:
                continue
            pair = name, f"t{tag}"
            power = {"mixed": {"objects": 0.4, "speech": 1.8}, "boasting": {"objects": 0.2}}.get(kind, {})
            doubt = float(np.prod([(1.0 - score) ** power.get(source, 1.0) for source, score in said]))
            odds = math.log((1.0 - doubt) / doubt)
            odds += {"mixed": (-1.5, 0.0, 1.5)[tag % 3], "boasting": -2.0 * (tag % 4 == 0)}.get(kind, 0.0)
            made.scores[pair], made.truth[pair] = said, bool(rng.random() < 1.0 / (1.0 + math.exp(-odds)))
    return made


def confidences(ranker: Any, some: World, pairs: list[tuple[str, str]]) -> np.ndarray:
    found = {}
    for video in dict.fromkeys(video for video, _ in pairs):
        words = [
            Recalled(tag, source, score, ("e",))
            for (of, tag), said in some.scores.items()
            if of == video
            for source, score in said
        ]
        found.update({(video, item.tag_id): item.confidence for item in ranker.rank(some.facts[video], words)})
    return np.array([found[pair] for pair in pairs])


def reviewed(some: World, count: int) -> tuple[list[Judged], list[tuple[str, str]]]:
    """Judgements as the queue asks for them, about one half of the videos; and the pairs of the other half."""
    half = [pair for pair in some.scores if int(pair[0][1:]) % 2]
    shared = {tag: sum(other == tag for _, other in some.scores) for _, tag in some.scores}
    score = dict(zip(half, confidences(BASE, some, half), strict=True))
    order = sorted(
        half,
        key=lambda pair: place_of(pair, abs(score[pair] - ACCEPT), disagreement(some.scores[pair]), shared[pair[1]]),
    )
    made = [
        Judged(*pair, "accepted" if some.truth[pair] else "rejected", some.scores[pair], float(at))
        for at, pair in enumerate(order[:count])
    ]
    return made, [pair for pair in some.scores if not int(pair[0][1:]) % 2]


def measures(said: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Brier score and F1."""
    hits = float(((said >= ACCEPT) & truth).sum())
    return float(((said - truth) ** 2).mean()), 2 * hits / float((said >= ACCEPT).sum() + truth.sum())


def gains(kind: str, count: int, seeds: range) -> np.ndarray:
    """(worlds, 2) by how much Brier score and F1 are better, each world with itself."""
    found = []
    for seed in seeds:
        some = world(seed, kind)
        judged, others = reviewed(some, count)
        truth = np.array([some.truth[pair] for pair in others])
        learned = correction(examples(BASE, judged, some.facts), vectors_of(some.facts))
        before = measures(confidences(BASE, some, others), truth)
        after = measures(confidences(OnlineRanker(BASE, learned), some, others), truth)
        found.append((before[0] - after[0], after[1] - before[1]))
    return np.array(found)


@pytest.mark.parametrize("count", [20, 50, 200])
def test_simulated_reviews_make_nothing_worse_on_other_videos(count: int) -> None:
    better = gains("mixed", count, range(16))
    assert (better.mean(axis=0) > 0).all()
    assert (better.min(axis=0) > (-0.001, -0.02)).all()
    # Where there is nothing to learn, or where being right about chances would accept too little, little is changed.
    assert (gains("honest", count, range(16)).mean(axis=0) > -0.001).all()
    assert (gains("boasting", count, range(16)).mean(axis=0) > (-1e-9, -0.005)).all()


def test_the_correction_is_a_function_of_the_judgements() -> None:
    some = world(1, kind="mixed")
    judged, others = reviewed(some, 80)
    first = confidences(_learner(some, judged).ranker(), some, others)
    for seed in range(3):
        shuffled = random.Random(seed).sample(judged, len(judged))
        assert (confidences(_learner(some, shuffled).ranker(), some, others) == first).all()
    assert (first != confidences(BASE, some, others)).any()


def test_it_learns_after_each_review_and_unlearns_what_is_undone() -> None:
    some = world(2, kind="mixed")
    judged, _ = reviewed(some, 80)
    now: list[Judged] = []
    versions = [0]
    learner = OnlineLearner(BASE, lambda: list(now), lambda: versions[0], _facts(some))
    assert not learner.ranker().correction.tags
    empty = learner.ranker()
    now += judged
    assert learner.ranker() is empty  # nobody said that there is something new
    versions[0] += 1
    assert learner.ranker().correction.tags
    now.clear()
    versions[0] += 1
    assert not learner.ranker().correction.tags


def test_few_one_sided_or_unsure_judgements_change_nothing() -> None:
    some = world(3, kind="mixed")
    judged, others = reviewed(some, 40)
    unsure = [Judged(one.video_id, one.tag_id, "unsure", one.scores, one.at) for one in judged]
    accepted = [Judged(one.video_id, one.tag_id, "accepted", one.scores, one.at) for one in judged]
    silent = [Judged(one.video_id, one.tag_id, one.verdict, (), one.at) for one in judged]
    before = confidences(BASE, some, others)
    for given in (judged[:7], unsure, accepted, silent, []):
        assert (confidences(_learner(some, given).ranker(), some, others) == before).all()


def test_rejections_of_videos_that_look_alike_count_against_a_tag() -> None:
    """Of two looks one is always rejected, though the sources say the same of both."""
    rng = np.random.default_rng(0)
    facts, judged = {}, []
    for video in range(80):
        look = np.zeros(8) + 0.05 * rng.normal(size=8)
        look[video % 2] += 1.0
        name = f"v{video}"
        facts[name] = CaseFacts(name, (look / np.linalg.norm(look)).astype(np.float32))
        verdict: Any = "accepted" if video % 2 else "rejected"
        judged.append(Judged(name, "t", verdict, (("picture", 0.5),), float(video)))
    learned = correction(examples(BASE, judged[:60], facts), vectors_of(facts))
    said = [
        OnlineRanker(BASE, learned).rank(facts[one.video_id], [Recalled("t", "picture", 0.5, ())])[0].confidence
        for one in judged[60:]
    ]
    assert min(said[1::2]) > 0.7
    assert max(said[::2]) < 0.3


def _facts(some: World) -> Any:
    return lambda videos: {video: some.facts[video] for video in videos}


def _learner(some: World, judged: list[Judged]) -> OnlineLearner:
    return OnlineLearner(BASE, lambda: judged, lambda: 1, _facts(some))
