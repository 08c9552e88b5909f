"""The vocabulary changes in a folder and on a database server: no decision is lost, and all of it is undone."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from stores.core.errors import UsageError
from stores.core.records import Decision, Tag
from stores.library_store import LibraryStore
from stores.maintenance.forget import forget
from stores.tags.review import Judgement
from stores.tags.vocabulary.accepting import accept
from stores.tags.vocabulary.changes import Author
from stores.tags.vocabulary.duplicates import shared_names
from stores.tags.vocabulary.editing import NewTag, TagEdit
from stores.tags.vocabulary.history import changes_of, decided_with
from stores.tags.vocabulary.merging import merge, split
from stores.tags.vocabulary.proposals import FoundProposal
from stores.tags.vocabulary.undoing import undo
from tests.unit.stores.builders import add_video

ADA = Author("usr_a", "Ada")


@pytest.fixture
def videos(store: LibraryStore) -> tuple[str, str, str]:
    editor = store.tag_editor
    editor.add(NewTag("Animal", "animal"))
    editor.add(NewTag("Dog", "dog", aliases=("狗",), parent="animal"))
    editor.add(NewTag("Hound", "hound", "what", aliases=("猎犬", "DOG"), parent="animal"))
    editor.add(NewTag("Puppy", "puppy", parent="hound"))
    made = add_video(store, "one"), add_video(store, "two"), add_video(store, "three")
    one, two, three = made
    store.tags.save_decisions(one, [decision(one, "dog", 0.7, "e1"), decision(one, "hound", 0.9, "e2", "e1")])
    store.tags.save_decisions(two, [decision(two, "hound", 0.8, "e3")])
    store.tags.save_decisions(three, [decision(three, "puppy", 0.9, "e4")])
    return made


def decision(video_id: str, tag_id: str, confidence: float, *evidence: str) -> Decision:
    made = "accepted" if confidence >= 0.6 else "abstained"
    return Decision(video_id, tag_id, made, confidence, ("words",), evidence, (("words", confidence),))  # type: ignore[arg-type]


def state(store: LibraryStore) -> list[Any]:
    """All that is decided, with the tags; what waits without its place, which follows from how many others wait."""
    named = {
        "tags": "tag_id, name, parent, status",
        "tag_aliases": "*",
        "decisions": "*",
        "decision_evidence": "*",
        "review_events": "*",
        "review_queue": "video_id, tag_id, score",
    }
    with store.engine.connect() as connection:
        return [
            sorted(map(str, connection.execute(text(f"SELECT {columns} FROM {name}")).all()))
            for name, columns in named.items()
        ]


def standing(store: LibraryStore, video_id: str) -> dict[str, tuple[str, str]]:
    return {one.tag_id: (one.decision, one.origin) for one in store.tag_listing.standings(video_id)}


def test_an_accepted_child_gives_its_parents(store: LibraryStore, videos: tuple[str, str, str]) -> None:
    one, _, three = videos
    assert standing(store, three) == {
        "puppy": ("accepted", "automatic"),
        "hound": ("accepted", "derived"),
        "animal": ("accepted", "derived"),
    }
    assert store.tag_listing.videos_by_tag(["animal", "hound", "puppy"]) == {"animal": 3, "hound": 3, "puppy": 1}
    found = {made.tag_id: made for made in store.tags.decisions(three)}
    assert (found["animal"].recalled_by, found["animal"].evidence_ids) == (("child",), ("e4",))
    # The child is not there after all, so neither are its parents; a person's word about a parent is before it.
    token = store.reviews.decide([Judgement(three, "puppy", "rejected")], "u", "Una")
    assert standing(store, three) == {"puppy": ("rejected", "person")}
    store.reviews.undo(token, "u")
    store.reviews.decide([Judgement(three, "animal", "rejected")], "u", "Una")
    assert standing(store, three)["animal"] == ("rejected", "person")
    # With the branch the parents change.
    store.tag_editor.edit("hound", TagEdit(parent=""))
    assert standing(store, one)["animal"] == ("accepted", "derived")  # by way of dog
    store.tag_editor.edit("dog", TagEdit(parent=""))
    assert "animal" not in standing(store, one)


def test_circles_of_parents_are_refused(store: LibraryStore, videos: tuple[str, str, str]) -> None:
    for parent in ("puppy", "animal"):
        with pytest.raises(UsageError, match="circle: animal"):
            store.tag_editor.edit("animal", TagEdit(parent=parent))
    with pytest.raises(UsageError, match="no tag"):
        store.tag_editor.edit("animal", TagEdit(parent="nothing"))


def test_merging_moves_everything_and_is_undone_exactly(store: LibraryStore, videos: tuple[str, str, str]) -> None:
    one, two, three = videos
    store.reviews.decide([Judgement(one, "hound", "rejected")], "u", "Una")
    store.reviews.decide([Judgement(two, "dog", "accepted")], "u", "Una")
    before = state(store)
    done = merge(store.engine, "dog", ["hound"], ADA)
    assert (done.removed, done.decisions) == (("hound",), 3)
    # "DOG" is the name itself.
    assert store.tags.find("猎犬") == Tag("dog", "Dog", "what", ("狗", "Hound", "猎犬"), "animal")
    assert {tag.tag_id: tag.parent for tag in store.tags.tags()} == {"animal": "", "dog": "animal", "puppy": "dog"}
    assert standing(store, one)["dog"] == ("rejected", "person")
    assert standing(store, two)["dog"] == ("accepted", "person")
    assert standing(store, three) == {
        "puppy": ("accepted", "automatic"),
        "dog": ("accepted", "derived"),
        "animal": ("accepted", "derived"),
    }
    automatic = {made.tag_id: made for made in store.tag_listing.standings(one)}["dog"]
    assert (automatic.automatic, automatic.automatic_confidence) == ("accepted", 0.9)
    # Tags that are left are not in each other's way.
    assert {item.tag_id for item in store.reviews.queue(100)} <= {"animal", "dog", "puppy"}
    undo(store.engine, done.undo, ADA)
    assert state(store) == before
    with pytest.raises(UsageError, match="no such change"):
        undo(store.engine, done.undo, ADA)


def test_of_two_decisions_by_people_the_later_one_counts(store: LibraryStore, videos: tuple[str, str, str]) -> None:
    one, two, _ = videos
    for first, second in (("dog", "hound"), ("hound", "dog")):
        video_id = one if first == "dog" else two
        store.reviews.decide([Judgement(video_id, first, "accepted")], "u", "Una")
        store.reviews.decide([Judgement(video_id, second, "rejected")], "u", "Una")
    merge(store.engine, "dog", ["hound"])
    assert standing(store, one)["dog"] == standing(store, two)["dog"] == ("rejected", "person")
    with store.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM review_events WHERE tag_id = 'dog'")).scalar() == 4


def test_what_was_decided_after_a_merge_stays_when_it_is_undone(
    store: LibraryStore, videos: tuple[str, str, str]
) -> None:
    one, *_ = videos
    done = merge(store.engine, "dog", ["hound"])
    store.reviews.decide([Judgement(one, "dog", "rejected")], "u", "Una")
    undo(store.engine, done.undo)
    assert standing(store, one)["dog"] == ("rejected", "person")
    assert standing(store, one)["hound"] == ("accepted", "automatic")


def test_a_child_may_take_its_parent_in(store: LibraryStore, videos: tuple[str, str, str]) -> None:
    before = state(store)
    done = merge(store.engine, "puppy", ["hound", "animal"])
    assert {tag.tag_id: tag.parent for tag in store.tags.tags()} == {"dog": "puppy", "puppy": ""}
    undo(store.engine, done.undo)
    assert state(store) == before


def test_a_split_tag_stays_above_its_parts_which_wait_for_a_person(
    store: LibraryStore, videos: tuple[str, str, str]
) -> None:
    before = state(store)
    parts = [NewTag("Fox hound", "fox"), NewTag("Bloodhound", aliases=("猎犬",))]
    done = split(store.engine, "hound", parts, author=ADA)
    fox, blood = done.tags[1:]
    assert (fox.parent, blood.parent, blood.facet, blood.aliases) == ("hound", "hound", "what", ("猎犬",))
    assert store.tags.find("猎犬") == blood
    waiting = {(item.video_id, item.tag_id): item for item in store.reviews.queue(100)}
    assert waiting[videos[1], "fox"].score == 0.5
    assert waiting[videos[1], "fox"].evidence_ids == ("e3",)
    undo(store.engine, done.undo)
    assert state(store) == before
    done = split(store.engine, "hound", parts, retire=True)
    assert [tag.parent for tag in done.tags] == ["animal", "animal", "animal"]
    assert done.tags[0].status == "retired"
    store.reviews.decide([Judgement(videos[1], "fox", "accepted")], "u", "Una")
    with pytest.raises(UsageError, match="People have decided"):
        undo(store.engine, done.undo)


def test_a_part_of_a_tag_has_the_parent_that_it_names(store: LibraryStore, videos: tuple[str, str, str]) -> None:
    before = state(store)
    parts = [NewTag("Fox hound", "fox", parent="dog"), NewTag("Bloodhound", "blood"), NewTag("Pup", parent="blood")]
    done = split(store.engine, "hound", parts, author=ADA)
    assert [tag.parent for tag in done.tags[1:]] == ["dog", "hound", "blood"]
    with pytest.raises(UsageError, match="nobody"):
        split(store.engine, "dog", [NewTag("A", parent="nobody"), NewTag("B")])
    undo(store.engine, done.undo)
    assert state(store) == before
    split(store.engine, "hound", parts, retire=True, author=ADA)
    store.reviews.decide([Judgement(videos[2], "fox", "accepted")], "u", "Una")
    assert standing(store, videos[2])["dog"] == ("accepted", "derived")


def test_a_retired_tag_keeps_its_decisions_and_gets_no_new_ones(
    store: LibraryStore, videos: tuple[str, str, str]
) -> None:
    one, two, three = videos
    store.tag_editor.retire(["hound"], ADA)
    store.tags.save_decisions(two, [decision(two, "dog", 0.9)])
    store.tags.save_decisions(three, [decision(three, "hound", 0.9), decision(three, "puppy", 0.9)])
    assert standing(store, two)["hound"] == ("accepted", "automatic")
    assert "hound" not in standing(store, three)
    assert standing(store, three)["animal"] == ("accepted", "derived")
    assert all(item.tag_id != "hound" for item in store.reviews.queue(100))
    store.tag_editor.restore(["hound"])
    assert standing(store, three)["hound"] == ("accepted", "derived")
    store.tags.save_decisions(one, [])
    assert standing(store, one) == {}


def test_a_removal_is_undone_to_the_last_decision(store: LibraryStore, videos: tuple[str, str, str]) -> None:
    store.reviews.decide([Judgement(videos[0], "hound", "rejected")], "u", "Una")
    before = state(store)
    done = store.tag_editor.remove(["hound"], ADA)
    assert (done.removed, done.decisions) == (("hound",), 3)
    assert {tag.tag_id: tag.parent for tag in store.tags.tags()}["puppy"] == "animal"
    undo(store.engine, done.undo)
    assert state(store) == before


def test_what_rests_on_a_change_is_not_pulled_away(store: LibraryStore, videos: tuple[str, str, str]) -> None:
    added = store.tag_editor.add(NewTag("Cat", "cat"))
    store.tag_editor.add(NewTag("Kitten", "kitten", parent="cat"))
    with pytest.raises(UsageError, match="below one that would go"):
        undo(store.engine, added.undo)
    first = store.tag_editor.edit("dog", TagEdit(name="Canine"))
    store.tag_editor.edit("dog", TagEdit(facet="what"))
    with pytest.raises(UsageError, match="was changed since"):
        undo(store.engine, first.undo)


def test_every_change_is_in_the_history(store: LibraryStore, videos: tuple[str, str, str]) -> None:
    one, two, _ = videos
    store.tag_editor.edit("dog", TagEdit(add_aliases=("犬",), remove_aliases=("狗",)), ADA)
    done = merge(store.engine, "dog", ["hound"], ADA)
    undo(store.engine, done.undo, ADA)
    changes = changes_of(store.engine, "dog")
    assert [(change.action, change.by_name, change.differs) for change in changes] == [
        ("undo", "Ada", ("facet", "aliases")),
        ("merge", "Ada", ("facet", "aliases")),
        ("edit", "Ada", ("aliases",)),
        ("add", "owner", ()),
    ]
    assert [change.undone_at is None for change in changes] == [False, False, True, True]
    store.reviews.decide([Judgement(one, "dog", "rejected")], "u", "Una")
    store.tags.save_decisions(one, [])
    assert [(made.origin, made.before, made.after, made.by_name) for made in decided_with(store.engine, "dog")] == [
        ("automatic", "accepted", "", "kinodex"),
        ("person", "", "rejected", "Una"),
        ("automatic", "", "accepted", "kinodex"),
    ]
    assert decided_with(store.engine, "dog", video_ids=[two]) == []
    merge(store.engine, "dog", ["hound"])
    forget(store, [one])
    assert decided_with(store.engine, "dog") == []
    with store.engine.connect() as connection:
        kept = connection.execute(text("SELECT video_id FROM tag_shelf")).scalars().all()
    assert one not in kept
    assert two in kept


def test_values_that_cannot_be_are_refused(store: LibraryStore) -> None:
    editor = store.tag_editor
    for new in (NewTag(" "), NewTag("x" * 201), NewTag("a\x1b[31m"), NewTag("a", aliases=("b\nc",))):
        with pytest.raises(UsageError):
            editor.add(new)
    first = editor.add(NewTag("狗")).tags[0]
    second = editor.add(NewTag("狗", facet="food")).tags[0]
    third = editor.add(NewTag("狗")).tags[0]
    assert len({first.tag_id, second.tag_id, third.tag_id}) == 3
    with pytest.raises(UsageError, match="already"):
        editor.add(NewTag("x", first.tag_id))
    pairs = shared_names(store.engine)
    assert [(pair.first[0], pair.second[0]) for pair in pairs] == [
        (first.tag_id, second.tag_id),
        (first.tag_id, third.tag_id),
    ]


def test_names_in_common_are_found_in_both_scripts(store: LibraryStore, videos: tuple[str, str, str]) -> None:
    store.tag_editor.add(NewTag("圖書館", "library", aliases=("Bücherei",)))
    store.tag_editor.add(NewTag("Library", "other", aliases=("图书馆", "bucherei")))
    found = {(pair.first[0], pair.second[0], pair.shared) for pair in shared_names(store.engine)}
    assert found == {("dog", "hound", "dog"), ("library", "other", "bucherei")}
    store.tag_editor.retire(["hound", "other"])
    assert shared_names(store.engine) == []


def proposal(name: str, videos: tuple[str, ...], score: float = 1.0) -> FoundProposal:
    return FoundProposal(name, "speech", "en", score, tuple((one, f"utt_{one}", f"about {name}") for one in videos))


def test_proposals_are_decided_once_and_seen_by_who_sees_their_videos(
    store: LibraryStore, videos: tuple[str, str, str]
) -> None:
    more = add_video(store, "four")
    found = [
        proposal("fly fishing", videos, 2.0),
        proposal("whisky", (*videos[:2], more)),
        proposal("rare", videos[:2]),
    ]
    assert store.proposals.put(found) == 2
    assert [(one.name, one.support) for one in store.proposals.listed()] == [("fly fishing", 3), ("whisky", 3)]
    assert [one.name for one in store.proposals.listed(video_ids=videos)] == ["fly fishing"]
    fishing, whisky = store.proposals.listed()
    with pytest.raises(UsageError, match="no proposal"):
        store.proposals.get(whisky.proposal_id, videos)
    done = accept(store.engine, fishing.proposal_id, NewTag("Fly fishing", "fly"), "", ADA)
    assert store.tags.find("FLY fishing") == Tag("fly", "Fly fishing")
    assert changes_of(store.engine, "fly")[0].action == "accept"
    store.proposals.reject(whisky.proposal_id, ADA)
    for again in (fishing, whisky):
        with pytest.raises(UsageError, match="already"):
            store.proposals.reject(again.proposal_id, ADA)
    assert store.proposals.put(found) == 0
    assert store.proposals.listed() == []
    assert [one.name for one in store.proposals.listed("rejected")] == ["whisky"]
    assert store.proposals.put([proposal("angler", videos).as_alias("fly", 0.95)]) == 1
    alias = store.proposals.listed()[0]
    assert (alias.kind, alias.tag_id, alias.likeness) == ("alias", "fly", 0.95)
    accept(store.engine, alias.proposal_id, NewTag("angler"), "fly", ADA)
    assert store.tags.find("angler") == Tag("fly", "Fly fishing", aliases=("angler",))
    forget(store, [more])
    assert store.proposals.listed("rejected") == []
    assert done.undo
