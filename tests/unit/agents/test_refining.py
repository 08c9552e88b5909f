"""The steps after recall: reranking, and rescoring by what is said."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from agents.chat.answerer import Answerer
from agents.search.finder import Finder, Found
from agents.search.refining import SearchConfig
from agents.search.reranking import SUREST, log_odds, readable
from agents.search.scoring import STEEPNESS
from encoders.bundle import Encoders
from encoders.spaces import collections
from encoders.types import WeightsError
from stores.core.ids import sha256_of
from stores.core.records import Blob, Caption, Clip, Span, StageKey, StageOutput, Utterance, VectorItem, Video
from stores.ledger import Attempt
from stores.library_store import LibraryStore
from tests.unit.workflows.two_models import red_film

BASE = Fraction(1, 16384)
WHOLE = Span(0, 2 * 16384, BASE)


class RedRanker:
    """Says that a picture matches the more surely the redder it is, and remembers the sizes it saw."""

    name = "red"

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def match(self, pixels: np.ndarray, texts: list[str]) -> np.ndarray:
        self.shapes.append(pixels.shape)
        red = pixels[..., 0].mean(axis=(1, 2)) - pixels[..., 2].mean(axis=(1, 2))
        return np.repeat((0.5 + red / 512)[:, None], len(texts), axis=1).astype(np.float32)


class WithRanker(Encoders):
    """The embedded profile with a ranker beside it."""

    def __init__(self) -> None:
        shipped = Encoders.open()
        super().__init__(shipped.registry, "embedded", 1)
        self.red = RedRanker()

    def has(self, task: str) -> bool:
        return task == "ranker" or super().has(task)

    def spec(self, task: str) -> Any:
        return super().spec("detector" if task == "ranker" else task)

    @property
    def ranker(self) -> RedRanker:
        return self.red


@pytest.fixture(scope="module")
def encoders() -> Iterator[WithRanker]:
    with WithRanker() as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LibraryStore]:
    with LibraryStore.open(tmp_path / "library", create=True) as opened:
        yield opened


def commit(store: LibraryStore, video_id: str, stage: str, output: StageOutput) -> None:
    attempt = store.ledger.begin(StageKey(video_id, stage, f"fp-{stage}"), "test")
    assert isinstance(attempt, Attempt)
    store.commit(attempt, output)


def jpeg(colour: tuple[int, int, int]) -> bytes:
    picture = np.zeros((36, 64, 3), np.uint8)
    picture[:] = colour[::-1]
    return cv2.imencode(".jpg", picture)[1].tobytes()


def add(
    store: LibraryStore,
    encoders: Encoders,
    path: Path,
    nearness: float,
    colour: tuple[int, int, int] = (0, 0, 0),
    said: str = "",
    caption: str = "",
) -> str:
    """A video whose picture is so near to a yawl, with a thumbnail of one colour."""
    if not path.exists():
        path.write_bytes(path.name.encode())
    sha256 = sha256_of(path)
    video_id = store.catalog.register(path, sha256, path.stat().st_size, 1)
    video = Video(video_id, sha256, 1, WHOLE.end, BASE, 0, 96, 64, 0, Fraction(4), False, "h264", "", "mp4")
    commit(store, video_id, "probe", StageOutput(video=video))
    commit(store, video_id, "thumbnails", StageOutput(blobs=(Blob("000000000000.jpg", jpeg(colour)),)))
    clip = Clip(f"clp_{path.name}", WHOLE, 16384, "000000000000.jpg")
    commit(store, video_id, "clips", StageOutput(records=(clip,)))
    space, names = encoders.concepts, collections(encoders)
    toward = np.asarray(space.prototypes[space.index("imagenet:914")], np.float32)
    away = np.asarray(space.prototypes[space.index("imagenet:541")], np.float32)
    vector = nearness * toward + (1 - nearness) * away
    items = [VectorItem(names.picture, f"v:{path.name}", vector, WHOLE, "picture", clip.clip_id)]
    for channel, text in (("speech", said), ("caption", caption)):
        if text:
            (passage,) = encoders.text.encode_passages([text])
            items.append(VectorItem(names.text, f"{channel}:{path.name}", passage, WHOLE, channel, evidence_id=channel))
    if said:
        line = Utterance(f"utt_{path.name}", WHOLE, said, "en", 0.9)
        commit(store, video_id, "speech", StageOutput(records=(line,)))
    if caption:
        written = Caption(f"cap_{path.name}", WHOLE, caption, clip.clip_id, "tiny@1", (16384,), 0.9)
        commit(store, video_id, "captions", StageOutput(records=(written,)))
    commit(store, video_id, "vectors", StageOutput(vectors=tuple(items)))
    return video_id


def order(found: Found) -> list[str]:
    return [moment.video_id for moment in found.moments]


def test_the_best_are_reranked_by_the_sum(store, encoders, tmp_path: Path) -> None:
    near = add(store, encoders, tmp_path / "near", 0.9, colour=(0, 0, 200))
    less = add(store, encoders, tmp_path / "less", 0.8, colour=(200, 0, 0))
    far = add(store, encoders, tmp_path / "far", 0.6, colour=(255, 0, 0))
    plain = Finder(store, encoders).search("a sailing boat")
    assert order(plain) == [near, less, far]
    found = Finder(store, encoders, SearchConfig(rerank="itm", top_k=2)).search("a sailing boat", explained=True)
    # The third is not reranked and stays last, however red it is.
    assert order(found) == [less, near, far]
    assert "itm" not in found.moments[2].channels
    for moment in found.moments:
        before = next(one for one in plain.moments if one.video_id == moment.video_id)
        assert moment.ratio == pytest.approx(before.ratio + moment.channels.get("itm", 0.0))
        assert moment.ratio == pytest.approx(sum(moment.channels.values()))
    assert found.moments[0].channels["itm"] > 0 > found.moments[1].channels["itm"]
    (outcome, *_) = found.explanation.moments
    assert {part.kind for part in outcome.parts} == {"vectors", "itm"}
    assert sum(abs(part.share) for part in outcome.parts) == pytest.approx(1)
    assert "itm: looked at 2 of 3 moments" in found.explanation.remarks


def test_the_frame_is_read_from_the_file_and_a_moved_file_breaks_nothing(store, encoders, tmp_path: Path) -> None:
    film = red_film(tmp_path / "film.mp4")
    video_id = add(store, encoders, film, 0.9, colour=(0, 0, 200))
    finder = Finder(store, encoders, SearchConfig(rerank="itm"))
    encoders.red.shapes.clear()
    found = finder.search("a sailing boat", explained=True)
    assert encoders.red.shapes == [(1, 64, 96, 3)]
    assert found.moments[0].channels["itm"] > 0, "the film is red"
    film.rename(tmp_path / "moved.mp4")
    found = finder.search("a sailing boat", explained=True)
    assert order(found) == [video_id]
    assert encoders.red.shapes[1:] == [(1, 36, 64, 3)]
    assert found.moments[0].channels["itm"] < 0, "its thumbnail is blue"
    assert any("thumbnails" in remark and "FILE_MISSING" in remark for remark in found.explanation.remarks)


def test_answers_rest_on_what_reranking_puts_first(store, encoders, tmp_path: Path) -> None:
    near = add(store, encoders, tmp_path / "near", 0.9, colour=(0, 0, 200), caption="a sailing boat")
    less = add(store, encoders, tmp_path / "less", 0.8, colour=(200, 0, 0), caption="a sailing boat")

    def cited(config: SearchConfig) -> set[str]:
        answer = Answerer(store, encoders, finder=Finder(store, encoders, config)).ask("Is there a sailing boat?")
        return {citation.video_id for claim in answer.claims for citation in claim.citations}

    assert cited(SearchConfig()) == {near}
    assert cited(SearchConfig(rerank="itm")) == {less}


def test_a_query_the_ranker_cannot_read_is_not_given_to_it(store, encoders, tmp_path: Path) -> None:
    add(store, encoders, tmp_path / "near", 0.9, colour=(255, 0, 0))
    encoders.red.shapes.clear()
    found = Finder(store, encoders, SearchConfig(rerank="auto")).search("帆船", explained=True)
    assert not encoders.red.shapes
    assert any("English" in remark for remark in found.explanation.remarks)
    assert readable("a café, 2 boats!")
    assert not readable("a 帆船")


def test_a_profile_without_a_ranker_says_so_and_auto_does_without(store, tmp_path: Path) -> None:
    with Encoders.open() as plain:
        add(store, plain, tmp_path / "near", 0.9)
        with pytest.raises(WeightsError, match="ranker"):
            Finder(store, plain, SearchConfig(rerank="itm")).search("a sailing boat")
        assert Finder(store, plain, SearchConfig(rerank="auto")).search("a sailing boat").verdict == "match"


def test_log_odds_are_blips_sum_on_the_scale_of_confidences() -> None:
    assert log_odds(0.5) == 0.0
    assert log_odds(0.9) == pytest.approx(math.log(9))
    assert log_odds(1.0) == pytest.approx(math.log((1 - SUREST) / SUREST))
    # If recall says "as likely as not", the match probability is left.
    assert 1 / (1 + math.exp(-STEEPNESS * (log_odds(0.9) / STEEPNESS))) == pytest.approx(0.9)


def test_what_is_said_counts_with_what_is_seen(store, encoders, tmp_path: Path) -> None:
    silent = add(store, encoders, tmp_path / "silent", 0.8)
    about = add(store, encoders, tmp_path / "about", 0.8, said="we set the mainsail and left the harbour in our yacht")
    other = add(store, encoders, tmp_path / "other", 0.8, said="the tax on flour was raised by the new parliament")
    found = Finder(store, encoders, SearchConfig(rescore="socratic")).search("a sailing boat", explained=True)
    gains = {moment.video_id: moment.channels.get("socratic", 0.0) for moment in found.moments}
    assert gains[about] > 0 == gains[silent] > gains[other]
    # The mean of both transcripts is what the silent one counts as having said.
    assert gains[about] == pytest.approx(-gains[other], rel=1e-3)
    assert order(found)[0] == about
    captioned = add(store, encoders, tmp_path / "captioned", 0.8, caption="a boat with white sails on the sea")
    wrong = add(store, encoders, tmp_path / "wrong", 0.8, caption="a plate of noodles on a kitchen table")
    found = Finder(store, encoders, SearchConfig(rescore="socratic")).search("a sailing boat")
    gains = {moment.video_id: moment.channels.get("socratic", 0.0) for moment in found.moments}
    assert gains[captioned] > 0 > gains[wrong]
