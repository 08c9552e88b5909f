"""Products, searches and tags of other videos, in a folder and on a database server: kept, read, forgotten."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from stores.core.principal import OWNER, Principal
from stores.core.records import Decision, SoundEvent, Span
from stores.library_store import LibraryStore
from stores.maintenance.forget import forget
from stores.maintenance.people.assigning import assign_people
from stores.maintenance.people.editing import name_person
from stores.people.seen import SeenFaces, faces_of, videos_with_faces, videos_with_people
from stores.tags.recall.accepted import Companies, accepted_tags
from stores.tags.recall.clicks import MOST_QUERIES, Clicks
from stores.tags.recall.products import Product, product_of
from stores.tags.recall.saving import replace_decisions, undecided_tags, videos_decided
from stores.tags.recall.search_log import SearchLog
from stores.tags.recall.seen import any_shown, clips_of, things_of, videos_heard
from stores.tags.recall.tagged import TaggedVideos
from stores.vectors.near_videos import NearVideos
from stores.vectors.prepared import PreparedVectors
from tests.unit.stores.builders import COLLECTION, add_video, put, tracklet, vector_item
from tests.unit.stores.people.faces import put_faces


def import_tags(store: LibraryStore, folder: Path, *names: str) -> None:
    file = folder / "tags.csv"
    file.write_text("id,name,facet,aliases\n" + "".join(f"{name},{name},,\n" for name in names))
    store.tags.import_csv(file)


def test_products_are_kept_replaced_and_found(store: LibraryStore) -> None:
    first, second = add_video(store, "1.mp4"), add_video(store, "2.mp4")
    shoe = Product("p1", "Running shoes", ("Sport", "Shoes"), (("colour", "red"), ("size", "42")))
    assert store.products.add([shoe, Product("p2", "跑鞋")], [(first, "p1"), (second, "p1")]).attached == 2
    again = store.products.add([Product("p1", "Trail shoes")], [(first, "p1")])
    assert (again.products, again.attached) == (1, 0)
    assert store.products.of_videos([first, second]) == {
        first: [Product("p1", "Trail shoes")],
        second: [Product("p1", "Trail shoes")],
    }
    assert store.products.videos_with(["p1"], 1) == {"p1": [min(first, second)]}
    assert store.products.videos_naming(["TRAIL"], 9) == sorted([first, second])
    assert store.products.videos_naming(["running", "%", "x"], 9) == []
    with store.writer():
        pass
    forget(store, [first])
    assert list(store.products.of_videos([first, second])) == [second]
    assert store.products.count() == 2
    assert store.products.clear() == 2


def test_products_of_files_have_their_fields_in_any_form() -> None:
    assert product_of({"title": " A ", "category": "Home > Chairs", "attributes": "colour=red; ;size="}) == Product(
        "A", "A", ("Home", "Chairs"), (("colour", "red"),)
    )
    listed = {"product_id": 7, "title": None, "category": ["a", ""], "attributes": {"for": ["cats", "dogs"], "n": 3}}
    assert product_of(listed) == Product("7", "", ("a",), (("for", "cats"), ("for", "dogs"), ("n", "3")))
    with pytest.raises(ValueError, match="neither"):
        product_of({"category": "a/b"})


def test_searches_are_counted_not_listed(store: LibraryStore) -> None:
    first, second = add_video(store, "1.mp4"), add_video(store, "2.mp4")
    added = store.clicks.add(
        [("Red  Dress", first, 2), ("red dress", first, 1), ("boat", second, 1), ("", first, 1)], "import"
    )
    assert added == 4
    assert store.clicks.add([("red dress", first, 5), ("boat", "vid_gone", 1), ("boat", first, 0)], "log") == 5
    assert store.clicks.of_videos([first, second]) == {first: [Clicks("red dress", 8)], second: [Clicks("boat", 1)]}
    assert store.clicks.count() == {"import": 4, "log": 5}
    assert store.clicks.videos_for(["dress", "BOAT"], 9) == [first, second]
    store.clicks.add([(f"search {n}", second, 1) for n in range(2 * MOST_QUERIES)], "log")
    assert len(store.clicks.of_videos([second])[second]) == MOST_QUERIES
    store.clicks.clear("log")
    assert store.clicks.count() == {"import": 4}
    forget(store, [first])
    assert store.clicks.count() == {"import": 1}


def test_a_video_opened_from_a_search_is_counted_once_and_nobody_is_named(store: LibraryStore) -> None:
    first, second = add_video(store, "1.mp4"), add_video(store, "2.mp4")
    log = SearchLog(store.clicks)
    assert not log.opened(OWNER, first), "nothing was searched"
    log.searched(OWNER, "a boat", [first])
    assert not log.opened(OWNER, second), "it was not among the results"
    assert [log.opened(OWNER, first), log.opened(OWNER, first)] == [True, False]
    for narrow in (
        Principal("u1", "Ann", OWNER.scopes),
        Principal("u2", "Bob", OWNER.scopes, everything=True, key_id="k", narrowed=True),
        Principal("", "link", OWNER.scopes, everything=True, only_video=first),
    ):
        log.searched(narrow, "a secret", [first, second])
        assert not log.opened(narrow, first)
    assert store.clicks.of_videos([first, second]) == {first: [Clicks("a boat", 1)]}


def test_tags_of_many_videos_count_as_people_decided(store: LibraryStore, tmp_path: Path) -> None:
    import_tags(store, tmp_path, "boat", "sea", "dog")
    videos = [add_video(store, f"{n}.mp4") for n in range(4)]
    for video in videos[:3]:
        made = [
            Decision(video, name, "accepted", 0.8, ("picture",), (), (("picture", 0.8),)) for name in ("boat", "sea")
        ]
        store.tags.save_decisions(video, made)
    store.tags.save_decisions(videos[0], [Decision(videos[0], "sea", "rejected", 1.0, (), ())], "person")
    store.tags.save_decisions(videos[3], [Decision(videos[3], "dog", "accepted", 1.0, (), ())], "person")
    found = accepted_tags(store.engine, videos)
    assert {video: [tag.tag_id for tag in tags] for video, tags in found.items()} == {
        videos[0]: ["boat"],
        videos[1]: ["boat", "sea"],
        videos[2]: ["boat", "sea"],
        videos[3]: ["dog"],
    }
    assert accepted_tags(store.engine, videos, persons_only=True)[videos[3]][0].by_person
    companies = Companies(store.engine)
    assert companies.of(["boat", "none"])["boat"] == (3, {"sea": 2})
    assert companies.of(["none"])["none"].videos == 0
    assert companies.counts(["boat", "dog"]) == ({"boat": 3, "dog": 1}, 4)


def test_decisions_about_some_tags_are_replaced_alone(store: LibraryStore, tmp_path: Path) -> None:
    import_tags(store, tmp_path, "boat", "sea")
    assert undecided_tags(store.engine, 9) == ["sea", "boat"]
    first, second = add_video(store, "1.mp4"), add_video(store, "2.mp4")
    for video in (first, second):
        store.tags.save_decisions(video, [Decision(video, name, "accepted", 0.8, (), ()) for name in ("boat", "sea")])
    store.tags.save_decisions(first, [Decision(first, "sea", "rejected", 1.0, (), ())], "person")
    again = [Decision(second, "sea", "abstained", 0.5, ("speech",), ("e1",), (("speech", 0.5),))]
    replace_decisions(store.engine, ["sea"], {second: again, "vid_gone": []})
    assert {one.tag_id: one.decision for one in store.tags.decisions(first)} == {"boat": "accepted", "sea": "rejected"}
    assert {one.tag_id: one.decision for one in store.tags.decisions(second)} == {
        "boat": "accepted",
        "sea": "abstained",
    }
    assert videos_decided(store.engine, ["sea"]) == [second]
    assert undecided_tags(store.engine, 9) == []


def test_who_is_seen_and_what_is_heard_in_many_videos(store: LibraryStore) -> None:
    first, second = add_video(store, "1.mp4"), add_video(store, "2.mp4")
    put_faces(store, first, [(1, 0, 3, 0.1), (2, 0, 1, 0.6), (1, 5, 9, 0.2)])
    assign_people(store)
    who = next(one for one in store.people.all() if one.faces == 2)
    name_person(store, who.person_id, "Anna", "owner", also=["Ann"])
    sound = SoundEvent("snd", Span(0, 1000, Fraction(1, 12800)), "singing", "", 0.9)
    put(store, second, "sound", sound, vectors=[vector_item("v", 1, 0)])
    found = faces_of(store.engine, [first, second])
    assert [one.names for one in found[first].people if one.names] == [("Anna", "Ann")]
    assert len(found[first].tracks) == 3
    assert all(0.0 < one.height < 1.0 and one.start < one.end for one in found[first].tracks)
    assert found[second] == SeenFaces()
    assert videos_with_people(store.engine, ["ANNA"], 9) == [first]
    assert videos_with_people(store.engine, ["Bela"], 9) == []
    assert videos_with_faces(store.engine, found[first].tracks[0].name, 9) == [first]
    assert videos_heard(store.engine, "singing", 9) == [(second, 0.9)]
    dog = tracklet(first, "dog", "brown", "still")
    put(store, first, "objects", dog)
    things = things_of(store.engine, [first, second])
    assert things[first].labels == things[second].tracklets == ()
    assert [(one.concept, one.area) for one in things[first].tracklets] == [("coco:18", pytest.approx(0.04))]
    assert any_shown(store.engine, ["coco:17", "coco:18"], 9) == [(first, dog.confidence)]
    assert any_shown(store.engine, ["coco:17"], 9) == any_shown(store.engine, [], 9) == []
    assert clips_of(store.engine, [first]) == {}
    assert [hit.video_id for hit in store.vectors.fetch(COLLECTION, video_ids=[second])[0]] == [second]
    (near,) = store.vectors.query_all(COLLECTION, np.asarray([[1, 0]], np.float32), 3, -1.0)
    assert [hit.video_id for hit in near] == [second]


def test_other_videos_are_found_by_their_vectors_and_tags(store: LibraryStore, tmp_path: Path) -> None:
    first, second, third = (add_video(store, f"{number}.mp4") for number in range(3))
    import_tags(store, tmp_path, "sea")
    for number, video in enumerate((first, second, third)):
        put(store, video, "vectors", vectors=[vector_item(f"v{number}", 1, 0.1 * number)])
    tagged = TaggedVideos(store.engine)
    assert tagged.now() == frozenset()
    for video in (second, third):
        store.tags.save_decisions(video, [Decision(video, "sea", "accepted", 0.9, ("speech",), ())])
    assert tagged.now() == {second, third}
    prepared, asked = PreparedVectors(store.vectors, COLLECTION), np.asarray([[1, 0]], np.float32)
    held = prepared.hold(tagged.now())
    assert held is not None
    assert held.alike({first: asked}, 2, 0.9) == {first: [{second, third}]}
    assert held.alike({first: asked}, 0, 0.9) == {first: [{second}]}
    near = NearVideos(store.vectors)
    assert near.near(COLLECTION, asked, 3) == [[first, second, third]]
    near.remember(COLLECTION)
    with store.writer():
        pass
    forget(store, [second])
    assert near.near(COLLECTION, asked, 3) == [[first, third]]
    held = prepared.hold(tagged.now())
    assert held is not None
    assert held.alike({first: asked}, 2, 0.9) == {first: [{third}]}
    assert store.vectors.rows.videos_of(COLLECTION) == {"v0:f1": first, "v2:f1": third}
    assert store.vectors.rows.videos_of(COLLECTION, ["v1:f1", "v2:f1"]) == {"v2:f1": third}
    assert list(store.vectors.rows.versions(COLLECTION, [third, second])) == [third]
