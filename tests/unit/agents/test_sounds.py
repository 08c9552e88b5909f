"""What is heard is found, asked and told: words for sounds in two languages, moments, answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.answering import by_model, by_reader, shown_lines
from agents.chat.answerer import Answerer
from agents.questions.understanding import understand
from agents.search.finder import Finder, Found
from agents.search.scoring import confidence
from agents.search.sounds import worth_of
from agents.sounds import sounds_in
from agents.tagging.rank import ACCEPT
from agents.tagging.recall import SOURCES, Case
from agents.tagging.recall.sounds import sound_source
from agents.tagging.vocabulary import TagVectors
from encoders.bundle import Encoders
from encoders.sound_names import chinese_names
from stores.core.records import CHANNELS, SoundEvent, Span, StageOutput, Tag
from stores.library_store import LibraryStore
from tests.unit.agents.small_library import MS, add_video, commit

HEARD = {
    "choir": ("imagenet:963", (("music", 0, 8000, 0.99), ("singing", 2000, 7000, 0.97))),
    "band": ("imagenet:468", (("music", 1000, 6000, 0.97), ("speech", 6000, 8000, 0.9))),
    "taxi": ("imagenet:468", (("speech", 0, 5000, 0.98),)),
    "boats": ("imagenet:914", (("silence", 0, 8000, 1.0),)),
    "guitar": ("imagenet:546", (("speech", 0, 8000, 0.9),)),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, encoders: Encoders) -> Iterator[LibraryStore]:
    root = tmp_path_factory.mktemp("heard")
    with LibraryStore.open(root / "library", create=True) as opened:
        for name, (concept, sounds) in HEARD.items():
            add_heard(opened, encoders, root / f"{name}.mp4", concept, sounds)
        yield opened


def add_heard(
    store: LibraryStore, encoders: Encoders, path: Path, concept: str, sounds: tuple[tuple[str, int, int, float], ...]
) -> str:
    video_id = add_video(store, encoders, path, concept, ())
    events = tuple(
        SoundEvent(f"snd_{path.stem}_{number}", Span(start, end, MS), sound, chinese_names(sound), sure)
        for number, (sound, start, end, sure) in enumerate(sounds)
    )
    commit(store, video_id, "sound", StageOutput(records=events))
    return video_id


@pytest.fixture(scope="module")
def finder(store: LibraryStore, encoders: Encoders) -> Finder:
    return Finder(store, encoders)


def names(found: Found, finder: Finder) -> list[str]:
    places = [finder._store.catalog.display_uri(one.video_id) for one in found.moments if one.channels.get("sound")]
    return [Path(place).stem for place in places]


@pytest.mark.parametrize(
    ("text", "sounds"),
    [
        ("music", {"music": 1.0}),
        ("who sings", {"singing": 1.0}),
        ("Does anyone sing?", {"singing": 1.0}),
        ("谁在唱歌", {"singing": 1.0}),
        ("有音乐的片段", {"music": 1.0}),
        ("有没有音乐", {"music": 1.0}),
        ("什么时候有音乐", {"music": 1.0}),
        ("a song", {"music": 1.0, "singing": 1.0}),
        ("no sound", {"silence": 1.0}),
        ("没有声音的片段", {"silence": 1.0}),
        ("moments of silence", {"silence": 1.0}),
        ("a woman singing", {"singing": 0.8}),
        ("a singer", {"singing": 1.0}),
        ("a singer on a stage", {}),
        ("穿红裙子的歌手", {}),
        ("people talking", {"speech": 1.0}),
        ("they talk about money", {}),
        ("without music", {}),
        ("there isn't any music", {}),
        ("没有音乐", {}),
        ("the final score", {}),
    ],
)
def test_words_for_sounds_are_understood(encoders: Encoders, text: str, sounds: dict[str, float]) -> None:
    assert sounds_in(text, encoders.concepts.vocabulary) == pytest.approx(sounds)


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("music", {"choir", "band"}), ("音乐", {"choir", "band"}), ("有音乐的片段", {"choir", "band"}),
        ("singing", {"choir"}), ("who sings", {"choir"}), ("唱歌", {"choir"}),
        ("silence", {"boats"}), ("安静的片段", {"boats"}), ("somebody talking", {"band", "taxi", "guitar"}),
    ],
)  # fmt: skip
def test_moments_are_found_by_what_is_heard(finder: Finder, query: str, where: set[str]) -> None:
    found = finder.search(query)
    assert found.verdict == "match"
    assert set(names(found, finder)) == where
    assert "sound" in found.moments[0].channels


def test_the_confidence_of_a_sound_is_the_detectors() -> None:
    for sure in (0.5, 0.6, 0.8, 0.9):
        assert confidence(worth_of(sure)) == pytest.approx(sure, abs=0.001)
    assert worth_of(1.0) == 1.0


def test_a_guitar_is_no_singing(finder: Finder) -> None:
    """A picture tells of no voice where it is known what is heard."""
    found = finder.search("singing")
    assert all("guitar" not in finder._store.catalog.display_uri(one.video_id) for one in found.moments[:1])
    assert finder.search("singing", video_ids=[found.moments[0].video_id]).verdict == "match"


def test_a_sound_that_is_nowhere_is_no_match(finder: Finder, store: LibraryStore) -> None:
    quiet = [store.catalog.resolve(name) for name in ("taxi.mp4", "boats.mp4", "guitar.mp4")]
    assert finder.search("singing", video_ids=quiet).verdict == "no_match"
    assert finder.search("唱歌", video_ids=quiet).verdict == "no_match"


def test_the_explanation_names_the_words_of_a_sound(finder: Finder) -> None:
    found = finder.search("singing", explained=True)
    assert found.explanation is not None
    parts = next(one for one in found.explanation.moments if one.rank == 1).parts
    assert (parts[0].channel, parts[0].kind) == ("sound", "words")
    assert any(one.channel == "sound" for one in found.explanation.sources)


@pytest.mark.parametrize(
    "text",
    [
        "Is there music in it?", "When does somebody sing?", "Who sings?", "How long is there music?", "谁在唱歌？",
        "什么时候有音乐？", "Does anyone talk?", "What can be heard?", "能听到什么？",
    ],
)  # fmt: skip
def test_questions_about_what_is_heard_are_recognised(encoders: Encoders, text: str) -> None:
    assert understand(text, encoders.concepts.vocabulary, encoders).source == "sound"


@pytest.mark.parametrize(
    "text",
    ["What is the song about?", "What does he talk about?", "Who speaks first?", "他们说了什么？", "Why does she sing?",
     "Which song is it?", "What do they say about music?"],
)  # fmt: skip
def test_questions_about_what_is_said_are_not(encoders: Encoders, text: str) -> None:
    assert understand(text, encoders.concepts.vocabulary, encoders).source != "sound"


@pytest.mark.parametrize(
    ("question", "told", "cited"),
    [
        ("Is there music in choir.mp4?", "Yes, there is music (0:00–0:08)", ["snd_choir_0"]),
        ("choir.mp4 里有音乐吗？", "是的，有音乐（0:00–0:08）", ["snd_choir_0"]),
        ("When does somebody sing in choir.mp4?", "Singing (0:02–0:07)", ["snd_choir_1"]),
        ("Who sings?", "choir.mp4: Singing (0:02–0:07)", ["snd_choir_1"]),
        ("谁在唱歌？", "choir.mp4: 唱歌（0:02–0:07）", ["snd_choir_1"]),
        ("How long is there music in band.mp4?", "Music for 5 s in all", ["snd_band_0"]),
        ("What can be heard in band.mp4?", "Music (0:01–0:06); Speech (0:06–0:08)", ["snd_band_0", "snd_band_1"]),
        ("Is there music in boats.mp4?", "Silence (0:00–0:08)", ["snd_boats_0"]),
    ],
)
def test_answers_cite_what_is_heard(
    store: LibraryStore, encoders: Encoders, finder: Finder, question: str, told: str, cited: list[str]
) -> None:
    answer = Answerer(store, encoders, finder=finder).ask(question)
    assert answer.text == told
    assert [one.evidence_id for claim in answer.claims for one in claim.citations] == cited


def test_what_is_not_heard_is_not_claimed(store: LibraryStore, encoders: Encoders, finder: Finder) -> None:
    assert Answerer(store, encoders, finder=finder).ask("Is there music in taxi.mp4?").abstained
    assert Answerer(store, encoders, finder=finder).ask("Does anybody sing in band.mp4?").abstained


def test_tags_that_name_a_sound_are_recalled(store: LibraryStore, encoders: Encoders) -> None:
    tags = [
        Tag("t1", "Singing", "how", ("唱歌",), "", ""), Tag("t2", "music", "how", (), "", ""),
        Tag("t3", "音乐会", "what", (), "", ""), Tag("t4", "sailboat", "object", (), "", ""),
        Tag("t5", "无声", "how", (), "", ""),
    ]  # fmt: skip
    vectors = TagVectors(tags, encoders)

    def recalled(name: str) -> dict[str, tuple[float, tuple[str, ...]]]:
        case = Case(store.catalog.resolve(name), store, encoders, vectors)
        return {one.tag_id: (one.probability, one.evidence_ids) for one in sound_source(case)}

    choir = recalled("choir.mp4")
    assert choir["t1"] == (pytest.approx(0.97), ("snd_choir_1",))
    assert choir["t2"][0] == pytest.approx(0.97)
    assert 0.05 < choir["t3"][0] < 0.15, "most music is no concert"
    assert set(choir) == {"t1", "t2", "t3"}
    assert set(recalled("boats.mp4")) == {"t5"}
    assert recalled("taxi.mp4") == {}
    assert "sound" in SOURCES


def test_the_melody_of_an_instrument_is_no_song(tmp_path: Path, encoders: Encoders) -> None:
    """The detector hears it as sung, only not as surely."""
    tags = TagVectors([Tag("t1", "singing"), Tag("t2", "music")], encoders)
    heard = (("music", 0, 8000, 0.99), ("singing", 1000, 7000, 0.93))
    with LibraryStore.open(tmp_path / "library", create=True) as opened:
        video_id = add_heard(opened, encoders, tmp_path / "flute.mp4", "imagenet:558", heard)
        found = {one.tag_id: one.probability for one in sound_source(Case(video_id, opened, encoders, tags))}
    assert found["t1"] < ACCEPT < found["t2"]


def test_every_channel_has_a_word_in_prompts() -> None:
    for how in (by_model._HOW, by_reader._HOW):
        assert set(how) == set(CHANNELS)
    assert {one for _, channels in shown_lines._SECTIONS for one in channels} == set(CHANNELS)
