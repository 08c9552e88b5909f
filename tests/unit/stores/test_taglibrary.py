"""The tag library is imported and exported as CSV, all or nothing; decisions keep their evidence."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stores.core.errors import TagFileError, UsageError
from stores.core.records import Decision, Tag
from stores.library_store import LibraryStore
from stores.tags.files.reading import read_file, write_file
from stores.tags.library import ImportReport
from stores.tags.removal import Removed, remove_tags
from tests.unit.stores.builders import add_video

WORD = (
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0;；、"), min_size=1, max_size=12)
    .map(str.strip)
    .filter(bool)
)
TAGS = st.lists(
    st.builds(
        Tag,
        tag_id=WORD,
        name=WORD,
        facet=st.one_of(st.just(""), WORD),
        aliases=st.lists(WORD, max_size=4, unique=True).map(tuple),
        language=st.sampled_from(["", "en", "zh"]),
        status=st.sampled_from(["active", "retired"]),
    ),
    max_size=6,
    unique_by=lambda tag: tag.tag_id,
)


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@given(TAGS)
def test_what_is_written_is_read(tags: list[Tag]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tags.csv"
        write_file(path, tags)
        assert [tag for _, tag in read_file(path).rows] == tags


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(TAGS)
def test_the_library_exports_what_it_imported(store: LibraryStore, tags: list[Tag]) -> None:
    path = store.root / "tags.csv"
    write_file(path, tags)
    report = store.tags.import_csv(path)
    assert report.added + report.updated + report.unchanged == len(tags)
    known = {tag.tag_id: tag for tag in store.tags.tags()}
    assert [known[tag.tag_id] for tag in tags] == tags
    before = store.tags.tags()
    store.tags.export_csv(path)
    assert store.tags.import_csv(path) == ImportReport(0, 0, len(before), len(before))
    assert store.tags.tags() == before


def test_a_plain_file(store: LibraryStore, tmp_path: Path) -> None:
    text = 'ID, Name ,facet,aliases\r\nt1,滑板,what,"skateboard; 滑板运动 ;;skateboard"\r\n\r\nt2,dog\r\n'
    report = store.tags.import_csv(write(tmp_path / "tags.csv", text, "utf-8-sig"))
    assert report == ImportReport(added=2, updated=0, unchanged=0, total=2)
    assert store.tags.tags() == [Tag("t1", "滑板", "what", ("skateboard", "滑板运动")), Tag("t2", "dog")]


def test_importing_again_updates_by_id_and_keeps_the_rest(store: LibraryStore, tmp_path: Path) -> None:
    path = tmp_path / "tags.csv"
    store.tags.import_csv(write(path, "id,name,aliases\nt1,dog,puppy\nt2,cat,\nt3,cow,\n"))
    report = store.tags.import_csv(write(path, "id,name,status\nt3,cow,\nt1,hound,retired\nt4,owl,\n"))
    assert report == ImportReport(added=1, updated=1, unchanged=1, total=4)
    assert [(tag.tag_id, tag.name, tag.aliases, tag.status) for tag in store.tags.tags()] == [
        ("t1", "hound", ("puppy",), "retired"),
        ("t2", "cat", (), "active"),
        ("t3", "cow", (), "active"),
        ("t4", "owl", (), "active"),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1"),
        ("id,facet\nt1,a\n", "missing column name"),
        ("id,name,name\nt1,a,b\n", "repeated column name"),
        ("id,name\nt1,a\nt2, \n", "line 3: the name of t2 is empty"),
        ("id,name\nt1,a\n,b\n", "line 3: the id is empty"),
        ('id,name\n\nt1,"a\nb"\nt2,c\nt1,d\n', "line 6: the id t1 is on line 3"),
        ("id,name\nt1,a,b\n", "line 2: 3 values for 2 columns"),
        ("id,name,status\nt1,a,old\n", "line 2: the status 'old'"),
        ("id,name,parent\nt1,a,t9\n", "line 2: the parent t9"),
        ("id,name,parent\nt1,a,t1\n", "line 2: t1 is its own parent"),
        ("id,name,parent\nt1,a,t2\nt2,b,t1\n", "form a circle"),
        ('id,name\nt1,"a\nt2,b\n', "line 2"),
        ("id,name\nt1,a\0\n", "line 2 holds a NUL"),
    ],
)
def test_a_wrong_file_names_its_line_and_imports_nothing(
    store: LibraryStore, tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(TagFileError) as caught:
        store.tags.import_csv(write(tmp_path / "tags.csv", text))
    assert caught.value.code.name == "TAG_FILE_INVALID"
    assert says in caught.value.message
    assert store.tags.tags() == []


def test_a_file_that_cannot_be_read_says_why(store: LibraryStore, tmp_path: Path) -> None:
    with pytest.raises(TagFileError, match="cannot be read"):
        store.tags.import_csv(tmp_path / "none.csv")
    (tmp_path / "tags.csv").write_bytes(b"id,name\nt1,a\nt2,\xff\xfe\xff\xff\n")
    with pytest.raises(TagFileError, match="line 3 is not UTF-8"):
        store.tags.import_csv(tmp_path / "tags.csv")


def test_full_width_marks_separate_aliases(tmp_path: Path) -> None:
    path = write(tmp_path / "tags.csv", "id,name,aliases\nt1,dog,狗；犬、小狗;puppy\n")
    ((_, tag),) = read_file(path).rows
    assert tag.aliases == ("狗", "犬", "小狗", "puppy")


def test_tags_are_removed_with_their_decisions_or_not_at_all(store: LibraryStore, tmp_path: Path) -> None:
    video_id = add_video(store)
    text = "id,name,aliases,parent\nanimal,animal,,\ndog,dog,狗,animal\npuppy,puppy,,dog\n"
    store.tags.import_csv(write(tmp_path / "tags.csv", text))
    decided = [Decision(video_id, one, "accepted", 0.9, ("speech",), ("e1",)) for one in ("dog", "puppy")]
    store.tags.save_decisions(video_id, decided)
    with pytest.raises(UsageError, match="no tag 'cat'"):
        remove_tags(store.engine, ["dog", "cat"])
    assert len(store.tags.tags()) == 3
    assert remove_tags(store.engine, ["dog"]) == Removed(removed=1, decisions=1, total=2)
    assert [(tag.tag_id, tag.parent) for tag in store.tags.tags()] == [("animal", ""), ("puppy", "animal")]
    assert [decision.tag_id for decision in store.tags.decisions(video_id)] == ["puppy", "animal"]
    assert store.tags.find("狗") is None


def test_tags_are_found_by_id_name_and_alias(store: LibraryStore, tmp_path: Path) -> None:
    text = "id,name,aliases\nt1,Skate Board,滑板\ndog,Canine,skate board\n"
    store.tags.import_csv(write(tmp_path / "tags.csv", text))
    found = {name: store.tags.find(name) for name in ("t1", "skate  BOARD", "滑板", "dog", "ｃanine", "none")}
    assert {name: tag.tag_id if tag else None for name, tag in found.items()} == {
        "t1": "t1",
        "skate  BOARD": "t1",
        "滑板": "t1",
        "dog": "dog",
        "ｃanine": "dog",
        "none": None,
    }


def decision(video_id: str, tag_id: str, verdict: str = "accepted", *evidence: str) -> Decision:
    return Decision(video_id, tag_id, verdict, 0.75, ("picture", "speech"), evidence, (("picture", 0.5),))  # type: ignore[arg-type]


def test_decisions_replace_earlier_automatic_ones(store: LibraryStore) -> None:
    first, second = add_video(store, "a.mp4"), add_video(store, "b.mp4")
    made = [decision(first, "t2", "accepted", "utt_2", "utt_1"), decision(first, "t1", "abstained")]
    store.tags.save_decisions(first, made)
    store.tags.save_decisions(second, [decision(second, "t1")])
    assert store.tags.decisions(first) == made
    store.tags.save_decisions(first, [decision(first, "t3")])
    assert store.tags.decisions(first) == [decision(first, "t3")]
    assert store.tags.decisions(second) == [decision(second, "t1")]
    store.tags.save_decisions(first, [])
    assert store.tags.decisions(first) == []


def test_a_person_overrides_automatic_decisions(store: LibraryStore) -> None:
    video_id = add_video(store)
    store.tags.save_decisions(video_id, [decision(video_id, "t1", "rejected")], origin="person")
    store.tags.save_decisions(video_id, [decision(video_id, "t1"), decision(video_id, "t2")])
    assert {made.tag_id: made.decision for made in store.tags.decisions(video_id)} == {
        "t1": "rejected",
        "t2": "accepted",
    }


def test_one_review_leaves_the_others_alone(store: LibraryStore) -> None:
    video_id = add_video(store)
    store.tags.save_decisions(video_id, [decision(video_id, "t1"), decision(video_id, "t2")])
    store.tags.save_decisions(video_id, [decision(video_id, "t1", "rejected", "utt_1")], origin="person")
    store.tags.save_decisions(video_id, [decision(video_id, "t3"), decision(video_id, "t4")], origin="person")
    store.tags.save_decisions(video_id, [], origin="person")
    store.tags.save_decisions(video_id, [decision(video_id, "t4", "rejected")], origin="person")
    assert {made.tag_id: (made.decision, made.evidence_ids) for made in store.tags.decisions(video_id)} == {
        "t1": ("rejected", ("utt_1",)),
        "t2": ("accepted", ()),
        "t3": ("accepted", ()),
        "t4": ("rejected", ()),
    }


def test_an_automatic_run_replaces_only_automatic_decisions(store: LibraryStore) -> None:
    first, second = add_video(store, "a.mp4"), add_video(store, "b.mp4")
    for video_id in (first, second):
        store.tags.save_decisions(video_id, [decision(video_id, "t1"), decision(video_id, "t2")])
    store.tags.save_decisions(first, [decision(first, "t1", "rejected")], origin="person")
    store.tags.save_decisions(first, [decision(first, "t3")])
    assert [(made.tag_id, made.decision) for made in store.tags.decisions(first)] == [
        ("t3", "accepted"),
        ("t1", "rejected"),
    ]
    assert [made.tag_id for made in store.tags.decisions(second)] == ["t1", "t2"]


def test_reviews_of_many_threads_are_all_kept(store: LibraryStore) -> None:
    video_id = add_video(store)

    def review(reviewer: int) -> None:
        for n in range(5):
            store.tags.save_decisions(video_id, [decision(video_id, f"t{reviewer}-{n}")], origin="person")
            store.tags.save_decisions(video_id, [decision(video_id, f"m{reviewer}")])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(review, range(6)))
    kept = {made.tag_id for made in store.tags.decisions(video_id)}
    assert {tag for tag in kept if tag.startswith("t")} == {f"t{r}-{n}" for r in range(6) for n in range(5)}
    assert len(kept) == 31


def test_contradicting_decisions_are_errors(store: LibraryStore) -> None:
    video_id = add_video(store)
    with pytest.raises(ValueError):
        store.tags.save_decisions(video_id, [decision("vid_other", "t1")])
    with pytest.raises(ValueError):
        store.tags.save_decisions(video_id, [decision(video_id, "t1"), decision(video_id, "t1")])


def test_some_tags_are_named_without_reading_all(store: LibraryStore, tmp_path: Path) -> None:
    write_file(tmp_path / "tags.csv", [Tag(f"t{number}", f"name {number}") for number in range(1200)])
    store.tags.import_csv(tmp_path / "tags.csv")
    assert store.tags.count() == 1200
    assert store.tags.names(["t3", "t7", "t3", "t9999"]) == {"t3": "name 3", "t7": "name 7"}
    assert store.tags.names(f"t{number}" for number in range(1200)) == {
        tag.tag_id: tag.name for tag in store.tags.tags()
    }
