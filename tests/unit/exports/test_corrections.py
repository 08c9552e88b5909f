"""What a person wrote wins: in search by words and meaning, in exports, after an ingest; and can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from encoders.bundle import Encoders
from encoders.spaces import collections
from kinodex.exports.subtitles import srt
from kinodex.usecases.exchange.correcting import correct, renew
from kinodex.usecases.exchange.exporting import lines_of
from kinodex.usecases.exchange.importing import ImportOptions, import_file
from stores.core.errors import StoreError, UsageError
from stores.core.records import ScreenText, Span, StageKey, StageOutput, Utterance, VectorItem
from stores.corrections.records import NewText
from stores.ledger import Attempt
from stores.library_store import LibraryStore
from stores.maintenance.amending import amend, waiting
from stores.maintenance.forget import forget
from stores.maintenance.rebuild import rebuild_index
from stores.maintenance.verify import verify
from tests.unit.agents.small_library import MS, add_video

SAID = ("The weather is nice in Lundun.", "We take the bus.", "A cat sleeps on the roof.")


@pytest.fixture(scope="module")
def encoders() -> Iterator[Encoders]:
    with Encoders.open("embedded") as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LibraryStore]:
    with LibraryStore.open(tmp_path / "library", create=True) as opened:
        yield opened


def commit(store: LibraryStore, video_id: str, stage: str, output: StageOutput, fingerprint: str = "fp2") -> None:
    store.ledger.reset(video_ids=[video_id], stages=[stage], statuses=["done"])
    attempt = store.ledger.begin(StageKey(video_id, stage, fingerprint), "test")
    assert isinstance(attempt, Attempt)
    store.commit(attempt, output)


def spoken(*lines: tuple[str, int, int, str]) -> StageOutput:
    return StageOutput(
        records=tuple(Utterance(name, Span(start, end, MS), text, "en", 0.4) for name, start, end, text in lines)
    )


@pytest.fixture
def video(store: LibraryStore, encoders: Encoders, tmp_path: Path) -> str:
    """A video with three lines, of which the first two have one vector; and two lines on the screen at one time."""
    video_id = add_video(store, encoders, tmp_path / "a.mp4", "imagenet:963", ())
    commit(store, video_id, "speech", spoken(*((f"utt_{n}", n * 2000, n * 2000 + 1900, s) for n, s in enumerate(SAID))))
    shown = (
        ScreenText("txt_0", Span(0, 2000, MS), "HOTEL", 0.9, (0.1, 0.1, 0.2, 0.2)),
        ScreenText("txt_1", Span(0, 2000, MS), "Exit 5", 0.9, (0.5, 0.5, 0.6, 0.6)),
    )
    commit(store, video_id, "screentext", StageOutput(records=shown))
    commit_vectors(store, encoders, video_id, " ".join(SAID[:2]), SAID[2])
    return video_id


def commit_vectors(store: LibraryStore, encoders: Encoders, video_id: str, first: str, second: str) -> None:
    space = collections(encoders).text
    texts = [("utt_0", first, "speech", 0, 3900), ("utt_2", second, "speech", 4000, 5900)]
    vectors = encoders.text.encode_passages([text for _, text, _, _, _ in texts])
    items = tuple(
        VectorItem(space, f"fp2:{name}:t", vector, Span(start, end, MS), channel, "", name)  # type: ignore[arg-type]
        for (name, _, channel, start, end), vector in zip(texts, vectors, strict=True)
    )
    commit(store, video_id, "vectors", StageOutput(vectors=items))


def likeness(store: LibraryStore, encoders: Encoders, text: str) -> dict[str, float]:
    query = encoders.text.encode_queries([text])[0]
    hits = store.vectors.query(collections(encoders).text, query, 10)
    return {hit.evidence_id: hit.similarity for hit in hits}


def texts(store: LibraryStore, video_id: str) -> dict[str, str]:
    return {line.evidence_id: line.text for line in lines_of(store, video_id)}


def test_a_correction_is_found_by_words_and_meaning_and_the_recognised_no_more(
    store: LibraryStore, encoders: Encoders, video: str
) -> None:
    before = likeness(store, encoders, "a helicopter lands")
    done = correct(store, lambda: encoders, [NewText(video, "utt_2", "A helicopter lands on the tower.")], "Ann")
    assert (done.changed, done.unchanged) == (1, 0)
    assert [hit.evidence_id for hit in store.fulltext.search("helicopter", 5)] == ["utt_2"]
    assert store.fulltext.search("cat sleeps", 5) == []
    after = likeness(store, encoders, "a helicopter lands")
    assert after["utt_2"] > before["utt_2"] + 0.05
    assert after["utt_0"] == pytest.approx(before["utt_0"])
    (line,) = [one for one in lines_of(store, video) if one.evidence_id == "utt_2"]
    assert (line.text, line.corrected, line.confidence) == ("A helicopter lands on the tower.", True, 1.0)
    assert not verify(store, deep=True).problems


def test_a_vector_of_several_lines_is_made_of_all_of_them(store: LibraryStore, encoders: Encoders, video: str) -> None:
    correct(store, lambda: encoders, [NewText(video, "utt_1", "We take the ferry.")])
    wanted = encoders.text.encode_passages([f"{SAID[0]} We take the ferry."])[0]
    space = collections(encoders).text
    assert store.vectors.values(space, ["fp2:utt_0:t"])["fp2:utt_0:t"] == pytest.approx(wanted, abs=1e-5)
    assert not waiting(store.engine)
    rebuild_index(store)
    assert store.vectors.values(space, ["fp2:utt_0:t"])["fp2:utt_0:t"] == pytest.approx(wanted, abs=1e-5)


def test_the_same_again_changes_nothing_and_versions_are_kept(
    store: LibraryStore, encoders: Encoders, video: str
) -> None:
    for text, changed in (("London is nice.", 1), ("London is  nice. ", 0), ("London is lovely.", 1), (SAID[2], 1)):
        done = correct(store, lambda: encoders, [NewText(video, "utt_0" if text != SAID[2] else "utt_1", text)], "Ann")
        assert done.changed == changed
    kept = [(one.text, one.version, one.state, one.original) for one in store.corrections.of_video(video)]
    assert kept == [
        ("London is nice.", 1, "superseded", SAID[0]),
        ("London is lovely.", 2, "active", SAID[0]),
        (SAID[2], 1, "active", SAID[1]),
    ]


def test_it_can_be_taken_back_with_its_vector_and_confidence(
    store: LibraryStore, encoders: Encoders, video: str
) -> None:
    before = likeness(store, encoders, "bus")
    correct(store, lambda: encoders, [NewText(video, "utt_1", "We take a spaceship to the moon.")])
    assert likeness(store, encoders, "bus")["utt_0"] != pytest.approx(before["utt_0"], abs=1e-3)
    done = correct(store, lambda: encoders, [NewText(video, "utt_1", None)])
    assert done.changed == 1
    assert likeness(store, encoders, "bus")["utt_0"] == pytest.approx(before["utt_0"], abs=1e-4)
    (line,) = [one for one in lines_of(store, video) if one.evidence_id == "utt_1"]
    assert (line.text, line.corrected, line.confidence) == (SAID[1], False, 0.4)
    assert correct(store, lambda: encoders, [NewText(video, "utt_1", None)]).changed == 0
    # Writing what was recognised is taking it back, too.
    correct(store, lambda: encoders, [NewText(video, "utt_1", "x")])
    correct(store, lambda: encoders, [NewText(video, "utt_1", SAID[1])])
    assert [one.state for one in store.corrections.of_video(video)] == ["revoked", "revoked"]


def test_it_is_all_or_nothing(store: LibraryStore, encoders: Encoders, video: str) -> None:
    unseen = [NewText(video, "utt_1", text) for text in ("\u202e", "\u2060 \u200b", "\u00a0")]
    for bad in (
        NewText(video, "utt_9", "x"),
        NewText(video, "utt_1", " \n"),
        NewText(video, "utt_1", "x" * 5000),
        *unseen,
    ):
        with pytest.raises(UsageError):
            correct(store, lambda: encoders, [NewText(video, "utt_0", "new"), bad])
    assert texts(store, video)["utt_0"] == SAID[0]
    with pytest.raises(UsageError, match="no line"):
        correct(store, lambda: encoders, [NewText("vid_other", "utt_0", "new")])


def test_it_outlives_the_same_and_a_newer_recogniser(store: LibraryStore, encoders: Encoders, video: str) -> None:
    correct(store, lambda: encoders, [NewText(video, "utt_0", "The weather is nice in London.")])
    commit(store, video, "speech", spoken(*((f"utt_{n}", n * 2000, n * 2000 + 1900, s) for n, s in enumerate(SAID))))
    assert texts(store, video)["utt_0"] == "The weather is nice in London."
    newer = spoken(
        ("utt_a", 100, 1800, "The weather is nice in Lundin"), ("utt_b", 2000, 5900, "We take the bus. A cat")
    )
    commit(store, video, "speech", newer, "fp3")
    assert texts(store, video)["utt_a"] == "The weather is nice in London."
    assert [hit.evidence_id for hit in store.fulltext.search("London", 5)] == ["utt_a"]
    (kept,) = store.corrections.of_video(video)
    assert (kept.evidence_id, kept.original, kept.state) == ("utt_a", "The weather is nice in Lundin", "active")
    # A recogniser that hears nothing there: the correction waits until another one does.
    commit(store, video, "speech", spoken(("utt_b", 2000, 5900, "We take the bus.")), "fp4")
    assert texts(store, video)["utt_b"] == "We take the bus."
    commit(store, video, "speech", newer, "fp3")
    assert texts(store, video)["utt_a"] == "The weather is nice in London."
    correct(store, lambda: encoders, [NewText(video, "utt_a", None)])
    assert texts(store, video)["utt_a"] == "The weather is nice in Lundin"


def test_lines_at_one_time_on_a_screen_are_told_apart(store: LibraryStore, encoders: Encoders, video: str) -> None:
    correct(store, lambda: encoders, [NewText(video, "txt_1", "Exit 6")])
    shown = (
        ScreenText("txt_c", Span(0, 2000, MS), "HOTEL1", 0.9, (0.1, 0.1, 0.2, 0.2)),
        ScreenText("txt_d", Span(0, 2100, MS), "Exit S", 0.9, (0.5, 0.5, 0.6, 0.6)),
    )
    commit(store, video, "screentext", StageOutput(records=shown), "fp3")
    assert {key: text for key, text in texts(store, video).items() if key[:3] == "txt"} == {
        "txt_c": "HOTEL1",
        "txt_d": "Exit 6",
    }


@pytest.mark.parametrize("kind", ["speech", "screen"])
def test_a_transcript_without_names_is_of_the_lines_that_it_says(
    store: LibraryStore, encoders: Encoders, video: str, kind: str
) -> None:
    data = srt([line for line in lines_of(store, video) if line.kind == kind])
    made = import_file(store, lambda: encoders, "x.srt", data.encode(), ImportOptions(video))
    assert made.unchanged == data.count("-->")
    assert not made.faulty


def test_an_ingest_that_made_vectors_of_what_was_recognised_is_mended(
    store: LibraryStore, encoders: Encoders, video: str
) -> None:
    correct(store, lambda: encoders, [NewText(video, "utt_2", "A helicopter lands on the tower.")])
    after = likeness(store, encoders, "a helicopter lands")["utt_2"]
    commit_vectors(store, encoders, video, " ".join(SAID[:2]), SAID[2])
    assert likeness(store, encoders, "a helicopter lands")["utt_2"] < after - 0.05
    assert waiting(store.engine) == [video]
    assert renew(store, lambda: encoders) == 1
    assert likeness(store, encoders, "a helicopter lands")["utt_2"] == pytest.approx(after, abs=1e-4)
    assert renew(store, lambda: encoders) == 0


def test_an_interruption_between_text_and_vector_is_made_up_for(
    store: LibraryStore, encoders: Encoders, video: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise StoreError("VECTOR_STORE_FAILED", "gone")

    with monkeypatch.context() as patched:
        patched.setattr(store.vectors, "upsert", broken)
        correct(store, lambda: encoders, [NewText(video, "utt_2", "A helicopter lands on the tower.")])
    assert texts(store, video)["utt_2"] == "A helicopter lands on the tower."
    assert waiting(store.engine) == [video]
    assert not verify(store, deep=True).problems
    assert renew(store, lambda: encoders) == 1
    assert not verify(store, deep=True).problems


def test_a_forgotten_video_takes_its_corrections_along(store: LibraryStore, encoders: Encoders, video: str) -> None:
    correct(store, lambda: encoders, [NewText(video, "utt_2", "Secret.")])
    forget(store, [video])
    assert store.corrections.of_video(video) == []


def test_it_is_known_which_lines_a_person_wrote(store: LibraryStore, encoders: Encoders, video: str) -> None:
    amend(store, [NewText(video, "utt_0", "London")], "")
    assert store.corrections.corrected(["utt_0", "utt_1"]) == {"utt_0"}
