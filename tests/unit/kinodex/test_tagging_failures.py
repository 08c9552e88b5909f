"""`kinodex tag` where a language model answers about one video with nothing of use."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from kinodex.cli.app import app
from kinodex.library import Library
from stores.core.errors import EndpointError
from stores.core.records import Decision
from stores.library_store import LibraryStore
from tests.unit.stores.builders import add_video


class Judging:
    """A tagger whose model fails at some videos."""

    def __init__(self, *wrong: str) -> None:
        self._wrong = wrong

    def tag(self, video_id: str) -> tuple[Decision, ...]:
        if video_id in self._wrong:
            raise EndpointError("ENDPOINT_FILTERED", "It declined this: \x1b[31mrude.", "Others may pass.")
        return (Decision(video_id, "t1", "accepted", 0.75, (), ()),)


def test_the_video_is_named_the_others_are_tagged_and_the_exit_status_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tags = tmp_path / "tags.csv"
    tags.write_text("id,name,facet,aliases\nt1,machine,what,\n")
    with LibraryStore.open(tmp_path / "kinodex-library", create=True) as store:
        store.tags.import_csv(tags)
        good, bad = (add_video(store, name) for name in ("good.mp4", "bad.mp4"))
    monkeypatch.setattr(Library, "tagger", lambda *_: Judging(bad))
    done = CliRunner().invoke(app, ["tag", "good.mp4", "bad.mp4"])
    assert done.exit_code == 3
    assert "good.mp4" in done.stdout
    assert "bad.mp4" not in done.stdout
    said = done.stderr.splitlines()[-1]
    assert "bad.mp4: not tagged: ENDPOINT_FILTERED: It declined this" in said
    assert "\x1b" not in said
    with LibraryStore.open(tmp_path / "kinodex-library") as store:
        assert [made.tag_id for made in store.tags.decisions(good)] == ["t1"]
    monkeypatch.setattr(Library, "tagger", lambda *_: Judging(good, bad))
    alone = CliRunner().invoke(app, ["tag", "good.mp4", "bad.mp4"])
    assert alone.exit_code == 1, "nothing was tagged: that is a failure of the command"
    assert "ENDPOINT_FILTERED" in alone.stderr
