import json
from fractions import Fraction
from pathlib import Path

import pytest

from agents.answering.claims import Citation
from stores.core.errors import UsageError
from stores.core.ids import sha256_of
from stores.core.records import Fact, Span, StageKey, StageOutput, Video
from stores.library_store import LibraryStore
from workflows.evaluation.annotations import Annotations, match_videos
from workflows.evaluation.evaluate import citation_holds

BASE = Fraction(1, 10)


@pytest.fixture
def store(tmp_path: Path):
    """A library with one video of 10 s and one fact."""
    with LibraryStore.open(tmp_path / "lib", create=True) as opened:
        video_id = opened.catalog.register(tmp_path / "a.mp4", "ab" * 32, 1, 1)
        video = Video(
            *(video_id, "ab" * 32, 1, 100, BASE, 0, 8, 8, 0, Fraction(25), False, "h264", "", "mp4"),
        )
        fact = Fact("fct_1", Span(0, 100, BASE), "vertical video", 0.9)
        for stage, output in (("probe", StageOutput(video=video)), ("look", StageOutput(records=(fact,)))):
            opened.commit(opened.ledger.begin(StageKey(video_id, stage, "f"), "test"), output)
        yield opened


def citation(store: LibraryStore, **changes) -> Citation:
    (entry,) = store.catalog.videos()
    values = {
        "evidence_id": "fct_1",
        "video_id": entry.video_id,
        "span": Span(0, 100, BASE),
        "channel": "format",
        "quote": "vertical",
    }
    return Citation(**{**values, **changes})


def test_a_true_citation_holds(store):
    assert citation_holds(store, citation(store))


@pytest.mark.parametrize(
    "change",
    [
        {"evidence_id": "fct_2"},
        {"video_id": "vid_other"},
        {"quote": "horizontal"},
        {"span": Span(0, 101, BASE)},
    ],
)
def test_a_false_citation_does_not(store, change):
    assert not citation_holds(store, citation(store, **change))


def test_clips_are_matched_by_content_then_by_the_file_of_that_name(tmp_path: Path):
    (tmp_path / "b.mp4").write_bytes(b"b")
    truth = Annotations.model_validate(
        {
            "clips": {
                "one": {"sha256": "AB", "file": "gone.mp4"},
                "two": {"sha256": "stale", "file": "b.mp4"},
                "three": {"sha256": "cd", "file": "gone.mp4"},
            }
        }
    )
    known = {"ab": "vid_1", sha256_of(tmp_path / "b.mp4"): "vid_2"}
    assert match_videos(truth, tmp_path, known) == {"one": "vid_1", "two": "vid_2"}


@pytest.mark.parametrize("text", ["[]", "{}", "no json", json.dumps({"clips": {"a": {"tags": "dog"}}})])
def test_a_file_of_another_form_is_refused_by_name(tmp_path: Path, text: str):
    (tmp_path / "truth.json").write_text(text)
    with pytest.raises(UsageError, match=r"truth\.json"):
        Annotations.read(tmp_path / "truth.json")
    with pytest.raises(UsageError, match="cannot be read"):
        Annotations.read(tmp_path / "none.json")
