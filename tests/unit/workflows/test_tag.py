"""Tagging does not lock the library while it decides, and an interruption loses one video at most."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from agents.tagging.graph import Tagger
from stores.core.errors import EndpointError, UsageError
from stores.core.records import Decision
from stores.library_store import LibraryStore
from stores.maintenance.forget import forget
from stores.maintenance.verify import verify
from stores.tags.removal import remove_tags
from tests.unit.stores.builders import add_video
from workflows.tag import tag_videos


class Deciding:
    """A tagger that checks whether others can write while it decides."""

    def __init__(self, other: LibraryStore, fails_at: str = "") -> None:
        self._other = other
        self._fails_at = fails_at

    def tag(self, video_id: str) -> tuple[Decision, ...]:
        with self._other.job(), self._other.writer(0):
            self._other.tags.save_decisions(video_id, [Decision(video_id, "person", "accepted", 1, (), ())], "person")
        if video_id == self._fails_at:
            raise EndpointError("ENDPOINT_UNREACHABLE", "It is away.")
        return (Decision(video_id, "machine", "accepted", 0.75, ("picture",), ()),)


def tagger(*arguments: Any) -> Tagger:
    return cast(Tagger, Deciding(*arguments))


@pytest.fixture
def vocabulary(tmp_path: Path) -> Path:
    file = tmp_path / "tags.csv"
    file.write_text("id,name,facet,aliases\nmachine,machine,what,\nperson,person,who,\n")
    return file


def test_others_write_while_it_decides(tmp_path: Path, vocabulary: Path) -> None:
    with LibraryStore.open(tmp_path, create=True) as store, LibraryStore.open(tmp_path) as other:
        store.tags.import_csv(vocabulary)
        videos = [add_video(store, f"{n}.mp4") for n in range(2)]
        assert list(tag_videos(store, tagger(other), videos)) == videos
        for video_id in videos:
            assert {made.tag_id for made in store.tags.decisions(video_id)} == {"person", "machine"}


def test_decisions_before_an_error_are_kept(tmp_path: Path, vocabulary: Path) -> None:
    with LibraryStore.open(tmp_path, create=True) as store, LibraryStore.open(tmp_path) as other:
        store.tags.import_csv(vocabulary)
        first, second = (add_video(store, f"{n}.mp4") for n in range(2))
        with pytest.raises(EndpointError):
            tag_videos(store, tagger(other, second), [first, second])
        assert {made.tag_id for made in store.tags.decisions(first)} == {"person", "machine"}
        assert {made.tag_id for made in store.tags.decisions(second)} == {"person"}


class Judging:
    """A tagger whose model answers about some videos with nothing of use."""

    def __init__(self, *wrong: str) -> None:
        self._wrong = wrong

    def tag(self, video_id: str) -> tuple[Decision, ...]:
        if video_id in self._wrong:
            raise EndpointError("ENDPOINT_BAD_OUTPUT", "It sings.")
        return (Decision(video_id, "machine", "accepted", 0.75, (), ()),)


def test_an_answer_of_no_use_is_told_and_the_others_go_on(tmp_path: Path, vocabulary: Path) -> None:
    with LibraryStore.open(tmp_path, create=True) as store:
        store.tags.import_csv(vocabulary)
        first, second, third = (add_video(store, f"{n}.mp4") for n in range(3))
        store.tags.save_decisions(second, [Decision(second, "person", "accepted", 1, (), ())])
        failed: dict[str, EndpointError] = {}
        judging = cast(Tagger, Judging(second))
        decided = tag_videos(store, judging, [first, second, third], failed=failed.__setitem__)
        assert list(decided) == [first, third]
        assert {video: error.code.name for video, error in failed.items()} == {second: "ENDPOINT_BAD_OUTPUT"}
        assert [made.tag_id for made in store.tags.decisions(second)] == ["person"], "what was decided before stays"
        with pytest.raises(EndpointError, match="It sings"):
            tag_videos(store, cast(Tagger, Judging(first, second)), [first, second])


def test_what_is_forgotten_or_removed_meanwhile_is_left_out(tmp_path: Path, vocabulary: Path) -> None:
    with LibraryStore.open(tmp_path, create=True) as store, LibraryStore.open(tmp_path) as other:
        store.tags.import_csv(vocabulary)
        first, second, third = (add_video(store, f"{n}.mp4") for n in range(3))

        class Busy:
            """A tagger in whose time others forget its video, or remove a tag."""

            def tag(self, video_id: str) -> tuple[Decision, ...]:
                if video_id == first:
                    forget(other, [first])
                if video_id == third:
                    remove_tags(other.engine, ["machine"])
                return tuple(Decision(video_id, tag, "accepted", 0.75, (), ()) for tag in ("machine", "person"))

        decided = tag_videos(store, cast(Tagger, Busy()), [first, second, third])
        assert {video: [made.tag_id for made in decisions] for video, decisions in decided.items()} == {
            second: ["machine", "person"],
            third: ["person"],
        }
        assert [made.tag_id for made in store.tags.decisions(third)] == ["person"]
        assert verify(store).problems == ()
        with pytest.raises(UsageError, match="no video"):
            store.tags.save_decisions(first, [Decision(first, "person", "accepted", 1, (), ())])
