from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from agents.tagging.rank import ABSTAIN, ACCEPT, CaseFacts
from agents.tagging.rank.kept import from_bytes, to_bytes
from agents.tagging.rank.ladder import HALF, RUNGS, Rung, climb
from agents.tagging.rank.lessons import Floats, Lessons, logit, sigmoid
from agents.tagging.rank.measures import accepting
from agents.tagging.rank.precision import RISK, least_videos, threshold
from agents.tagging.rank.whitening import Whitening
from agents.tagging.recall import Recalled
from tests.unit.agents.ranking.planted import look_alikes, loud_source


def test_the_rung_that_wins_is_taken_and_held_out_f1_never_falls() -> None:
    lessons = look_alikes(75)
    outcome = climb(lessons, dict(zip(lessons.tags, lessons.facets, strict=True)))
    assert outcome.rung in ("neighbours", "logistic")
    taken = [one.comparison for one in outcome.tried if one.outcome == "taken" and one.comparison]
    assert all(one.after >= one.before and one.gain > 0 for one in taken)
    assert outcome.f1 == taken[-1].after
    assert len(outcome.tried) == len(RUNGS)


def test_where_nothing_can_be_won_the_rung_before_stays() -> None:
    lessons = loud_source(500)
    outcome = climb(lessons, dict.fromkeys(lessons.tags, "what"))
    assert outcome.rung == "calibrated", "sources can be calibrated, but there are no looks"
    assert [one.outcome for one in outcome.tried] == ["taken", "no better", "no better"]


def test_it_says_what_is_missing() -> None:
    lessons = loud_source(440)
    facets = dict.fromkeys(lessons.tags, "what")
    few = climb(lessons.some(np.arange(440) < 15), facets)
    assert (few.rung, few.ranker) == ("prior", None)
    assert {one.outcome for one in few.tried} == {"too few judgements", "too few videos"} - {"too few videos"}
    assert {one.outcome for one in climb(lessons.some(lessons.video < 4), facets).tried[:2]} == {"too few videos"}
    assert {one.outcome for one in climb(lessons.some(lessons.accepted), facets).tried[:2]} == {"one-sided"}
    assert climb(lessons.some(lessons.video < 60), facets).tried[2].outcome == "too few judgements"


@pytest.mark.parametrize("rung", range(len(RUNGS)))
def test_what_is_kept_ranks_as_before(rung: int) -> None:
    lessons = look_alikes(40)
    facets = dict(zip(lessons.tags, lessons.facets, strict=True))
    ranker: Any = RUNGS[rung].fit(lessons, facets, accepting())
    again, space, value = from_bytes(to_bytes(ranker, "pictures-1", 0.7), facets)
    assert (space, value) == ("pictures-1", 0.7)
    words = [Recalled("t0", "picture", 0.5, ("e",)), Recalled("t4", "speech", 0.6, ("f",))]
    facts = CaseFacts("new", lessons.vectors[0])
    before, after = ({one.tag_id: one.confidence for one in each.rank(facts, words)} for each in (ranker, again))
    assert after == pytest.approx(before, abs=0.01), "vectors are kept in half precision"


def test_what_was_kept_before_looks_were_made_comparable_ranks_as_it_did() -> None:
    lessons = look_alikes(20)
    learned: Any = RUNGS[1].fit(lessons, {}, accepting())
    plain = Whitening(np.zeros(16, np.float32), np.ones(16, np.float32))
    ranker = replace(learned, known=replace(learned.known, whitening=plain, vectors=lessons.vectors))
    with np.load(io.BytesIO(to_bytes(ranker, "s", 0.6))) as file:
        arrays = {name: file[name] for name in file.files if name not in ("centre", "scale")}
    about = json.loads(bytes(arrays["about"]).decode()) | {"form": 1}
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    body = io.BytesIO()
    np.savez(body, allow_pickle=False, **arrays)
    again, _, _ = from_bytes(body.getvalue(), {})
    facts = CaseFacts("new", lessons.vectors[0])
    before, after = ({one.tag_id: one.confidence for one in each.rank(facts, [])} for each in (ranker, again))
    assert after == pytest.approx(before, abs=0.01)


