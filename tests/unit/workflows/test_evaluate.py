import io
import json
from fractions import Fraction
from pathlib import Path

import pytest
from rich.console import Console

from agents.answering.claims import Citation
from kinodex.cli.render import evaluation as render_evaluation
from kinodex.schemas.evaluation import evaluation
from stores.core.errors import UsageError
from stores.core.ids import sha256_of
from stores.core.records import Fact, Span, StageKey, StageOutput, Video
from stores.library_store import LibraryStore
from workflows.evaluation.annotations import Annotations, Query, match_videos
from workflows.evaluation.evaluate import AnswerResult, Evaluation, QueryResult, citation_holds, rank_of_moment
from workflows.evaluation.measures import TagCounts, ranking

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
        for stage, output in (("probe", StageOutput(video=video)), ("visual_stats", StageOutput(records=(fact,)))):
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
def test_an_invalid_annotation_file_is_refused_with_its_name(tmp_path: Path, text: str):
    (tmp_path / "truth.json").write_text(text)
    with pytest.raises(UsageError, match=r"truth\.json"):
        Annotations.read(tmp_path / "truth.json")
    with pytest.raises(UsageError, match="cannot be read"):
        Annotations.read(tmp_path / "none.json")


def test_a_moment_counts_if_it_is_of_the_right_video_and_overlaps_an_annotated_span():
    places = [
        ("vid_other", Span(0, 100, BASE)),
        ("vid_1", Span(0, 50, BASE)),
        ("vid_1", Span(50, 100, BASE)),
    ]
    assert rank_of_moment("vid_1", [(6.0, 7.0)], places) == 3
    assert rank_of_moment("vid_1", [(6.0, 7.0), (1.0, 2.0)], places) == 2
    assert rank_of_moment("vid_1", [(10.0, 12.0)], places) is None  # spans are half-open
    assert rank_of_moment("vid_1", [], places) is None


def test_queries_may_have_spans_and_questions_accepted_variants(tmp_path: Path):
    clip = {
        "queries": {"en": ["a dog", {"q": "a dog jumps", "spans": [[1.5, 3]]}]},
        "qa": [{"q": "What is it?", "a": "a dog", "accepted": ["a puppy"]}],
    }
    (tmp_path / "truth.json").write_text(json.dumps({"clips": {"one": clip}}))
    read = Annotations.read(tmp_path / "truth.json").clips["one"]
    assert read.queries["en"] == ["a dog", Query(q="a dog jumps", spans=[(1.5, 3.0)])]
    assert read.qa[0].accepted == ["a puppy"]
    clip["queries"]["en"][1]["spans"] = [[-1, 3]]
    (tmp_path / "truth.json").write_text(json.dumps({"clips": {"one": clip}}))
    with pytest.raises(UsageError, match=r"truth\.json"):
        Annotations.read(tmp_path / "truth.json")


def answered(clip: str, *, abstained: bool, right: bool = False, strictly: bool = False) -> AnswerResult:
    return AnswerResult("?", clip, "gold", "answer", abstained, right, 1, 1, strictly)


def evaluation_of(*answers: AnswerResult) -> Evaluation:
    queries = (
        QueryResult("q1", "en", "one", 1, True, 2),
        QueryResult("q2", "en", "one", 3, False, None),
        QueryResult("q3", "zh", "two", None, True, None),
    )
    by_clip = {"one": {"dog": TagCounts(1, 1, 1, 1, 1)}, "two": {"cat": TagCounts(1, 0, 0, 0, 0)}}
    return Evaluation(
        annotations="x",
        clips=2,
        missing=(),
        queries=queries,
        retrieval=ranking([1, 3, None]),
        retrieval_by_language={},
        tagging=TagCounts(2, 1, 1, 1, 1),
        tagging_by_facet={},
        tagging_by_tag={},
        answers=answers,
        moments=ranking([2, None]),
        moments_by_language={"en": ranking([2]), "zh": ranking([None])},
        tagging_by_clip=by_clip,
        facets={"dog": "what", "cat": "who"},
    )


def test_both_errors_of_abstention_are_measured():
    result = evaluation_of(
        answered("one", abstained=False, right=True, strictly=True),
        answered("one", abstained=False, right=True),
        answered("two", abstained=True),
        answered("two", abstained=True),
        answered("", abstained=True),
        answered("", abstained=False),
    )
    assert (result.accuracy, result.strict_accuracy) == (0.5, 0.25)
    assert (result.abstention, result.answered_unanswerable) == (0.5, 0.5)
    assert result.abstained_answerable == 0.5
    assert evaluation_of().answered_unanswerable is None


def test_every_measure_has_an_interval_in_the_json_output():
    printed = evaluation(evaluation_of(answered("one", abstained=False, right=True))).payload()
    overall = printed["retrieval"]["overall"]
    low, high = overall["intervals"]["recall_at_1"]
    assert low <= overall["recall_at_1"] <= high
    moments = printed["retrieval"]["moments"]
    assert moments["overall"]["queries"] == 2
    assert moments["by_language"]["zh"]["intervals"]["recall_at_5"] == (0.0, 0.0)
    assert printed["tagging"]["overall"]["recall_of_true"] == 1.0
    assert printed["tagging"]["overall"]["intervals"]["precision"] == (0.0, 1.0)
    assert printed["answers"]["intervals"]["accuracy"] == (1.0, 1.0)
    assert printed["answers"]["intervals"]["abstention"] is None
    console = Console(file=io.StringIO(), width=200)
    render_evaluation.evaluation(console, printed)
    assert "finding moments" in console.file.getvalue()
    assert "50.0 % (0–100)" in console.file.getvalue()
