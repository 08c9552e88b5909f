import io

import pytest
from rich.console import Console

from kinodex.cli.render import evaluation as render_evaluation
from kinodex.cli.render import results as render

HOSTILE = "[red]not markup[/red] \x1b[31m\x1b]0;owned\x07 caf\udce9"


@pytest.fixture
def console():
    return Console(file=io.StringIO(), markup=False, highlight=False, emoji=False, width=160)


def shown(console: Console) -> str:
    return console.file.getvalue()


def found(verdict: str, indexed: int, known: int, results: list) -> dict:
    state = "empty" if not indexed else "complete" if indexed == known else "partial"
    return {
        "query": "x",
        "verdict": verdict,
        "index": {
            "state": state,
            "videos_indexed": indexed,
            "videos_known": known,
            "videos_former": 0,
            "videos_unserved": 0,
        },
        "results": results,
    }


MOMENT = {
    "rank": 1,
    "video_id": "vid_1",
    "uri": "/films/it's [bold].mp4",
    "start": 61.2,
    "end": 70.0,
    "score": 0.8,
    "channels": {"speech": 0.5},
    "text": HOSTILE,
    "thumbnail": "",
    "also": [],
}


def test_a_match_says_where_and_how_to_open_it(console):
    render.search(console, found("match", 2, 2, [MOMENT]))
    text = shown(console)
    assert "1:01.2" in text
    assert "it's [bold].mp4" in text
    assert "--start=61.2 '/films/it'\"'\"'s [bold].mp4'" in text


def test_words_of_a_video_are_data(console):
    render.search(console, found("match", 2, 2, [MOMENT]))
    text = shown(console)
    assert "[red]not markup[/red]" in text
    assert "\x1b" not in text
    assert "caf\\xe9" in text


def test_no_match_not_indexed_and_partly_indexed_differ(console):
    texts = []
    for payload in (found("no_match", 2, 2, []), found("no_match", 0, 2, []), found("no_match", 1, 2, [])):
        one = Console(file=io.StringIO(), width=160)
        render.search(one, payload)
        texts.append(shown(one))
    assert "No match in 2" in texts[0]
    assert "Nothing is indexed yet" in texts[1]
    assert "Partly indexed: 1 of 2" in texts[2]


def test_nothing_measured_is_a_dash(console):
    nothing = {"precision": None, "recall": None, "f1": None, "accepted": 0, "right": 0, "expected": 0, "given": 0}
    render_evaluation.evaluation(
        console,
        {
            "clips": {"annotated": 1, "missing": []},
            "retrieval": {
                "overall": {"queries": 0, "recall_at_1": None, "recall_at_5": None, "mrr": None},
                "by_language": {},
            },
            "tagging": {"overall": nothing, "by_facet": {}},
            "answers": dict.fromkeys(
                ("right", "answerable", "valid_citations", "citations", "abstained", "unanswerable"), 0
            ),
        },
    )
    assert "–" in shown(console)
    assert "0.0 %" not in shown(console)


def test_accepted_tags_show_their_reason_and_the_rest_is_counted(console):
    tag = {"tag_id": "t1", "name": HOSTILE, "facet": "who", "confidence": 0.9, "recalled_by": ["picture"]}
    line = {"evidence_id": "lbl_1", "start": 3.0, "end": 4.0, "channel": "speech", "text": "hello"}
    render.decisions(
        console,
        {
            "videos": [
                {
                    "video_id": "vid_1",
                    "uri": "/a/b.mp4",
                    "decisions": [
                        {**tag, "decision": "accepted", "evidence": [line]},
                        {**tag, "decision": "abstained", "evidence": []},
                    ],
                }
            ]
        },
    )
    text = shown(console)
    assert "0:03.0" in text
    assert "speech: hello" in text
    assert "1 abstained" in text


def test_a_budget_that_stopped_a_run_is_named_with_the_way_on(console):
    totals = {"inputs": 3, "done": 1, "failed": 0, "filtered": 0, "quarantined": 0, "postponed": 2, "reused": 0}
    render.ingest(
        console,
        {
            "videos": [{"status": "postponed", "uri": "/a.mp4", "error": None}],
            "totals": {**totals, "media_seconds": 0, "wall_seconds": 1.0, "speed": 0.0},
            "stopped": "the budget of 1 s would be exceeded",
            "skipped": [],
            "report": "/lib/reports/run-000001.json",
        },
    )
    text = shown(console)
    assert "1 done, 2 postponed" in text
    assert "2 inputs are left for another run; run the same command to go on" in text
    assert "report: /lib/reports/run-000001.json" in text
    assert "/a.mp4" not in text


@pytest.mark.parametrize("verbose", [False, True])
def test_files_that_are_no_videos_are_counted_and_named_on_demand(console, verbose):
    totals = {"inputs": 1, "done": 1, "failed": 0, "filtered": 0, "quarantined": 0, "postponed": 0, "reused": 0}
    totals |= {"media_seconds": 0, "wall_seconds": 1.0, "speed": 0.0}
    skipped = ["/films/notes.txt", "/films/cover.jpg"]
    payload = {"videos": [], "totals": totals, "stopped": "", "report": None, "skipped": skipped}
    render.ingest(console, payload, verbose)
    text = shown(console)
    assert "skipped 2 files without a video extension" in text
    assert ("/films/cover.jpg" in text) == verbose
    assert ("--verbose" in text) != verbose


def test_the_background_is_not_shown_among_what_was_found(console):
    lines = [
        {"start": 0.0, "end": 1.0, "channel": "object", "text": text, "confidence": 1.0, "speaker": ""}
        for text in ("background", "dog")
    ]
    video = {
        "video_id": "vid_1",
        "uri": "/a.mp4",
        "uris": ["/a.mp4"],
        "status": "done",
        "error": None,
        "stages": {"probe": "done"},
        "media": None,
        "tags": [],
        "evidence": lines,
    }
    render.show(console, video)
    assert "dog" in shown(console)
    assert "background" not in shown(console)


def test_a_count_of_nothing_cites_nothing_and_tells_in_words_where_it_is_from(console):
    claim = {"text": "0 boats", "citations": [], "basis": "computed", "value": "0", "sql": "SELECT COUNT(*) FROM boats"}
    render.answer(console, {"answer": "0 boats", "abstained": False, "mode": "extractive", "claims": [claim]})
    assert "looked up in the library's records of: boats" in shown(console)
    assert "SELECT" not in shown(console), "a query is for those who ask for it: --json"
    assert "mpv" not in shown(console)


def test_a_moment_that_several_claims_cite_is_listed_once_and_without_an_empty_quote(console):
    citation = {"uri": "/films/a.mp4", "start": 0.0, "end": 25.0, "channel": "object", "quote": ""}
    claims = [{"text": text, "citations": [citation], "sql": ""} for text in ("a.mp4 is the longest", "a.mp4: 25 s")]
    render.answer(console, {"answer": "a", "abstained": False, "mode": "extractive", "claims": claims})
    assert shown(console).count("0:00.0–0:25.0 a.mp4 (object)\n") == 1
    assert "“”" not in shown(console)
