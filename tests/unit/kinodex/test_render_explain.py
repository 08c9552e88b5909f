import io
from fractions import Fraction

import pytest
from rich.console import Console

from agents.search.explanation import CandidateOutcome, Explanation, Gap, Part, Scale, Source
from kinodex.cli.render import explain as render_explain
from kinodex.schemas.explain import explanation
from stores.core.records import Span

MODEL, WORDS = "conse-lite2-e5@9656183e-8962b274", "whisper-base@d01c3014"
HOSTILE = "/films/[red]x\x1b[31m.mp4"


def outcome(video_id: str, outcome: str, rank: int, reason: str, *parts: Part) -> CandidateOutcome:
    ratio = sum(part.worth for part in parts)
    return CandidateOutcome(video_id, "clp", Span(0, 4000, Fraction(1, 1000)), outcome, rank, reason, ratio, 0.7, parts)


@pytest.fixture
def payload() -> dict:
    seen, said = Part("picture", "vectors", MODEL, 0.6, 0.6), Part("speech", "words", WORDS, 0.4, 0.4)
    why = Explanation(
        threshold=0.5,
        match_ratio=0.65,
        steepness=8.0,
        weights={"picture": 1.0},
        scales=(Scale("picture-x", 0.01, 0.08, 6.3), Scale("text-x", 0.01, 0.08, 6.3)),
        sources=(
            Source("picture", "vectors", MODEL, "e5-small-q4@1571fc98", "picture-x", 12, 3, False),
            Source("picture", "vectors", "older@1", "e5-small-q4@1571fc98", "picture-y", 2, 1, True),
            Source("speech", "words", WORDS, "", "speech", 7, 2, False),
        ),
        gaps=(
            Gap("vid_4", "all", "not_indexed", "DECODE_FAILED: not one picture"),
            *(Gap(f"vid_{number}", "text", "nothing_found") for number in range(5)),
        ),
        moments=(
            outcome("vid_1", "shown", 1, "", seen, said),
            outcome("vid_2", "merged", 1, "shows the same as a better one", seen),
            outcome("vid_3", "left_out", 0, "below the -k limit", said),
        ),
        remarks=("itm: looked at 2 of 3 moments",),
    )
    return explanation(why, {"vid_1": "/films/one.mp4", "vid_2": HOSTILE, "vid_4": "/films/four.mp4"}).payload()


def test_scripts_get_every_part_with_its_model_and_share(payload):
    shown, merged, left_out = payload["moments"]
    assert shown["parts"] == [
        {"channel": "picture", "kind": "vectors", "model": MODEL, "worth": 0.6, "share": 0.6},
        {"channel": "speech", "kind": "words", "model": WORDS, "worth": 0.4, "share": 0.4},
    ]
    assert (shown["start"], shown["end"], shown["uri"]) == (0.0, 4.0, "/films/one.mp4")
    assert (merged["outcome"], merged["rank"]) == ("merged", 1)
    assert (left_out["outcome"], left_out["rank"]) == ("left_out", 0)
    by_reason = {group["reason"]: group for group in payload["not_searched"]}
    assert by_reason["not_indexed"]["videos"] == [
        {"video_id": "vid_4", "uri": "/films/four.mp4", "detail": "DECODE_FAILED: not one picture"}
    ]
    assert len(by_reason["nothing_found"]["videos"]) == 5
    assert payload["calibration"]["steepness"] == 8.0


def test_people_read_it_in_80_columns(payload):
    console = Console(file=io.StringIO(), markup=False, highlight=False, emoji=False, width=80)
    render_explain.explanation(console, payload)
    text = console.file.getvalue()
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "\x1b" not in text
    words = " ".join(text.split())
    assert "picture vectors +0.60 60 %" in words
    assert "speech words +0.40 40 %" in words
    assert "shows the same as a better one (number 1)" in words
    assert "[red]x.mp4" in words
    assert f"{MODEL} 12 3" in words
    assert "older@1, a former model 2 1" in words
    assert "not searched: four.mp4: not indexed" in words
    assert "DECODE_FAILED: not one picture" in words
    assert "and 2 more" in words
    assert words.count("the query's similarity to all known concepts: mean 0.010, standard deviation 0.080") == 1
    assert "itm: looked at 2 of 3 moments" in words
