"""What somebody does, by what is seen and heard together: with made-up evidence, by each kind of sign."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import pytest

from agents.tagging.graph import Tagger
from agents.tagging.rank import ABSTAIN, ACCEPT
from agents.tagging.recall import Case, Recalled, counted_once
from agents.tagging.recall.activities import activity_source
from agents.tagging.recall.activities.source import TELLING
from agents.tagging.recall.activities.stances import Box, astride, at_head, in_hand, near, on, walks
from agents.tagging.recall.seen import LINES, Seen, seen_of
from agents.tagging.reverse import videos_for
from agents.tagging.vocabulary import TagVectors
from encoders.bundle import Encoders
from encoders.situations.activities import STANCES, activities, activities_of_things, things_done_with
from stores.core.records import Evidence, Span, SpeakerTurn, StageOutput, Tag, Tracklet
from stores.library_store import LibraryStore
from stores.people.seen import SeenFace, SeenFaces, SeenPerson
from stores.tags.recall.seen import SeenLabel, SeenThings, SeenTracklet, SeenTurn
from tests.unit.agents.small_library import MS, add_video, commit

MINUTE = 600
PERSON, BICYCLE, CAR, LIGHT, BOWL, CAKE, SKATEBOARD, PHONE, BALL, TABLE = (
    f"coco:{number}" for number in (1, 2, 3, 10, 51, 61, 41, 77, 37, 67)
)
GUITAR, STOVE, PIZZA, CANDLE, MIRROR, MICROPHONE, STAGE, SUIT = (
    f"imagenet:{number}" for number in (402, 827, 963, 470, 475, 650, 819, 834)
)
SOMEBODY = (PERSON, 0.9, (0.4, 0.1, 0.6, 0.8))
NAMES = (
    *("guitar playing", "弹吉他", "cycling", "skateboarding", "cooking", "driving", "birthday party", "phone call"),
    *("conversation", "interview", "public speaking", "playing ball", "elephant"),
)

Thing = tuple[str, float, tuple[float, float, float, float]]


@pytest.fixture(scope="module")
def vectors(encoders: Encoders) -> TagVectors:
    return TagVectors([Tag(name, name, "") for name in NAMES], encoders)


class _Shown(Seen):
    def boxes(self, concepts: Any) -> dict[str, Any]:
        return {one: boxes for one, (concept, boxes) in self.kept["where"].items() if concept in concepts}


@pytest.fixture
def told(vectors: TagVectors, encoders: Encoders) -> Any:
    """What the source says of a video of a minute, whose objects are seen all the time at one place."""

    def ask(*objects: Thing, seen: tuple[str, ...] = (), sure: float = 0.6, **parts: Any) -> dict[str, Recalled]:
        there = _Shown("vid", cast(LibraryStore, None), encoders)
        named = [(f"{concept} {number}", concept, one, box) for number, (concept, one, box) in enumerate(objects)]
        tracks = [SeenTracklet(name, concept, one, 0, MINUTE) for name, concept, one, _ in named]
        labels = tuple(SeenLabel(concept, f"clip {number}", concept, sure) for number, concept in enumerate(seen))
        heard = [
            Evidence(one, "vid", Span(0, MINUTE, Fraction(1, 10)), "sound", one, one, 0.9)
            for one in parts.pop("heard", ())
        ]
        lines: dict[str, list[Any]] = {channel: [] for channel in LINES} | {"sound": heard}
        whole = SeenTracklet("scene", "background", 1.0, 0, MINUTE)
        things = SeenThings(labels, (*tracks, whole))
        there.__dict__.update({"clips": 3, "things": things, "lines": lines, "faces": SeenFaces(), "turns": ()} | parts)
        there.kept["where"] = {name: (concept, [(at, *box) for at in (0, 300)]) for name, concept, _, box in named}
        case = Case("vid", cast(LibraryStore, None), encoders, vectors, there)
        return {word.tag_id: word for word in activity_source(case)}

    return ask


def test_an_instrument_is_played_if_somebody_is_seen_and_music_is_to_be_heard(told: Any) -> None:
    found = told(SOMEBODY, seen=(GUITAR,), heard=("music",))
    assert found["guitar playing"].probability == found["弹吉他"].probability > 0.7
    assert found["guitar playing"].why == "acoustic guitar seen, music to be heard, a person seen"
    assert found["guitar playing"].evidence_ids == (GUITAR, "music", f"{PERSON} 0")
    assert told(SOMEBODY, seen=(GUITAR,))["guitar playing"].probability < ACCEPT, "nothing is to be heard"
    assert told(seen=(GUITAR,), heard=("music",))["guitar playing"].probability < ABSTAIN, "nobody is seen"
    assert "guitar playing" not in told(SOMEBODY, heard=("music",)), "there is no guitar"


def test_things_alone_are_less_than_a_person_is_asked_about(told: Any) -> None:
    found = told(seen=(GUITAR, STOVE, PIZZA, MIRROR, CANDLE), sure=1.0)
    assert max(word.probability for tag, word in found.items() if tag != "driving") < ABSTAIN
    assert found["driving"].probability < ACCEPT, "which nobody need be seen for"
    assert told() == {}


def test_who_is_astride_a_bicycle_rides_it(told: Any) -> None:
    bicycle = (BICYCLE, 0.8, (0.3, 0.45, 0.7, 0.95))
    found = told(SOMEBODY, bicycle)
    assert found["cycling"].probability > 0.7
    assert "a person astride a bicycle" in found["cycling"].why
    beside = told((PERSON, 0.9, (0.75, 0.1, 0.95, 0.9)), bicycle)["cycling"].probability
    assert beside < ACCEPT


def test_who_stands_on_a_board_or_has_a_telephone_at_the_face_does_something_with_it(told: Any) -> None:
    board = told(SOMEBODY, (SKATEBOARD, 0.8, (0.4, 0.78, 0.65, 0.86)))
    assert board["skateboarding"].probability > 0.7
    carried = told(SOMEBODY, (SKATEBOARD, 0.8, (0.45, 0.3, 0.5, 0.6)))
    assert carried["skateboarding"].probability < ACCEPT
    call = told(SOMEBODY, (PHONE, 0.7, (0.5, 0.14, 0.53, 0.2)), heard=("speech",))
    assert call["phone call"].probability > ACCEPT
    lying = told(SOMEBODY, (PHONE, 0.7, (0.8, 0.7, 0.83, 0.73)), heard=("speech",))
    assert lying["phone call"].probability < ACCEPT


def test_kitchen_things_and_food_and_somebody_make_cooking(told: Any) -> None:
    assert told(SOMEBODY, seen=(STOVE, PIZZA))["cooking"].probability > 0.8
    assert told(SOMEBODY, seen=(STOVE,))["cooking"].probability < ACCEPT
    assert "cooking" not in told(SOMEBODY, seen=(PIZZA,)), "it is done with kitchen things"


def test_the_place_supports_by_things_of_other_kinds(told: Any) -> None:
    alone = told(seen=(MIRROR,))["driving"].probability
    street = told((LIGHT, 0.8, (0.1, 0.1, 0.2, 0.2)), seen=(MIRROR,))["driving"]
    assert alone < ACCEPT < street.probability
    assert "car mirror seen" in street.why


def test_a_celebration_needs_several_people(told: Any) -> None:
    another = (PERSON, 0.8, (0.1, 0.1, 0.3, 0.8))
    cake = (CAKE, 0.8, (0.4, 0.7, 0.5, 0.8))
    assert told(SOMEBODY, another, cake, seen=(CANDLE,))["birthday party"].probability > 0.7
    assert told(SOMEBODY, cake, seen=(CANDLE,))["birthday party"].probability < ABSTAIN


def faces(*heights: float, known: bool = False, alternating: bool = False) -> SeenFaces:
    step = MINUTE // max(1, len(heights))
    spans = [(n * step, (n + 1) * step) if alternating else (0, MINUTE) for n in range(len(heights))]
    both = enumerate(zip(heights, spans, strict=True))
    tracks = tuple(SeenFace(f"f{n}", "face", 0.5, 9, height, *span) for n, (height, span) in both)
    return SeenFaces(tracks, tuple(SeenPerson((), (one.evidence_id,)) for one in tracks) if known else ())


def turns(*lengths: int) -> tuple[SeenTurn, ...]:
    """Two voices in turn, each so many ticks."""
    ends = [sum(lengths[: n + 1]) for n in range(len(lengths))]
    return tuple(SeenTurn(f"t{n}", n % 2, end - lengths[n], end) for n, end in enumerate(ends))


def test_people_whose_voices_take_turns_converse(told: Any) -> None:
    found = told(faces=faces(0.2, 0.2), turns=turns(*[60] * 10))
    assert found["conversation"].probability > 0.7
    assert "voices that take turns" in found["conversation"].why
    apart = told(faces=faces(0.2, 0.2, known=True, alternating=True), turns=turns(*[60] * 10))
    assert apart["conversation"].probability > ACCEPT, "each shown alone, and known from the other"
    for other in (
        told(faces=faces(0.2), turns=turns(*[60] * 10)),
        told(faces=faces(0.2, 0.2), turns=turns(600)),
        told(faces=faces(0.2, 0.2)),
    ):
        assert "conversation" not in other or other["conversation"].probability < ACCEPT


def test_who_asks_and_who_answers_at_length_are_an_interview(told: Any) -> None:
    found = told(faces=faces(0.2), turns=turns(*[15, 105] * 5), seen=(MICROPHONE,))
    assert found["interview"].probability > 0.7
    assert told(faces=faces(0.2), turns=turns(600), seen=(MICROPHONE,))["interview"].probability < ACCEPT


def test_one_voice_on_a_stage_speaks_in_public(told: Any) -> None:
    found = told(SOMEBODY, seen=(STAGE,), turns=turns(600))
    assert found["public speaking"].probability > ACCEPT
    assert told(SOMEBODY, seen=(STAGE,))["public speaking"].probability < ACCEPT
    assert "public speaking" not in told(SOMEBODY, turns=turns(600))


def test_a_ball_far_from_everybody_is_not_played_with(told: Any) -> None:
    player = (PERSON, 0.9, (0.1, 0.2, 0.2, 0.5))
    close = told(player, (BALL, 0.9, (0.2, 0.5, 0.25, 0.55)))["playing ball"].probability
    far = told(player, (BALL, 0.9, (0.9, 0.9, 0.95, 0.95)))["playing ball"].probability
    assert far < close


@pytest.mark.parametrize(
    ("stance", "thing", "so"),
    [
        (astride, Box(0.3, 0.45, 0.7, 0.95), True),
        (astride, Box(0.3, 0.2, 0.7, 0.82), False),  # behind it, on the same ground
        (astride, Box(0.7, 0.45, 0.99, 0.95), False),
        (on, Box(0.4, 0.78, 0.65, 0.86), True),
        (on, Box(0.45, 0.3, 0.5, 0.6), False),
        (on, Box(0.7, 0.78, 0.9, 0.86), False),
        (in_hand, Box(0.58, 0.4, 0.62, 0.45), True),
        (in_hand, Box(0.8, 0.4, 0.85, 0.45), False),
        (in_hand, Box(0.57, 0.11, 0.6, 0.15), False),  # beside the head
        (in_hand, Box(0.0, 0.0, 1.0, 1.0), False),
        (at_head, Box(0.5, 0.14, 0.53, 0.2), True),
        (at_head, Box(0.5, 0.6, 0.53, 0.66), False),
        (near, Box(0.7, 0.6, 0.75, 0.65), True),
        (near, Box(0.97, 0.6, 0.99, 0.65), False),
    ],
)
def test_stances(stance: Any, thing: Box, so: bool) -> None:
    assert stance(Box(0.4, 0.1, 0.6, 0.8), thing) is so


@pytest.mark.parametrize(
    ("boxes", "so"),
    [
        ([Box(left, 0.2, left + 0.1, 0.7) for left in (0.1, 0.3, 0.5)], True),
        ([Box(0.4, 0.5 - half, 0.4 + half / 2, 0.5 + half) for half in (0.1, 0.15, 0.2)], True),  # comes nearer
        ([Box(0.1, 0.2, 0.2, 0.7)] * 3, False),
        ([Box(left, 0.2, left + 0.4, 0.7) for left in (0.1, 0.3, 0.5)], False),  # not seen whole
        ([Box(left, 0.2, left + 0.1, 0.7) for left in (0.1, 0.5)], False),
    ],
)
def test_who_walks_is_seen_whole_and_moves(boxes: list[Box], so: bool) -> None:
    assert walks(boxes) is so


def test_one_witness_counts_once() -> None:
    def said(*words: tuple[str, float], pictures: bool = True) -> list[str]:
        return [word.source for word in counted_once([Recalled("t", one, sure, ()) for one, sure in words], pictures)]

    assert said(("objects", 0.5), ("activities", 0.8), ("speech", 0.5)) == ["activities", "speech"]
    assert said(("objects", 0.5), ("picture", 0.7), ("activities", 0.8)) == ["objects", "picture"]
    assert said(("picture", 0.5), ("activities", 0.8), pictures=False) == ["picture", "activities"], "it sees by itself"
    assert said(("objects", 0.5), ("speech", 0.5)) == ["objects", "speech"]
    assert said(("styles", 0.8), ("picture", 0.5), ("objects", 0.2)) == ["styles"], "both go by the same features"
    assert said(("styles", 0.8), ("picture", 0.5), pictures=False) == ["styles", "picture"]
    assert said(("styles", 0.4), ("context", 0.5), ("format", 0.9)) == ["context", "format"]
    other = [Recalled("t", "objects", 0.5, ()), Recalled("u", "activities", 0.8, ())]
    assert counted_once(other, True) == other


def test_a_rider_in_a_library_is_found_by_the_tag_and_tagged(tmp_path: Path, encoders: Encoders) -> None:
    with LibraryStore.open(tmp_path / "library", create=True) as store:
        video = add_video(store, encoders, tmp_path / "ride.mp4", "imagenet:703", ())
        span = Span(0, 8000, MS)
        records = []
        for name, concept, box in (("trk_p", PERSON, SOMEBODY[2]), ("trk_b", BICYCLE, (0.3, 0.45, 0.7, 0.95))):
            where = tuple((tick, *box) for tick in range(0, 8000, 1000))
            records.append(Tracklet(name, span, concept, "", "", (), "", "still", where, "silence", 0.9))
        commit(store, video, "tracklets", StageOutput(records=tuple(records)))
        lines = tuple(SpeakerTurn(f"spk_{n}", Span(n * 1000, n * 1000 + 900, MS), "", "", n % 2, 0.9) for n in (1, 0))
        commit(store, video, "speakers", StageOutput(records=lines))
        assert [one.start for one in seen_of([video], store, encoders)[video].turns] == [0, 1000]
        assert Seen(video, store, encoders).turns == seen_of([video], store, encoders)[video].turns
        table = tmp_path / "tags.csv"
        table.write_text("id,name,facet\nt1,骑行,what\nt2,skiing,what\n", encoding="utf-8")
        store.tags.import_csv(table)
        tagger = Tagger(store, encoders)
        assert videos_for(store, encoders, tagger.tags, "t1") == [video]
        (one,) = (item for item in tagger.tag(video) if item.decision == "accepted")
        assert (one.tag_id, "activities" in one.recalled_by) == ("t1", True)
        assert {"trk_p", "trk_b"} <= {*one.evidence_ids}


def test_every_word_of_the_table_means_something(encoders: Encoders) -> None:
    known = activities_of_things(encoders.concepts)
    for one, signs in zip(activities(), known.signs, strict=True):
        for nouns in (one.things, one.also, [noun for _, noun in one.stances]):
            for noun in nouns:
                assert encoders.concepts.matching(noun), f"{noun} of {one.names[0]} is not in the concept tables"
        assert {*one.who, *one.sounds} <= TELLING.keys() >= {*STANCES}
        assert not signs.things & signs.also
        kinds = [signs.things, signs.also, signs.stances, one.sounds, one.places, one.who]
        assert sum(map(bool, kinds)) > 1, f"{one.names[0]} rests on one kind of sign"
        assert any(not name.isascii() for name in one.names)
        assert len({*one.names}) == len(one.names)
    assert BICYCLE in things_done_with(encoders.concepts, ["Cycling"])
    assert things_done_with(encoders.concepts, ["elephant"]) == []
