"""What sources recall, and what they must not be believed."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from agents.tagging.nearest import NearestTags
from agents.tagging.rank import ACCEPT, decide, rank
from agents.tagging.recall import SOURCES, Case, Recalled
from agents.tagging.recall.cooccurrence import cooccurrence_source
from agents.tagging.recall.objects import ASSOCIATED
from agents.tagging.recall.pictures import context_source, object_source, picture_source
from agents.tagging.recall.seen import LINES, Seen, seen_of
from agents.tagging.recall.texts import chance_level, text_source
from agents.tagging.vocabulary import TagVectors
from encoders.bundle import Encoders
from stores.core.records import Decision, Evidence, Span, Tag
from stores.library_store import LibraryStore
from stores.tags.recall.clicks import Clicks
from stores.tags.recall.products import Product
from stores.tags.recall.seen import SeenLabel, SeenThings, SeenTracklet
from stores.vectors.store import VectorHit
from tests.unit.agents.small_library import Library
from tests.unit.stores.builders import add_video

SUIT, TIE, GOWN, MICROPHONE, DRUM, SNARE, SNOWMOBILE = (
    f"imagenet:{number}" for number in (834, 906, 578, 650, 541, 822, 802)
)


def tag(tag_id: str, name: str, *aliases: str) -> Tag:
    return Tag(tag_id, name, "", aliases)


@pytest.fixture(scope="module")
def vectors(encoders: Encoders) -> TagVectors:
    named = {"suit": "西装", "dress": "连衣裙", "interview": "采访", "drummer": "鼓手", "church": "教堂"}
    return TagVectors([tag(name, name, alias) for name, alias in named.items()], encoders)


def case(vectors: TagVectors, encoders: Encoders, *labels: SeenLabel, clips: int = 1, **parts: Any) -> Case:
    seen = Seen("vid", cast(LibraryStore, None), encoders)
    nothing: tuple[list[VectorHit], Any] = ([], np.zeros((0, 0), np.float32))
    things = SeenThings(labels, parts.pop("tracklets", ()))
    lines: dict[str, list[Any]] = {channel: [] for channel in LINES}
    seen.__dict__.update({"pictures": nothing, "texts": nothing, "products": [], "clicks": [], "lines": lines} | parts)
    seen.__dict__.update(things=things, clips=clips)
    return Case("vid", cast(LibraryStore, None), encoders, vectors, seen)


def label(concept: str, score: float, clip: str = "c") -> SeenLabel:
    return SeenLabel(f"{concept} {clip}", clip, concept, score)


def shown(encoders: Encoders, *labels: SeenLabel) -> Any:
    """Pictures as ConSE places them: clips to the mixtures of their labels."""
    clips = list(dict.fromkeys(one.clip_id for one in labels))
    space = encoders.concepts
    rows = np.stack(
        [
            sum(space.prototypes[space.index(one.concept)] * one.score for one in labels if one.clip_id == clip)
            for clip in clips
        ]
    )
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    hits = [VectorHit(clip, "vid", "picture", n, n + 1, clip, "") for n, clip in enumerate(clips)]
    return hits, rows.astype(np.float32)


def accepted(case: Case) -> set[str]:
    recalled = [word for source in (picture_source, object_source, context_source) for word in source(case)]
    return {made.tag_id for made in decide("vid", rank(recalled)) if made.decision == "accepted"}


def test_what_comes_with_things_of_many_kinds_is_told_by_none_of_them(vectors: TagVectors, encoders: Encoders) -> None:
    labels = [label(SUIT, 0.5), label(TIE, 0.3), label(MICROPHONE, 0.15)]
    seen = case(
        vectors,
        encoders,
        *labels,
        pictures=shown(encoders, *labels),
        tracklets=(SeenTracklet("p", "coco:1", 0.9, 0, 9),),
    )
    words = {word.tag_id: word.probability for word in (*context_source(seen), *picture_source(seen))}
    assert words["interview"] <= ASSOCIATED
    assert "interview" not in {word.tag_id for word in object_source(seen)}
    assert "interview" not in accepted(seen)
    assert "suit" in accepted(seen)


def test_what_only_things_of_one_kind_come_with_is_told_by_them(vectors: TagVectors, encoders: Encoders) -> None:
    words = {word.tag_id: word.probability for word in object_source(case(vectors, encoders, label(DRUM, 0.7)))}
    assert words["drummer"] > ACCEPT


def test_a_kind_is_not_one_of_its_mutually_exclusive_things(vectors: TagVectors, encoders: Encoders) -> None:
    surely = {word.tag_id: word.probability for word in object_source(case(vectors, encoders, label(GOWN, 0.4)))}
    shared = case(vectors, encoders, label(GOWN, 0.4), label(SUIT, 0.3), label(TIE, 0.3))
    unsurely = {word.tag_id: word.probability for word in object_source(shared)}
    assert surely["dress"] > ACCEPT
    assert unsurely["dress"] == pytest.approx(surely["dress"] * 0.4)


def test_near_to_all_clothing_lies_every_garment(vectors: TagVectors, encoders: Encoders) -> None:
    labels = [label(f"imagenet:{number}", 0.1) for number in (578, 834, 906, 697, 775, 411, 568)]
    seen = case(vectors, encoders, *labels, pictures=shown(encoders, *labels))
    assert all(word.probability < 0.3 for word in picture_source(seen) if word.tag_id == "dress")


def test_of_many_clips_two_have_to_agree(vectors: TagVectors, encoders: Encoders) -> None:
    once = [label(GOWN, 0.9, "c0"), *(label(DRUM, 0.9, f"c{n}") for n in range(1, 12))]
    twice = [label(GOWN, 0.9, "c0"), label(GOWN, 0.9, "c1"), *(label(DRUM, 0.9, f"c{n}") for n in range(2, 12))]
    assert "dress" not in accepted(case(vectors, encoders, *once, clips=12, pictures=shown(encoders, *once)))
    assert "dress" in accepted(case(vectors, encoders, *twice, clips=12, pictures=shown(encoders, *twice)))


def test_what_is_one_thing_in_a_clip_and_its_sibling_in_the_next_is_neither(
    vectors: TagVectors, encoders: Encoders
) -> None:
    gowns = [label(GOWN, 0.45, f"c{n}") for n in range(2)]
    suits = [label(one, 0.45, f"c{n}") for n in range(12) for one in (TIE, SUIT) if n > 1]
    drums = [label(DRUM, 0.9, f"c{n}") for n in range(2, 12)]
    unsure = [*gowns, *suits]
    sure = [*gowns, *drums]
    assert "dress" not in accepted(case(vectors, encoders, *unsure, clips=12, pictures=shown(encoders, *unsure)))
    assert "dress" in accepted(case(vectors, encoders, *sure, clips=12, pictures=shown(encoders, *sure)))


def test_an_association_is_said_once(vectors: TagVectors, encoders: Encoders) -> None:
    labels = [label(SUIT, 0.3), label(MICROPHONE, 0.3)]
    seen = case(vectors, encoders, *labels, pictures=shown(encoders, *labels))
    words = [word for source in (picture_source, object_source, context_source) for word in source(seen)]
    assert len([word for word in words if word.tag_id == "interview"]) == 1
    assert len([word for word in words if word.tag_id == "suit"]) == 2


def test_what_the_classifier_hardly_recognises_lies_somewhere_too(vectors: TagVectors, encoders: Encoders) -> None:
    def drummer(*labels: SeenLabel) -> float:
        words = picture_source(case(vectors, encoders, *labels, pictures=shown(encoders, *labels)))
        return next(word.probability for word in words if word.tag_id == "drummer")

    surely, faintly = drummer(label(DRUM, 0.5), label(SNARE, 0.2)), drummer(label(DRUM, 0.05), label(SNARE, 0.02))
    assert surely > 0.4
    assert faintly == pytest.approx(0.21 * surely, rel=0.05), "in the same direction"


def test_what_an_activity_is_done_with_does_not_tell_that_it_is_done(encoders: Encoders) -> None:
    named = TagVectors([tag("snowmobiling", "snowmobiling", "骑雪地摩托"), tag("snowmobile", "snowmobile")], encoders)
    labels = [label(SNOWMOBILE, 0.9)]
    seen = case(named, encoders, *labels, pictures=shown(encoders, *labels))
    words = [word for source in (picture_source, object_source, context_source) for word in source(seen)]
    said = {one: [word.source for word in words if word.tag_id == one] for one in ("snowmobiling", "snowmobile")}
    assert len(said["snowmobiling"]) == 1 < len(said["snowmobile"]), "the thing is seen, what is done with it is not"
    assert accepted(seen) == {"snowmobile"}


def test_what_fills_the_picture_is_seen_by_the_classifier_too(encoders: Encoders) -> None:
    ties = TagVectors([tag("tie", "tie")], encoders)

    def tie(area: float, *labels: SeenLabel) -> float:
        there = (SeenTracklet("tie", "coco:32", 0.9, 0, 9, area), SeenTracklet("scene", "background", 1.0, 0, 9, 1.0))
        found = object_source(case(ties, encoders, *labels, tracklets=there))
        return {word.tag_id: word.probability for word in found}.get("tie", 0.0)

    assert tie(0.1) == pytest.approx(0.9)
    assert tie(0.8) == 0.0, "a drawing, or a wall"
    assert tie(0.8, label(SUIT, 0.5)) == pytest.approx(0.9), "something of its kind"
    assert tie(0.8, label(SUIT, 0.2)) == pytest.approx(0.4 * 0.9)


def test_several_detections_are_independent_causes(encoders: Encoders) -> None:
    ties = TagVectors([tag("tie", "tie")], encoders)
    there = tuple(SeenTracklet(f"t{n}", "coco:32", 0.5, 0, end) for n, end in enumerate((60, 60, 15)))
    scene = SeenTracklet("scene", "background", 1.0, 0, 60)
    (word,) = object_source(case(ties, encoders, tracklets=(*there, scene)))
    assert word.probability == pytest.approx(1 - 0.5 * 0.5 * (1 - 0.5 * 1.5 / 4))


def test_associations_do_not_decide(vectors: TagVectors) -> None:
    del vectors
    second_hand = [
        Recalled("t", source, 0.55, ("e",)) for source in ("context", "similar", "behaviour", "cooccurrence")
    ]
    (made,) = decide("vid", rank(second_hand))
    assert (made.decision, made.confidence > 0.9) == ("abstained", True)
    (made,) = decide("vid", rank([*second_hand, Recalled("t", "speech", 0.45, ("e",))]))
    assert made.decision == "accepted"


def test_weak_candidates_are_given_but_are_no_evidence(encoders: Encoders) -> None:
    many = TagVectors([tag(f"t{n}", f"word {n} {n * n}") for n in range(200)], encoders)
    labels = [label(SUIT, 0.5)]
    words = picture_source(case(many, encoders, *labels, pictures=shown(encoders, *labels)))
    assert len(words) == 60
    assert all(not word.evidence_ids for word in words if word.probability < 0.05)
    assert [word.probability for word in words] == sorted((word.probability for word in words), reverse=True)


def test_products_and_searches_name_tags_but_show_nothing(encoders: Encoders) -> None:
    known = TagVectors([tag("shoes", "running shoes", "跑鞋"), tag("red", "red"), tag("gym", "gym")], encoders)
    product = Product("p", "Air 7 running shoes", ("Sport", "Running shoes"), (("colour", "red"),))
    store = cast(Any, type("Store", (), {"products": type("P", (), {"videos_with": lambda *_: {}})(), "engine": None}))
    seen = case(known, encoders, products=[product], clicks=[Clicks("gym", 9), Clicks("跑鞋", 1)])
    seen = Case("vid", store, encoders, known, seen.seen)
    words = {word.tag_id: word for word in SOURCES["products"](seen)}
    assert words["shoes"].probability == pytest.approx(0.7)
    assert words["red"].probability == pytest.approx(0.4)
    sought = {word.tag_id: word for word in SOURCES["behaviour"](seen)}
    assert sought["gym"].probability == pytest.approx(0.5 * 9 / 13)
    assert sought["shoes"].probability < 0.05, "one click says little"
    recalled = [*words.values(), *sought.values()]
    assert all(made.decision == "abstained" for made in decide("vid", rank(recalled)))


def test_company_raises_but_never_decides(tmp_path: Path, encoders: Encoders) -> None:
    known = TagVectors([tag(name, name) for name in ("boat", "sea", "rare")], encoders)
    with LibraryStore.open(tmp_path / "library", create=True) as store:
        videos = [add_video(store, f"{n}.mp4") for n in range(40)]
        for n, video in enumerate(videos[1:]):
            names = ("boat", "sea") if n < 19 else ("rare",)
            store.tags.save_decisions(video, [Decision(video, one, "accepted", 0.9, ("picture",), ()) for one in names])
        seen = Seen(videos[0], store, encoders)
        asked = Case(videos[0], store, encoders, known, seen)
        brought = cooccurrence_source(asked, [Recalled("boat", "objects", 0.9, ("e",))])
        assert [word.tag_id for word in brought] == ["sea"]
        assert 0.05 < brought[0].probability < 0.3
        assert not cooccurrence_source(asked, [Recalled("boat", "similar", 0.6, ())]), "only what is sure first-hand"
        own = Decision(videos[0], "sea", "accepted", 0.9, ("picture",), ())
        store.tags.save_decisions(videos[0], [own])
        known = TagVectors(known.tags, encoders)  # of another job
        again = cooccurrence_source(Case(videos[0], store, encoders, known), [Recalled("boat", "objects", 0.9, ("e",))])
        assert again == brought, "what the video had before does not count"


def test_a_line_is_about_a_tag_only_if_it_stands_out_from_the_librarys_lines(
    library: Library, encoders: Encoders
) -> None:
    store, videos = library
    known = TagVectors(
        [tag("pizza", "baking pizza"), tag("boat", "sailing boat"), tag("law", "court of law")], encoders
    )
    said = encoders.text.encode_passages(["Today we put dough and tomatoes into the oven.", "The weather was fine."])
    hits = [VectorHit(f"v{n}", "vid", "speech", n, n + 1, "", f"u{n}") for n in range(2)]
    seen = case(known, encoders, texts=(hits, said))
    words = text_source(Case(videos["pizza"], store, encoders, known, seen.seen))
    best = words[0]
    assert (best.tag_id, best.evidence_ids) in {("pizza", ("u0",)), ("pizza", ())}
    assert all(word.probability <= 0.4 for word in words)
    named = [Evidence("u0", "vid", Span(0, 1, Fraction(1, 10)), "speech", "We are baking pizza.", "", 0.9)]
    spoken = case(known, encoders, texts=(hits, said), lines={one: [] for one in LINES} | {"speech": named})
    words = text_source(Case(videos["pizza"], store, encoders, known, spoken.seen))
    assert "pizza" not in {word.tag_id for word in words}, "that it is named is said once"
    assert chance_level(100_000) > chance_level(100) > 2.0


@pytest.fixture(scope="module")
def many() -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(5)
    centres = draw.standard_normal((400, 384)).astype(np.float32) * (1.0 / np.sqrt(np.arange(1, 385, dtype=np.float32)))
    tags = centres[draw.integers(0, 400, 20_000)] + 0.03 * draw.standard_normal((20_000, 384), np.float32)
    return tags / np.linalg.norm(tags, axis=1, keepdims=True), centres / np.linalg.norm(centres, axis=1, keepdims=True)


def test_a_short_list_of_very_many_tags_holds_the_nearest(many: tuple[np.ndarray, np.ndarray]) -> None:
    tags, centres = many
    nearest = NearestTags(tags, np.zeros(len(tags), np.float32), np.ones(len(tags), np.float32))
    shares = []
    for start in range(0, 40, 4):
        pictures = centres[start : start + 4]
        near = nearest.near(pictures)
        found = set(near.rows[np.argsort(-near.z)[:60]].tolist())
        exact = set(np.argsort(-(pictures @ tags.T).max(axis=0))[:60].tolist())
        shares.append(len(found & exact) / 60)
    assert np.mean(shares) > 0.98
    assert len(near.rows) < 3_000


def test_what_is_read_together_is_what_is_read_alone(library: Library, encoders: Encoders) -> None:
    store, videos = library
    ids: Sequence[str] = list(videos.values())
    together = seen_of(ids, store, encoders)
    for one in ids:
        alone = Seen(one, store, encoders)
        for part in ("clips", "things", "faces", "lines", "products", "clicks"):
            assert getattr(together[one], part) == getattr(alone, part), part
        assert np.array_equal(together[one].pictures[1], alone.pictures[1])
        assert together[one].texts[0] == alone.texts[0]
