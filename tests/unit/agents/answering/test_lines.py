from __future__ import annotations

from fractions import Fraction

import pytest

from agents.answering import lines
from agents.answering.from_text import draft_from_text
from agents.answering.lines import gather, rank_lines
from agents.questions.understanding import understand
from encoders.bundle import Encoders
from encoders.spaces import collections
from stores.core.records import ScreenText, Span, StageOutput, Utterance, VectorItem, Video
from stores.library_store import LibraryStore
from stores.lines_at_hand import boxes_of, lines_around
from tests.unit.agents.answering.spoken_and_read import line, ranked, said, together, written
from tests.unit.agents.small_library import commit

MS = Fraction(1, 1000)
HOURS = 3


@pytest.fixture(scope="module")
def long_video(tmp_path_factory: pytest.TempPathFactory, encoders: Encoders) -> tuple[LibraryStore, str]:
    """Three hours of talk in which a price is said once, after the thing that it is of."""
    root = tmp_path_factory.mktemp("long")
    store = LibraryStore.open(root / "library", create=True)
    path = root / "long.mp4"
    path.write_text("long")
    video_id = store.catalog.register(path, "ab" * 32, 4, 1)
    length = HOURS * 3_600_000
    video = Video(video_id, "ab" * 32, 1, length, MS, 0, 640, 360, 0, Fraction(25), False, "h264", "aac", "mp4")
    commit(store, video_id, "probe", StageOutput(video=video))
    texts = [f"And then we talked about subject number {n}." for n in range(3600)]
    texts[1800:1803] = ["Look at this canoe.", "It costs nine hundred euros.", "We will paddle tomorrow."]
    spoken = [
        Utterance(f"utt_{n}", Span(n * 3000, n * 3000 + 2800, MS), text, "en", 0.9) for n, text in enumerate(texts)
    ]
    commit(store, video_id, "speech", StageOutput(records=tuple(spoken)))
    read = [
        ScreenText("scr_name", Span(0, 4000, MS), "Ida Moreau", 0.9, (0.1, 0.7, 0.3, 0.76)),
        ScreenText("scr_role", Span(0, 4000, MS), "Head of Rivers", 0.9, (0.1, 0.78, 0.35, 0.82)),
    ]
    commit(store, video_id, "screentext", StageOutput(records=tuple(read)))
    chosen: list[Utterance | ScreenText] = [*spoken[1795:1806], *read]
    vectors = encoders.text.encode_passages([one.text for one in chosen])
    items = tuple(
        VectorItem(
            collections(encoders).text,
            f"fp-vectors:{one.evidence_id}:t",
            vector,
            one.span,
            "speech" if isinstance(one, Utterance) else "screen",
            evidence_id=one.evidence_id,
        )
        for one, vector in zip(chosen, vectors, strict=True)
    )
    commit(store, video_id, "vectors", StageOutput(vectors=items))
    return store, video_id


def test_a_long_video_is_read_around_what_matters_only(
    long_video: tuple[LibraryStore, str], encoders: Encoders
) -> None:
    store, _ = long_video
    question = understand("How much does the canoe cost?")
    gathered = gather(question, store, encoders)
    assert {"utt_1800", "utt_1801"} <= {one.evidence_id for one in gathered.lines}
    most = 2 * lines.MOST_HITS + 3 * lines.MOST_PLACES * lines.MOST_AROUND
    assert len(gathered.lines) <= most / 4
    best = rank_lines(question, gathered, encoders)
    assert "nine hundred euros" in best[0].unit.text or "nine hundred euros" in best[1].unit.text
    (claim,) = draft_from_text(question, best, encoders)
    assert "nine hundred euros" in claim.text
    assert [citation.evidence_id for citation in claim.citations] == ["utt_1801"]


def test_a_name_and_the_role_below_it_are_gathered_with_their_places(
    long_video: tuple[LibraryStore, str], encoders: Encoders
) -> None:
    store, _ = long_video
    question = understand("Who is the head of rivers?")
    gathered = gather(question, store, encoders)
    assert gathered.boxes["scr_name"] == (0.1, 0.7, 0.3, 0.76)
    (claim,) = draft_from_text(question, rank_lines(question, gathered, encoders), encoders)
    assert "Ida Moreau" in claim.text


def test_only_videos_that_may_be_cited_are_gathered(long_video: tuple[LibraryStore, str], encoders: Encoders) -> None:
    store, _ = long_video
    question = understand("How much does the canoe cost?")
    assert gather(question, store, encoders, video_ids=["vid_of_nobody"]).lines == ()


def test_lines_around_a_span_are_bounded_and_in_order(long_video: tuple[LibraryStore, str]) -> None:
    store, video_id = long_video
    found = lines_around(store, video_id, Span(5_400_000, 5_406_000, MS), ("speech",), 10)
    assert [one.evidence_id for one in found] == ["utt_1800", "utt_1801"]
    assert len(lines_around(store, video_id, Span(0, 10_000_000, MS), ("speech",), 10)) == 10
    assert boxes_of(store, ["utt_1800", "scr_role", "nothing"]) == {"scr_role": (0.1, 0.78, 0.35, 0.82)}


def test_a_line_with_the_kind_of_thing_asked_for_comes_before_one_that_repeats_the_question(encoders: Encoders) -> None:
    lines_ = said("What does the tent cost?", "I love this tent.", "Now only 49 dollars.", "The weather is fine.")
    best = ranked("How much does the tent cost?", lines_, encoders)
    assert "Now only 49 dollars." in [one.unit.text for one in best[:2]]
    assert best[-1].unit.text == "The weather is fine."


def test_the_channel_that_the_question_names_comes_first(encoders: Encoders) -> None:
    mixed = together(said("The lake opens in May."), written("The lake opens in May"))
    assert ranked("What is written about the lake?", mixed, encoders)[0].unit.channel == "screen"
    assert ranked("What does she say about the lake?", mixed, encoders)[0].unit.channel == "speech"


def test_neighbours_are_the_nearest_sentences_first(encoders: Encoders) -> None:
    best = ranked(
        "What is the rope for?", said("One.", "Two.", "The rope is for the sail.", "Four.", "Five."), encoders
    )
    assert best[0].unit.text == "The rope is for the sail."
    assert [one.text for one in best[0].before] == ["Two.", "One."]
    assert [one.text for one in best[0].after] == ["Four.", "Five."]


def test_far_sentences_are_no_neighbours(encoders: Encoders) -> None:
    best = ranked("What is the rope for?", [line("The rope is for the sail.", 0), line("It is red.", 60)], encoders)
    assert best[0].after == ()


def test_nothing_is_ranked_of_nothing(encoders: Encoders) -> None:
    assert ranked("What is the rope for?", [], encoders) == []
