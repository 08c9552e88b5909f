"""A library learns from what people decided, tells what came of it, and never trusts what is damaged."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from sqlalchemy import text

from agents.tagging import learning
from agents.tagging.learning import alike, chosen, learn
from agents.tagging.rank import ACCEPT, Prior
from agents.tagging.rank.network import attention
from agents.tagging.rank.network.attention import Weights
from encoders.bundle import Encoders
from encoders.spaces import collections
from encoders.training.config import CrossModalConfig
from encoders.training.pairs import PairData
from encoders.training.steps import train
from kinodex.cli.render import training as render
from kinodex.schemas.tags import training
from stores.core.records import Clip, Decision, Span, StageOutput, VectorItem, Video
from stores.library_store import LibraryStore
from stores.tags.review import Judgement
from tests.unit.agents.small_library import commit

TAGS = "id,name,facet\ndog,Dog,what\nbeach,Beach,where\ncat,Cat,what\nforest,Forest,where\n"
KINDS = (("dog", "beach"), ("cat", "forest"))


@pytest.fixture
def store(tmp_path: Path, encoders: Encoders) -> Iterator[LibraryStore]:
    """Twenty-four videos of two kinds that look alike; the sources say .5 of every tag."""
    (tmp_path / "tags.csv").write_text(TAGS, encoding="utf-8")
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((2, 64))
    with LibraryStore.open(tmp_path / "library", create=True) as opened:
        opened.tags.import_csv(tmp_path / "tags.csv")
        for number in range(24):
            path = tmp_path / f"{number:02}.mp4"
            path.write_text(path.name)
            sha = path.name.encode().hex().ljust(64, "0")
            video_id = opened.catalog.register(path, sha, 1, 1)
            base = Fraction(1, 1000)
            video = Video(video_id, sha, 1, 8000, base, 0, 640, 360, 0, Fraction(25), False, "h264", "aac", "mp4")
            commit(opened, video_id, "probe", StageOutput(video=video))
            whole = Span(0, 8000, base)
            clip = Clip(f"clp_{number}", whole, 4000)
            commit(opened, video_id, "clips", StageOutput(records=(clip,)))
            vector = centres[number % 2] + rng.standard_normal(64)
            vector = (vector / np.linalg.norm(vector)).astype(np.float32)
            place = f"fp:{clip.clip_id}:0"
            item = VectorItem(collections(encoders).likeness, place, vector, whole, "picture", clip.clip_id)
            commit(opened, video_id, "vectors", StageOutput(vectors=(item,)))
            made = [
                Decision(video_id, tag, "abstained", 0.5, ("picture",), ("e",), (("picture", 0.5),))
                for tag in ("dog", "beach", "cat", "forest")
            ]
            opened.tags.save_decisions(video_id, made)
        yield opened


def review(store: LibraryStore) -> None:
    for number, video_id in enumerate(sorted(one.video_id for one in store.catalog.videos())):
        said = [
            Judgement(video_id, tag, "accepted" if tag in KINDS[number % 2] else "rejected")
            for tag in ("dog", "beach", "cat", "forest")
        ]
        store.reviews.decide(said, "u", "Una")


def test_looks_are_learned_from_reviews_and_nothing_is_learned_twice(store: LibraryStore, encoders: Encoders) -> None:
    tags = store.tags.tags()
    nothing = learn(store, encoders)
    assert (nothing.report["rung"], nothing.report["judgements"]) == ("prior", 0)
    review(store)
    first = learn(store, encoders, precision=0.5)
    assert first.report["rung"] == "neighbours"
    assert first.report["threshold"]["promised"]
    picked = chosen(store, encoders, tags)
    assert (picked.name, picked.problem) == (store.rankers.fingerprint(), "")
    assert picked.threshold == first.report["threshold"]["value"]
    again = learn(store, encoders, precision=0.5)
    assert (again.climb, again.report) == (None, first.report)
    assert learn(store, encoders, precision=0.9).climb is not None, "another setting"


def test_what_is_damaged_or_of_another_model_is_not_used(
    store: LibraryStore, encoders: Encoders, caplog: pytest.LogCaptureFixture
) -> None:
    review(store)
    learn(store, encoders)
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE rankers SET checksum = 7"))
    with caplog.at_level(logging.WARNING):
        picked = chosen(store, encoders, store.tags.tags())
    assert isinstance(picked.ranker, Prior)
    assert (picked.threshold, picked.name) == (ACCEPT, "")
    assert "damaged" in picked.problem
    assert "kinodex tags train" in caplog.text
    assert learn(store, encoders).climb is not None, "it is learned again, though nothing changed"
    assert chosen(store, encoders, store.tags.tags()).problem == ""


def test_near_duplicates_share_a_group() -> None:
    unit = {"a": [1.0, 0.0], "b": [0.95, 0.3122], "c": [0.8, 0.6], "d": [0.0, 1.0]}
    groups = alike({name: np.array(vector, np.float32) for name, vector in unit.items()}, 0.9)
    assert groups["a"] == groups["b"] == groups["c"] != groups["d"], "c is like b, which is like a"


def soon(data: PairData, config: CrossModalConfig) -> Weights:
    return train(data, replace(config, epochs=1))


@pytest.fixture
def few_suffice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks are tried with the judgements of `review`."""
    monkeypatch.setattr(learning, "LEAST_FOR_ATTENTION", 90)
    monkeypatch.setattr(attention, "LEAST_FOR_ATTENTION", 90)


@pytest.mark.usefixtures("few_suffice")
def test_what_was_recalled_is_read_where_it_is_recorded(store: LibraryStore, encoders: Encoders) -> None:
    review(store)
    first = learn(store, encoders, trainer=soon)
    assert [one["rung"] for one in first.report["tried"]][-2:] == ["attention", "fusion"]
    assert first.report["recalled"] == {"videos": 24, "tags": 4, "facets": ["what", "where"]}
    assert "What was recalled is recorded for 24 of 24 videos: 4 tags of the facets what, where." in printed(first)
    assert learn(store, encoders, trainer=soon).climb is None
    one = store.catalog.videos()[0].video_id
    store.tags.save_decisions(one, [Decision(one, "dog", "abstained", 0.4, ("speech",), ("e",), (("speech", 0.4),))])
    assert learn(store, encoders, trainer=soon).climb is None, "judged tags keep what was said when they were judged"
    (store.root.parent / "more.csv").write_text("id,name,facet\npark,Park,where\n", encoding="utf-8")
    store.tags.import_csv(store.root.parent / "more.csv")
    store.tags.save_decisions(one, [Decision(one, "park", "abstained", 0.4, ("speech",), ("e",), (("speech", 0.4),))])
    again = learn(store, encoders, trainer=soon)
    assert again.report["recalled"]["tags"] == 5, "what nobody judged is read, too"


@pytest.mark.usefixtures("few_suffice")
def test_where_nothing_is_recorded_clips_are_read_alone(store: LibraryStore, encoders: Encoders) -> None:
    for entry in store.catalog.videos():
        made = [Decision(entry.video_id, tag, "abstained", 0.5, (), ()) for tag in ("dog", "beach", "cat", "forest")]
        store.tags.save_decisions(entry.video_id, made)
    review(store)
    done = learn(store, encoders, trainer=soon)
    assert done.report["tried"][-1]["rung"] == "attention"
    assert done.report["recalled"] is None
    assert "is not recorded" in printed(done)


def printed(done: learning.Learning) -> str:
    console = Console(width=400, record=True, file=io.StringIO())
    render.training(console, training(done).payload())
    return console.export_text()
