"""Where a video is, told by all that is seen in it; how near people are shown."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.tagging.recall import Case, Recalled
from agents.tagging.recall.faces import framing_source, overlap_of, people_source, union
from agents.tagging.recall.objects import ASSOCIATED
from agents.tagging.recall.places import place_source
from agents.tagging.recall.seen import LINES, Seen
from agents.tagging.vocabulary import TagVectors
from encoders.bundle import Encoders
from encoders.situations.places import OUTDOORS, PlacesOfThings, places
from stores.core.records import Evidence, Span, Tag
from stores.library_store import LibraryStore
from stores.people.seen import SeenFace, SeenFaces
from stores.tags.recall.seen import SeenLabel, SeenThings, SeenTracklet

OVEN, FRIDGE, SINK, BOWL, CUP, TIE, CAR, BUS, PERSON = (
    f"coco:{number}" for number in (79, 82, 81, 51, 47, 32, 3, 6, 1)
)
MINUTE = 600


@pytest.fixture(scope="module")
def vectors(encoders: Encoders) -> TagVectors:
    where = "kitchen", "室内", "outdoors", "street", "office"
    named = (*where, "talking head", "close-up", "interview", "woman", "男人", "crowd")
    return TagVectors([Tag(name, name, "") for name in named], encoders)


def case(vectors: TagVectors, encoders: Encoders, *objects: tuple[str, float, int], **parts: Any) -> Case:
    """A video of a minute, with objects: concept, confidence, for how long."""
    seen = Seen("vid", cast(LibraryStore, None), encoders)
    tracklets = [SeenTracklet(f"{one} {n}", one, sure, 0, end) for n, (one, sure, end) in enumerate(objects)]
    lines: dict[str, list[Any]] = {channel: [] for channel in LINES} | parts.pop("lines", {})
    whole = SeenTracklet("scene", "background", 1.0, 0, MINUTE)
    things = SeenThings(parts.pop("labels", ()), (*tracklets, whole))
    seen.__dict__.update({"clips": 3, "things": things, "lines": lines, "faces": SeenFaces()} | parts)
    return Case("vid", cast(LibraryStore, None), encoders, vectors, seen)


def told(words: list[Recalled]) -> dict[str, float]:
    return {word.tag_id: word.probability for word in words}


def test_things_of_many_kinds_that_are_met_in_one_place_tell_it(vectors: TagVectors, encoders: Encoders) -> None:
    kitchen = case(vectors, encoders, (OVEN, 0.8, MINUTE), (FRIDGE, 0.7, MINUTE), (SINK, 0.6, MINUTE))
    found = place_source(kitchen)
    assert told(found)["kitchen"] > 0.5
    assert told(found)["室内"] > 0.8
    assert "outdoors" not in told(found)
    assert all(word.evidence_ids for word in found)
    (one,) = (word for word in found if word.tag_id == "kitchen")
    assert one.evidence_ids[0] == f"{OVEN} 0", "the surest first"


def test_one_thing_for_a_moment_tells_no_place(vectors: TagVectors, encoders: Encoders) -> None:
    found = told(place_source(case(vectors, encoders, (OVEN, 0.8, MINUTE // 10), (PERSON, 0.9, MINUTE))))
    assert max(found.values()) < 0.3
    assert not place_source(case(vectors, encoders, (PERSON, 0.9, MINUTE)))


def test_what_is_met_indoors_and_outdoors_speaks_for_neither_surely(vectors: TagVectors, encoders: Encoders) -> None:
    found = told(place_source(case(vectors, encoders, (OVEN, 0.8, MINUTE), (CAR, 0.8, MINUTE), (BUS, 0.8, MINUTE))))
    assert found["室内"] < found["outdoors"] < 0.65
    street = told(place_source(case(vectors, encoders, (CAR, 0.8, MINUTE), (BUS, 0.8, MINUTE))))
    assert street["outdoors"] > 0.8


def test_what_the_classifier_sees_counts_by_its_share_of_the_clips(vectors: TagVectors, encoders: Encoders) -> None:
    shore = SeenLabel("l", "c1", "imagenet:978", 0.9)
    once = told(place_source(case(vectors, encoders, labels=(shore,), clips=10)))
    always = told(place_source(case(vectors, encoders, labels=(shore,), clips=1)))
    assert once["outdoors"] < 0.3 < 0.6 < always["outdoors"]


def test_every_word_for_a_place_stands_in_the_concept_tables_and_things_met_anywhere_have_none(
    encoders: Encoders,
) -> None:
    space = encoders.concepts
    known = PlacesOfThings(space)
    used = {number for concept in space.concepts for number in known.of(concept.concept_id)}
    assert used == set(range(len(places())))
    assert known.of(PERSON) == known.of("background") == ()
    assert known.outdoors(PERSON) == 0.0
    assert known.outdoors(CAR) > 0.5 > -0.5 > known.outdoors(FRIDGE)
    assert {place.setting for place in places()} == {"indoors", OUTDOORS}


def test_things_of_one_kind_tell_no_place_nor_does_what_is_worn(vectors: TagVectors, encoders: Encoders) -> None:
    bowls = told(place_source(case(vectors, encoders, (BOWL, 0.9, MINUTE), (CUP, 0.9, MINUTE))))
    assert bowls["kitchen"] < 0.5
    worn = case(vectors, encoders, (TIE, 0.9, MINUTE), labels=(SeenLabel("l", "c", "imagenet:834", 0.9),), clips=1)
    assert "office" not in told(place_source(worn))


def face(until: int, height: float = 0.3, female: float = 0.5, name: str = "f") -> SeenFace:
    return SeenFace(name, "face", female, 9, height, 0, until)


def test_who_is_shown_large_mostly_sits_in_a_room(vectors: TagVectors, encoders: Encoders) -> None:
    near = told(place_source(case(vectors, encoders, faces=SeenFaces((face(MINUTE),)))))
    assert near == {"室内": pytest.approx(0.5 / 0.7)}
    assert told(place_source(case(vectors, encoders, faces=SeenFaces((face(MINUTE, 0.1),))))) == {}
    street = case(vectors, encoders, (CAR, 0.8, MINUTE), (BUS, 0.8, MINUTE), faces=SeenFaces((face(MINUTE),)))
    assert told(place_source(street))["outdoors"] > 0.5


def framed(vectors: TagVectors, encoders: Encoders, height: float, until: int, spoken: int | None) -> dict[str, float]:
    sounds = [("speech", spoken)] if spoken else [("silence", MINUTE)]
    heard = [Evidence(one, "vid", Span(0, end, Fraction(1, 10)), "sound", one, one, 0.9) for one, end in sounds]
    faces = SeenFaces((face(until, height), face(until, height, name="g")))
    return told(framing_source(case(vectors, encoders, faces=faces, lines={"sound": heard})))


def test_a_talking_head_is_large_and_speaks(vectors: TagVectors, encoders: Encoders) -> None:
    assert framed(vectors, encoders, 0.2, MINUTE, MINUTE) == {"talking head": pytest.approx(0.97)}
    assert framed(vectors, encoders, 0.2, MINUTE, MINUTE // 10)["talking head"] == pytest.approx(0.2)
    assert framed(vectors, encoders, 0.1, MINUTE, MINUTE) == {}
    near = framed(vectors, encoders, 0.5, MINUTE // 4, MINUTE)
    assert near == {"talking head": pytest.approx(0.5), "close-up": pytest.approx(0.5)}
    assert framed(vectors, encoders, 0.2, MINUTE, None)["talking head"] == ASSOCIATED, "a person is asked about silence"


def test_of_several_people_some_are_women_and_some_are_men(vectors: TagVectors, encoders: Encoders) -> None:
    def found(people: int, *faces: SeenFace) -> dict[str, float]:
        there = [(PERSON, 0.9, MINUTE)] * people
        return told(people_source(case(vectors, encoders, *there, faces=SeenFaces(faces))))

    assert found(0) == {}
    assert found(1)["woman"] == found(1)["男人"] < 0.4
    assert found(5)["woman"] > 0.8
    assert found(1)["crowd"] < 0.1 < 0.4 < found(5)["crowd"] < 0.5 < 0.8 < found(9)["crowd"]
    assert "woman" not in found(1, face(MINUTE, female=0.95)), "of her it is known"
    assert found(0, face(MINUTE), face(MINUTE, name="g"))["woman"] == pytest.approx(1 - (1 - 0.35 * 0.7) ** 2)
    later = [SeenTracklet(f"p{n}", PERSON, 0.9, 60 * n, 60 * n + 60) for n in range(9)]
    (crowd,) = (
        word.probability
        for word in people_source(case(vectors, encoders, things=SeenThings((), tuple(later))))
        if word.tag_id == "crowd"
    )
    assert crowd < 0.1, "one after the other is no crowd"


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)), max_size=9), st.data())
def test_times_in_common(lengths: list[tuple[int, int]], data: st.DataObject) -> None:
    others = data.draw(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)), max_size=9))
    some, more = (union((start, start + length) for start, length in one) for one in (lengths, others))
    inside = [{time for start, end in one for time in range(start, end)} for one in (some, more)]
    assert overlap_of(some, more) == len(inside[0] & inside[1])
