"""The rungs with a network: clips alone, and with everything that was recalled."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from agents.tagging.rank import ABSTAIN, CaseFacts
from agents.tagging.rank.kept import from_bytes, to_bytes
from agents.tagging.rank.ladder import RUNGS, climb
from agents.tagging.rank.lessons import Lessons, logit
from agents.tagging.rank.measures import accepting
from agents.tagging.rank.network.attention import Weights, attention_rung, fusion_rung
from agents.tagging.rank.network.evidence import MOST_RECALLED, evidence
from agents.tagging.recall import Recalled
from encoders.training.config import CrossModalConfig
from encoders.training.pairs import PairData
from encoders.training.steps import train
from tests.unit.agents.ranking.planted import facets_together

pytestmark = pytest.mark.usefixtures("one_thread")

LESSONS = facets_together()
LOOKS, CLIPS = np.asarray(LESSONS.vectors), np.asarray(LESSONS.clips)
FACETS = dict(zip(LESSONS.tags, LESSONS.facets, strict=True))


def soon(epochs: int) -> Any:
    """A trainer that ends soon; what it makes has the same form."""

    def trainer(data: PairData, config: CrossModalConfig) -> Weights:
        return train(data, replace(config, epochs=epochs, batch=64))

    return trainer


def rungs(epochs: int) -> list[Any]:
    """Those of a library, so that the last one learns for so many epochs."""
    networks = (attention_rung(soon(2)), fusion_rung(soon(epochs)))
    return [*RUNGS, *(replace(one, least=20) for one in networks)]


@pytest.mark.slow
def test_the_ladder_takes_what_reads_facets_together_where_that_wins() -> None:
    outcome = climb(LESSONS, FACETS, rungs=rungs(14))
    assert outcome.rung == "fusion"
    assert outcome.tried[-2].outcome == "no better", "clips alone say nothing"
    assert outcome.f1 > 0.95
    assert outcome.tried[-1].comparison
    assert outcome.tried[-1].comparison.after >= outcome.tried[-1].comparison.before


@pytest.mark.slow
def test_where_what_was_recalled_says_nothing_it_is_not_taken() -> None:
    by_chance = np.random.default_rng(0).permutation(LESSONS.accepted)
    outcome = climb(replace(LESSONS, accepted=by_chance), FACETS, rungs=rungs(4))
    assert outcome.rung not in ("attention", "fusion")


@pytest.fixture(scope="module")
def learned() -> tuple[Any, Any]:
    """Both networks, hardly trained."""
    clips, both = (make(soon(2)).fit(LESSONS, FACETS, accepting()) for make in (attention_rung, fusion_rung))
    return clips, both


def recalled(lessons: Lessons, video: int) -> list[Recalled]:
    """What is recorded of a video, as if it were tagged now."""
    said = lessons.evidence
    assert said is not None
    return [
        Recalled(said.tags[tag], said.sources[at], float(score), ("e",))
        for tag, scores in zip(said.tag[video], said.scores[video], strict=True)
        if tag >= 0
        for at, score in enumerate(scores)
        if score > 0
    ]


def test_a_video_is_ranked_as_its_judgements_are_compared(learned: tuple[Any, Any]) -> None:
    said = LESSONS.evidence
    assert said is not None
    # A tag that is judged is recalled, too, so that it is asked about; what is too weak is not read.
    scores = np.where(said.scores.max(axis=2, keepdims=True) >= ABSTAIN, said.scores, 0)
    kept = replace(LESSONS, evidence=replace(said, scores=scores))
    ranker = learned[1]
    for video in range(3):
        words = recalled(kept, video)
        known = {word.tag_id for word in words}
        recorded = {"v": {tag: [(w.source, w.probability) for w in words if w.tag_id == tag] for tag in known}}
        made = evidence(["v"], recorded, dict(zip(said.tags, said.facets, strict=True)), _texts(kept))
        assert made is not None
        reading = ranker.names.reading(words, [0])
        names = {name: at for at, name in enumerate(ranker.names.places)}
        assert [names[made.tags[at]] for at in made.tag[0]] == [
            int(np.flatnonzero((ranker.names.projected == row).all(axis=1))[0]) for row in reading.named
        ]
        assert reading.scores == pytest.approx(made.scores[0])


def _texts(lessons: Lessons) -> Any:
    said = lessons.evidence
    assert said is not None
    return lambda tags: np.stack([said.texts[said.tags.index(tag)] for tag in tags])


def test_what_was_recalled_moves_a_tag(learned: tuple[Any, Any]) -> None:
    facts = CaseFacts("new", LOOKS[0], CLIPS[0])
    asked = Recalled("x0", "picture", 0.5, ("e",))
    with_place = [asked, Recalled("p0", "picture", 0.9, ("e",)), Recalled("t0", "picture", 0.9, ("e",))]
    clips, both = learned

    def odds(ranker: Any, words: list[Recalled]) -> float:
        (said,) = [one.confidence for one in ranker.rank(facts, words) if one.tag_id == "x0"]
        return float(logit(np.array([said]))[0])

    assert odds(clips, [asked]) == pytest.approx(odds(clips, with_place))
    assert abs(odds(both, [asked]) - odds(both, with_place)) > 0.01
    weak = [asked, Recalled("p0", "picture", ABSTAIN / 2, ("e",))]
    assert odds(both, [asked]) == pytest.approx(odds(both, weak)), "what is not worth a look is not read"
    unknown = [asked, Recalled("later", "picture", 0.9, ("e",)), Recalled("x1", "judgements", 0.9, ())]
    assert odds(both, [asked]) == pytest.approx(odds(both, unknown)), "nor what is not known, or was only proposed"


def test_both_networks_are_kept_and_an_older_one_is_read(learned: tuple[Any, Any]) -> None:
    words = [*recalled(LESSONS, 3), Recalled("x0", "picture", 0.5, ("e",))]
    for number, ranker in enumerate(learned):
        body = to_bytes(ranker, "s", 0.6)
        if not number:  # as it was kept before anything but clips was read
            with np.load(io.BytesIO(body)) as file:
                arrays = {name: file[name] for name in file.files}
            about = json.loads(bytes(arrays["about"]).decode()) | {"form": 2}
            del about["network"]["facets"], about["network"]["sources"]
            arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
            older = io.BytesIO()
            np.savez(older, allow_pickle=False, **arrays)
            body = older.getvalue()
        again, _, _ = from_bytes(body, FACETS)
        for facts in (CaseFacts("new", LOOKS[3], CLIPS[3]), CaseFacts("new")):
            before, after = (
                {one.tag_id: one.confidence for one in each.rank(facts, words)} for each in (ranker, again)
            )
            assert after == pytest.approx(before, abs=0.01)


def test_a_later_form_is_refused_with_its_number(learned: tuple[Any, Any]) -> None:
    body = to_bytes(learned[1], "s", 0.6)
    with np.load(io.BytesIO(body)) as file:
        arrays = {name: file[name] for name in file.files}
    about = json.loads(bytes(arrays["about"]).decode()) | {"form": 99}
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    later = io.BytesIO()
    np.savez(later, allow_pickle=False, **arrays)
    with pytest.raises(ValueError, match="form 99"):
        from_bytes(later.getvalue(), FACETS)


def test_of_what_is_recorded_the_strongest_is_read() -> None:
    many = {f"t{n:03}": [("picture", 0.2 + 0.79 * n / 99)] for n in range(100)}
    facets = dict.fromkeys(many, "what")
    made = evidence(["a", "b"], {"a": many}, facets, lambda tags: np.zeros((len(tags), 4), np.float32))
    assert made is not None
    assert made.tag.shape == (2, MOST_RECALLED)
    assert [made.tags[at] for at in made.tag[0][:2]] == ["t099", "t098"]
    assert (made.tag[1] == -1).all()
    assert made.scores[0].min() >= ABSTAIN
    nothing = evidence(["a"], {"a": {"t001": [("judgements", 0.9)]}}, facets, lambda _: np.zeros((0, 4), np.float32))
    assert nothing is None, "what a ranker proposed is no evidence"
