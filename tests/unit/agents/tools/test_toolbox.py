"""Every look-up: what it returns, its bounds, and that it never leaves the scope."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from agents.llm import Budget
from agents.search.finder import Finder
from agents.tools.arguments import MOST_LINES, MOST_ROWS
from agents.tools.moments import LONGEST_TEXT
from agents.tools.result import ToolCall, ToolResult
from agents.tools.toolbox import MOST_CHARACTERS, Toolbox
from encoders.bundle import Encoders
from stores.core.errors import MediaError
from stores.core.records import Decision, ScreenText, Span, StageOutput, Utterance
from stores.library_store import LibraryStore
from tests.unit.agents.small_library import MS, Library, add_video, commit

CALLS: dict[str, dict[str, Any]] = {
    "search_moments": {"query": "pizza"},
    "read_text": {"video": "pizza.mp4"},
    "what_is_shown": {"video": "pizza.mp4"},
    "list_videos": {},
    "tags_of": {"videos": ["pizza.mp4"]},
    "similar_moments": {"video": "pizza.mp4", "at": 1.0},
    "query_tables": {"sql": "SELECT name FROM videos ORDER BY name"},
    "look_at_frames": {"video": "pizza.mp4", "seconds": [1.0], "question": "What is on the plate?"},
    "video_overview": {"video": "pizza.mp4"},
}


class Looking:
    """Eyes that see what they are told."""

    def __init__(self, said: str = "a pizza") -> None:
        self.said = said

    def look(self, video_id: str, seconds: Sequence[float], question: str, budget: Budget | None = None) -> str:
        if self.said == "fails":
            raise MediaError("NO_FRAMES", "No frame can be read.")
        return self.said

    def denies(self, video_id: str, seconds: Sequence[float], statement: str, budget: Budget | None = None) -> bool:
        return False


@pytest.fixture(scope="module")
def tools(library: Library, encoders: Encoders) -> Iterator[Toolbox]:
    store, videos = library
    pizza = videos["pizza"]
    tag = store.tags.find("pizza")
    assert tag is not None
    said = tuple(line.evidence_id for line in store.catalog.evidence_of(pizza, "speech"))
    decision = Decision(pizza, tag.tag_id, "accepted", 0.9, (), ("utt_gone", *said[:1]), ())
    store.tags.save_decisions(pizza, [decision])
    return Toolbox(store, encoders, Finder(store, encoders), Looking())


def call(tools: Toolbox, name: str, scope: Sequence[str] | None = None, /, **arguments: Any) -> ToolResult:
    return tools.call(ToolCall(name, {**CALLS[name], **arguments}), scope)


@pytest.mark.parametrize("name", CALLS)
def test_what_is_returned_is_json_and_cites_lines_that_are_stored(tools: Toolbox, library: Library, name: str) -> None:
    result = call(tools, name)
    assert not result.error, result.note
    assert result.rows or name == "similar_moments"  # nothing else is like a pizza
    json.dumps(result.rows)
    assert set(library[0].catalog.evidence(result.evidence_ids)) == set(result.evidence_ids)


@pytest.mark.parametrize("name", CALLS)
def test_nothing_outside_of_the_scope_is_seen(tools: Toolbox, library: Library, name: str) -> None:
    store, videos = library
    result = call(tools, name, [videos["taxi"]])
    lines = store.catalog.evidence(result.evidence_ids).values()
    assert {line.video_id for line in lines} <= {videos["taxi"]}
    assert "pizza.mp4" not in json.dumps(result.rows)
    if "video" in CALLS[name] or "videos" in CALLS[name]:
        assert result.error == "UNKNOWN_VIDEO"
        assert "vid_" not in result.note
        assert "Did you mean" not in result.note


@pytest.mark.parametrize("name", CALLS)
def test_an_empty_scope_holds_nothing(tools: Toolbox, name: str) -> None:
    result = call(tools, name, [])
    assert not result.rows
    assert not result.evidence_ids


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("search_moments", {"query": ""}),
        ("search_moments", {"k": 1000}),
        ("search_moments", {"channels": ["everything"]}),
        ("search_moments", {"start": 5, "end": 2}),
        ("search_moments", {"start": float("nan")}),
        ("search_moments", {"wat": 1}),
        ("what_is_shown", {"end": 0}),
        ("what_is_shown", {"start": -1}),
        ("read_text", {"video": ""}),
        ("read_text", {"seconds": 1e9}),
        ("similar_moments", {"at": float("inf")}),
        ("query_tables", {"seconds": 60}),
        ("query_tables", {"max_rows": MOST_ROWS + 1}),
        ("look_at_frames", {"seconds": [0.0] * 9}),
        ("tags_of", {"videos": []}),
    ],
)
def test_arguments_out_of_bounds_are_told(tools: Toolbox, name: str, arguments: dict[str, Any]) -> None:
    result = call(tools, name, None, **arguments)
    assert result.error == "USAGE"
    assert result.note.endswith(".")


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("read_text", {"video": "nowhere.mp4"}, "UNKNOWN_VIDEO"),
        ("search_moments", {"tag": "no such tag"}, "USAGE"),
        ("query_tables", {"sql": "DELETE FROM videos"}, "QUERY_REFUSED"),
        ("query_tables", {"sql": "SELECT 1; SELECT 2"}, "QUERY_REFUSED"),
    ],
)
def test_faults_are_told(tools: Toolbox, name: str, arguments: dict[str, Any], code: str) -> None:
    assert call(tools, name, None, **arguments).error == code


def test_an_unknown_look_up_is_told_with_those_there_are(tools: Toolbox) -> None:
    result = tools.call(ToolCall("delete_video"))
    assert result.error == "USAGE"
    assert "search_moments" in result.note


def test_without_eyes_nobody_looks(library: Library, encoders: Encoders) -> None:
    store, _ = library
    blind = Toolbox(store, encoders, Finder(store, encoders))
    assert "look_at_frames" not in [name for name, _, _ in blind.described()]
    assert call(blind, "look_at_frames").error == "USAGE"


@pytest.mark.parametrize(("said", "code", "rows"), [("fails", "NO_FRAMES", 0), ("", "", 0), ("dough", "", 1)])
def test_what_eyes_say_is_told(library: Library, encoders: Encoders, said: str, code: str, rows: int) -> None:
    store, _ = library
    result = call(Toolbox(store, encoders, Finder(store, encoders), Looking(said)), "look_at_frames")
    assert (result.error, len(result.rows)) == (code, rows)
    assert bool(result.evidence_ids) == bool(rows)


def test_models_are_told_of_the_tables(tools: Toolbox) -> None:
    told = {name: purpose for name, purpose, _ in tools.described()}
    assert "tracklets" in told["query_tables"]
    assert "start_seconds" in told["query_tables"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("", ["boats.mp4", "pizza.mp4", "taxi.mp4"]),
        ("PIZZA", ["pizza.mp4"]),
        ("%", []),
        ("_", []),
        ("it's", []),
        ("\\", []),
        ("披萨", []),
    ],
)
def test_videos_are_listed_by_a_part_of_their_names(tools: Toolbox, name: str, found: list[str]) -> None:
    result = call(tools, "list_videos", None, name=name)
    assert not result.error
    assert [row["name"] for row in result.rows] == found
    assert result.note == f"{len(found)} of {len(found)} videos"


def test_a_list_says_how_much_is_left_out(tools: Toolbox) -> None:
    assert call(tools, "list_videos", None, limit=2).note == "2 of 3 videos"
    assert [row["name"] for row in call(tools, "list_videos", None, tag="披萨").rows] == ["pizza.mp4"]


def test_tags_cite_what_is_still_there(tools: Toolbox) -> None:
    result = call(tools, "tags_of")
    assert [row["tag"] for row in result.rows] == ["pizza"]
    assert result.evidence_ids == ("utt_pizza_0",)


def test_like_moments_are_others(tools: Toolbox, library: Library) -> None:
    result = call(tools, "similar_moments")
    assert result.call.name == "similar_moments"
    assert library[1]["pizza"] not in {row["video_id"] for row in result.rows}


def test_text_is_read_around_a_time_or_by_words(tools: Toolbox) -> None:
    assert [row["start"] for row in call(tools, "read_text", None, around=3.0, seconds=1.0).rows] == [2.0]
    found = call(tools, "read_text", None, containing="oven")
    assert [row["text"] for row in found.rows] == ["The oven must be at 250 degrees."]
    assert call(tools, "read_text", None, containing="elephant").note == "nothing there"


def test_the_tables_are_asked_within_bounds(library: Library, tools: Toolbox) -> None:
    result = call(tools, "query_tables", None, sql="SELECT name, name FROM videos ORDER BY name", max_rows=2)
    assert len(result.rows) == 2
    assert "left out" in result.note
    assert len(result.rows[0]) == 2
    many = "SELECT a.text || a.text || b.text || b.text FROM transcript AS a, transcript AS b, transcript AS c"
    long = call(tools, "query_tables", None, sql=many, max_rows=200)
    assert sum(len(str(row)) for row in long.rows) < 2 * MOST_CHARACTERS
    assert all(len(cell) <= LONGEST_TEXT for row in long.rows for cell in row.values())


def test_a_long_video_costs_no_more_than_a_short_one(
    tmp_path: Any, encoders: Encoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LibraryStore.open(tmp_path / "library", create=True) as store:
        video_id = add_video(store, encoders, tmp_path / "long.mp4", "imagenet:963", ())
        lines = [Utterance(f"u{i:05d}", Span(i, i + 1, MS), f"word{i} again", "en", 0.9) for i in range(7000)]
        commit(store, video_id, "speech2", StageOutput(records=tuple(lines)))
        page = ScreenText("page", Span(0, 8000, MS), "long page " * 500, 0.9, (0.0, 0.0, 1.0, 1.0))
        commit(store, video_id, "screen_text", StageOutput(records=(page,)))
        tools = Toolbox(store, encoders, Finder(store, encoders), Looking())
        read: list[int] = []
        during = store.catalog.evidence_during

        def noted(*given: Any, **options: Any) -> Any:
            found = during(*given, **options)
            read.append(len(found))
            return found

        monkeypatch.setattr(store.catalog, "evidence_during", noted)
        monkeypatch.setattr(store.catalog, "evidence_of", None)
        for name in ("read_text", "what_is_shown", "video_overview"):
            read.clear()
            result = tools.call(ToolCall(name, {"video": "long.mp4"}))
            assert not result.error, result.note
            assert len(result.evidence_ids) <= MOST_LINES
            assert sum(read) <= 4000
            assert all(len(row.get("text", "")) <= LONGEST_TEXT for row in result.rows)
        overview = tools.call(ToolCall("video_overview", {"video": "long.mp4"}))
        assert max(row.get("start", 0.0) for row in overview.rows) > 6.0  # the end is told, too
        assert "some" in overview.note
