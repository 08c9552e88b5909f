"""A new or changed tag is decided where the indexes find it, and nothing else changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from agents.tagging.graph import Tagger
from agents.tagging.reverse import videos_for
from encoders.bundle import Encoders
from stores.core.records import Decision
from stores.library_store import LibraryStore
from stores.maintenance.verify import verify
from stores.sql.database import reading
from stores.tags.recall.products import Product
from stores.tags.review_tables import ReviewQueueRow
from tests.unit.agents.small_library import add_video
from tests.unit.stores.builders import add_video as add_unindexed
from workflows.tag import tag_videos
from workflows.tagging.retagging import decide_tags

FIRST = "id,name,facet,aliases\nt1,sailboat,object,帆船\nt2,taxi,object,出租车\n"


@pytest.fixture(scope="module")
def encoders() -> Iterator[Encoders]:
    with Encoders.open("embedded") as bundle:
        yield bundle


@pytest.fixture
def store(tmp_path: Path, encoders: Encoders) -> Iterator[LibraryStore]:
    with LibraryStore.open(tmp_path / "library", create=True) as opened:
        add_video(opened, encoders, tmp_path / "boats.mp4", "imagenet:914", ())
        add_video(opened, encoders, tmp_path / "pizza.mp4", "imagenet:963", ("We bake a pizza.", "The oven is hot."))
        add_video(opened, encoders, tmp_path / "taxi.mp4", "imagenet:468", ("Pizza is for later. Drive on.",))
        add_unindexed(opened, "new.mp4")
        import_tags(opened, tmp_path, FIRST)
        yield opened


def import_tags(store: LibraryStore, folder: Path, text: str) -> None:
    (folder / "tags.csv").write_text(text, encoding="utf-8")
    store.tags.import_csv(folder / "tags.csv")


def made(store: LibraryStore) -> dict[tuple[str, str], tuple[str, float]]:
    videos = [entry.video_id for entry in store.catalog.entries(None)]
    found = [one for video in videos for one in store.tags.decisions(video)]
    return {(one.video_id, one.tag_id): (one.decision, one.confidence) for one in found}


def video(store: LibraryStore, name: str) -> str:
    return store.catalog.resolve(name)


def test_a_new_tag_is_decided_as_if_all_were_tagged_again(
    store: LibraryStore, encoders: Encoders, tmp_path: Path
) -> None:
    indexed = [video(store, name) for name in ("boats.mp4", "pizza.mp4", "taxi.mp4")]
    tag_videos(store, Tagger(store, encoders), indexed)
    before = made(store)
    person = Decision(video(store, "taxi.mp4"), "t1", "rejected", 1.0, (), ())
    store.tags.save_decisions(person.video_id, [person], "person")
    import_tags(store, tmp_path, FIRST + "t3,pizza,object,披萨\n")
    looked_at: list[tuple[int, int]] = []
    done = decide_tags(store, Tagger(store, encoders), ["t3", "t9"], lambda *some: looked_at.append(some))
    assert done.unknown == ("t9",)
    assert done.accepted == 1
    assert done.looked_at == looked_at[-1][1] == 2, "the boats have nothing to do with it"
    here = made(store)
    assert here[video(store, "pizza.mp4"), "t3"][0] == "accepted"
    assert here[person.video_id, "t1"] == ("rejected", 1.0)
    assert {key: value for key, value in here.items() if key[1] in ("t1", "t2") and value[0] != "rejected"} == {
        key: value for key, value in before.items() if key != (person.video_id, "t1")
    }
    with reading(store.engine) as connection:
        queued = set(connection.execute(select(ReviewQueueRow.video_id, ReviewQueueRow.tag_id)).all())
    assert queued == {(one, tag) for (one, tag), _ in here.items() if (one, tag) != (person.video_id, "t1")}
    assert verify(store).problems == ()
    tag_videos(store, Tagger(store, encoders), indexed)
    assert made(store) == here


def test_what_a_tag_no_longer_means_is_taken_back(store: LibraryStore, encoders: Encoders, tmp_path: Path) -> None:
    indexed = [video(store, name) for name in ("boats.mp4", "taxi.mp4")]
    tag_videos(store, Tagger(store, encoders), indexed)
    assert made(store)[video(store, "taxi.mp4"), "t2"][0] == "accepted"
    import_tags(store, tmp_path, "id,name,facet,aliases\nt2,kimono,object,和服\n")
    done = decide_tags(store, Tagger(store, encoders), ["t2"])
    assert done.looked_at >= 1
    assert (video(store, "taxi.mp4"), "t2") not in made(store)


def test_a_tag_finds_videos_by_products_and_searches(store: LibraryStore, encoders: Encoders, tmp_path: Path) -> None:
    import_tags(store, tmp_path, FIRST + "t5,espresso machine,object,咖啡机\nt6,balcony,where,\n")
    boats, taxi = video(store, "boats.mp4"), video(store, "taxi.mp4")
    store.products.add([Product("p", "Espresso machine 3000")], [(boats, "p")])
    store.clicks.add([("a balcony in Rome", taxi, 4)], "import")
    tagger = Tagger(store, encoders)
    assert boats in videos_for(store, encoders, tagger.tags, "t5")
    assert taxi in videos_for(store, encoders, tagger.tags, "t6")
    decide_tags(store, tagger, ["t5", "t6"])
    here = made(store)
    assert here[boats, "t5"][0] == "abstained", "a product is not seen in the video"
    assert (taxi, "t6") not in here or here[taxi, "t6"][0] == "abstained"


def test_a_place_finds_the_videos_of_what_is_met_there(store: LibraryStore, encoders: Encoders, tmp_path: Path) -> None:
    import_tags(store, tmp_path, FIRST + "t5,outdoors,where,户外\nt6,kitchen,where,\n")
    boats, taxi, pizza = (video(store, f"{name}.mp4") for name in ("boats", "taxi", "pizza"))
    tagger = Tagger(store, encoders)
    assert {boats, taxi} <= set(videos_for(store, encoders, tagger.tags, "t5"))
    kitchens = videos_for(store, encoders, tagger.tags, "t6")
    assert kitchens[0] == pizza
    assert boats not in kitchens
    decide_tags(store, tagger, ["t5"])
    alone = made(store)
    tag_videos(store, Tagger(store, encoders), [boats, taxi, pizza])
    assert {key: value for key, value in made(store).items() if key[1] == "t5"} == alone


def test_a_batch_need_not_decide_again(store: LibraryStore, encoders: Encoders, tmp_path: Path) -> None:
    former = Tagger(store, encoders).vocabulary
    import_tags(store, tmp_path, "id,name,facet,aliases\nt3,pizza,object,\n")
    tagger = Tagger(store, encoders)
    assert tagger.vocabulary != former
    decide_tags(store, tagger, ["t3"], former_vocabulary=former)


def test_decisions_about_other_tags_are_refused(store: LibraryStore) -> None:
    from stores.tags.recall.saving import replace_decisions

    other = Decision("v", "t1", "accepted", 1.0, (), ())
    with pytest.raises(ValueError, match="another tag"):
        replace_decisions(store.engine, ["t2"], {"v": [replace(other)]})
