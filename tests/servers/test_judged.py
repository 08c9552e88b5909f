"""What people judged, and tags that do nothing, in a folder and on a database server."""

from __future__ import annotations

from pathlib import Path

from stores.core.records import Decision
from stores.library_store import LibraryStore
from stores.tags.batches.judged import JudgedPair, dead_tags, judged_pairs, namesakes, never_recalled, tag_names
from tests.unit.stores.builders import add_video

TAGS = """id,name,facet,aliases,parent,language,status
dog,Dog,who,狗;hound,,,
cat,Cat,who,,,,
hound,Hound,who,,,,
park,Park,where,,,,
old,Old,where,hound,,,retired
"""


def test_judgements_beside_decisions(store: LibraryStore, tmp_path: Path) -> None:
    (tmp_path / "tags.csv").write_text(TAGS, encoding="utf-8")
    store.tags.import_csv(tmp_path / "tags.csv")
    one, two = (add_video(store, f"{name}.mp4") for name in "ab")
    scores = (("speech", 0.5), ("picture", 0.4))
    made = [Decision(one, "dog", "accepted", 0.7, ("speech", "picture"), (), scores)]
    store.tags.save_decisions(one, [*made, Decision(one, "cat", "abstained", 0.4, ("speech",), ())])
    person = [Decision(one, "dog", "rejected", 0, (), ()), Decision(one, "park", "accepted", 1, (), ())]
    store.tags.save_decisions(one, person, "person")
    store.tags.save_decisions(two, [Decision(two, "dog", "abstained", 0.5, ("speech",), ())])
    assert sorted(judged_pairs(store.engine), key=lambda pair: pair.tag_id) == [
        JudgedPair(one, "dog", "rejected", "accepted", 0.7, scores),
        JudgedPair(one, "park", "accepted", "", None, ()),
    ]
    assert tag_names(store.engine)["park"].facet == "where"
    never = never_recalled(store.engine, 10)
    assert (never.count, [tag.tag_id for tag in never.first]) == (1, ["hound"])
    assert never_recalled(store.engine, 0).first == ()
    dead = dead_tags(store.engine, 10)
    assert (dead.count, [tag.tag_id for tag in dead.first]) == (2, ["dog", "cat"]), "a person rejected the dog"
    count, shared = namesakes(store.engine, 10)
    assert count == 1, "retired tags share no name with anybody"
    assert [tag.tag_id for tag in shared[0].tags] == ["dog", "hound"]