def test_damage_is_noticed() -> None:
    lessons = look_alikes(20)
    ranker: Any = RUNGS[1].fit(lessons, {}, accepting())
    body = to_bytes(ranker, "s", 0.6)
    for broken in (b"", b"PK", body[: len(body) // 2], body[:100] + b"\0" * 50 + body[150:], b"x" + body):
        with pytest.raises(ValueError):
            from_bytes(broken, {})


def test_a_promise_needs_judgements_about_so_many_videos() -> None:
    assert [least_videos(wanted) for wanted in (0.5, 0.8, 0.9, 0.95)] == [4, 11, 22, 45]
    few = threshold(np.full(10, 0.9), np.ones(10, np.bool_), np.arange(10), 0.9)
    assert (few.value, few.promised, few.missing) == (ACCEPT, False, 12)
    one_video = threshold(np.full(500, 0.9), np.ones(500, np.bool_), np.zeros(500, np.int64), 0.9)
    assert (one_video.promised, one_video.missing) == (False, 21), "five hundred of one video say little of others"
    assert threshold(np.zeros(0), np.zeros(0, np.bool_), np.zeros(0, np.int64), None).wanted is None


def test_a_promise_is_kept() -> None:
    """Of 200 libraries whose truth is known no more than the risk break it, give or take chance."""
    broken = promised = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        said = rng.random(300)
        found = threshold(said, rng.random(300) < said, np.arange(300) // 2, 0.8)
        assert found.value >= ABSTAIN
        if found.promised:
            promised += 1
            # Of what is said with p uniform above v, (1 + v) / 2 is true.
            broken += (1 + found.value) / 2 < 0.8
    assert promised > 150
    assert broken / promised <= RISK + 2 * (RISK * (1 - RISK) / promised) ** 0.5


def test_what_cannot_be_had_is_not_promised() -> None:
    rng = np.random.default_rng(0)
    coin = threshold(rng.uniform(0.3, 1.0, 400), rng.random(400) < 0.5, np.arange(400), 0.9)
    assert (coin.promised, coin.value, coin.missing) == (False, ACCEPT, 0)


@dataclass(frozen=True)
class Oracle:
    """Knows the truth as far as ``knows`` and errs by chance, another way for every ``seed``, beyond that."""

    knows: float
    noise: float
    seed: int
    trust: float = 1.0

    def probabilities(self, lessons: Lessons) -> Floats:
        errors = np.random.default_rng(self.seed).standard_normal((len(lessons.videos), len(lessons.tags)))
        truth = np.where(lessons.accepted, 1.0, -1.0)
        return sigmoid(self.knows * truth + self.noise * errors[lessons.video, lessons.tag])

    def rank(self, *_: Any) -> list[Any]:
        raise AssertionError("nothing is ranked here")


def oracle(name: str, knows: float, noise: float, seed: int = 0, on: str = "") -> Rung:
    return Rung(name, 20, lambda *_: Oracle(knows, noise, seed), on=on)


def test_a_rung_does_not_win_because_a_simpler_one_just_missed_the_bar() -> None:
    """The simple one is better than nothing, but not surely; the next one is, but hardly better than the simple one."""
    lessons = look_alikes(40)
    simple, elaborate = oracle("simple", 0.3, 1.65, seed=1), oracle("elaborate", 0.3, 1.4, seed=4)
    alone = climb(lessons, {}, rungs=[simple])
    assert (alone.rung, alone.tried[0].outcome) == ("prior", "no better")
    assert climb(lessons, {}, rungs=[elaborate]).rung == "elaborate"
    both = climb(lessons, {}, rungs=[simple, elaborate])
    assert [one.outcome for one in both.tried] == ["taken", "no better"]
    assert both.rung == "simple"
    far = climb(lessons, {}, rungs=[simple, oracle("far better", 3.0, 0.5)])
    assert [one.outcome for one in far.tried] == ["no better", "taken"]


def test_what_moves_a_rung_is_trusted_half_way_and_wholly_where_that_is_surely_better() -> None:
    lessons = look_alikes(60)
    first = oracle("first", 1.0, 1.0, seed=1)
    other = climb(lessons, {}, rungs=[first, oracle("as good", 1.0, 1.0, seed=2, on="first")])
    assert other.rung == "as good", "the mean of two that err in other places is better than both"
    assert isinstance(other.ranker, Oracle)
    assert other.ranker.trust == HALF
    sure = climb(lessons, {}, rungs=[first, oracle("far better", 6.0, 0.0, on="first")])
    assert (sure.rung, sure.ranker) == ("far better", Oracle(6.0, 0.0, 0))


def test_half_way_is_half_way_in_log_odds() -> None:
    lessons = look_alikes(40)
    whole: Any = RUNGS[2].fit(lessons, {}, accepting())
    half = replace(whole, trust=HALF)
    before, after = (logit(one.probabilities(lessons)) for one in (whole.before, whole))
    inside = (np.abs(before) < 9) & (np.abs(after) < 9)
    assert logit(half.probabilities(lessons))[inside] == pytest.approx(((before + after) / 2)[inside], abs=1e-6)
    again, _, _ = from_bytes(to_bytes(half, "s", 0.6), {})
    assert getattr(again, "trust", 1.0) == HALF
