"""One picture model takes the place of another while the library goes on being searched."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from agents.search.finder import Finder, Found
from encoders.bundle import Encoders
from encoders.registry.registry import Registry
from encoders.spaces import collections
from kinodex import Library
from kinodex.cli.render import upkeep as render_upkeep
from kinodex.schemas import reembed as schema
from kinodex.usecases.places import places_of
from pipeline.perceive import fingerprints, stages
from stores.core.errors import UsageError
from stores.core.records import Caption, StageOutput
from stores.holdings import collection_names, videos_by_collection
from stores.library_store import LibraryStore
from tests.unit.workflows.library_films import finish
from tests.unit.workflows.two_models import red_film, registry
from workflows.discover import discover
from workflows.identify import identify
from workflows.ingest import ingest
from workflows.job_options import JobOptions
from workflows.reembed import clean, plan_reembed


class World:
    """A library of two red films that was indexed by the profile ``old``, and models of both profiles."""

    def __init__(self, models: Registry, folder: Path, store: LibraryStore) -> None:
        self.store = store
        self.old, self.new = (Encoders(models, name, threads=1) for name in ("old", "new"))
        self.films = [red_film(folder / f"{name}.mp4", green) for name, green in (("one", 0), ("two", 9))]
        with store.writer():
            self.ids = [one.video_id for one in identify(store, discover(self.films), lambda _done, _of: None)]
            self._read_nothing(self.old)
        report = ingest(store, self.old, self.films, JobOptions(workers=1))
        assert [video.status for video in report.videos] == ["done", "done"]

    def _read_nothing(self, encoders: Encoders) -> None:
        # The reader of text takes long to load and has nothing to read in a red film.
        mark = fingerprints(stages(encoders))["screentext"]
        for video_id in self.ids:
            finish(self.store, video_id, "screentext", mark, StageOutput())

    def search(self, query: str, encoders: Encoders | None = None) -> Found:
        return Finder(self.store, encoders or self.new).search(query, duplicates=True, explained=True)

    def held(self) -> dict[str, set[str]]:
        """Videos by picture collection."""
        names = {name for name in collection_names(self.store) if "picture" in name}
        pairs = videos_by_collection(self.store, names)
        return {name: {video_id for there, video_id in pairs if there == name} for name, _ in pairs}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("reembed")
    with pytest.MonkeyPatch.context() as patch, LibraryStore.open(folder / "library", create=True) as store:
        yield World(registry(folder, patch), folder, store)


def surely(found: Found) -> list[str]:
    # Two red films are too few to tell what is usual in a library, so that a match is not always a sure one.
    return [moment.video_id for moment in found.moments if moment.score >= 0.35]


def test_the_old_vectors_serve_until_the_new_ones_are_complete(world: World) -> None:
    one, two = world.ids
    old, new = collections(world.old).picture, collections(world.new).picture
    assert sorted(surely(world.search("a sailing boat", world.old))) == sorted(world.ids)

    # The settings name another model, nothing was done yet: the same is found, by the model that made it.
    found = world.search("a sailing boat")
    assert sorted(surely(found)) == sorted(world.ids)
    assert (found.index.state, found.index.videos_indexed, found.index.videos_former) == ("complete", 2, 2)
    assert {part.model for part in found.explanation.moments[0].parts if part.kind == "vectors"} == {
        world.old.revision("image")
    }

    reembed_plan = plan_reembed(world.store, world.new)
    assert reembed_plan.indexed == 2
    assert set(reembed_plan.paths) == set(world.films)
    assert not {"screentext", "speech", "visual_stats"} & {
        stage
        for stage in reembed_plan.stages
        if fingerprints(stages(world.old))[stage] != fingerprints(stages(world.new))[stage]
    }

    # Half of it: each video is found by the one model or by the other, by no mixture.
    ingest(world.store, world.new, [world.films[0]], JobOptions(workers=1, only=reembed_plan.stages))
    assert world.held() == {old: {two}, new: {one}}
    assert surely(world.search("a sailing boat")) == [two]
    assert surely(world.search("drums")) == [one]
    assert world.search("drums").index.videos_former == 1

    assert plan_reembed(world.store, world.new).paths == (world.films[1],)
    ingest(world.store, world.new, reembed_plan.paths, JobOptions(workers=1, only=reembed_plan.stages))
    clean(world.store)
    assert world.held() == {new: {one, two}}
    assert old not in {name for name, _ in world.store.vectors.stored()}
    assert not surely(world.search("a sailing boat"))
    assert sorted(surely(world.search("drums"))) == sorted(world.ids)
    assert world.search("drums").index.videos_former == 0
    assert not plan_reembed(world.store, world.new).paths


def test_what_was_not_chosen_is_neither_done_nor_waited_for_in_silence(world: World) -> None:
    with pytest.raises(UsageError, match="no channel 'smell'"):
        plan_reembed(world.store, world.new, ["smell"])
    back = plan_reembed(world.store, world.old, ["picture"])
    assert "pictures" in back.stages
    assert not {"objects", "speech", "screentext"} & set(back.stages)
    with pytest.raises(UsageError, match="pictures"):
        plan_reembed(world.store, world.old, ["object"])


def test_the_command_plans_does_and_cleans(world: World) -> None:
    video_id = world.ids[0]
    clip = world.store.catalog.clips(video_id)[0]
    caption = Caption("cap_1", clip.span, "a red wall", clip.clip_id, "tiny@1", (0,), 0.9)
    finish(world.store, video_id, "captions", "fp-captions", StageOutput(records=(caption,)))
    finish(world.store, video_id, "caption_vectors", "fp-of-another-text-model", StageOutput())
    with Library.open(world.store.root, workers=1, create=False) as library:
        library._encoders = world.old
        reembed_plan, plan = library.plan_reembed("picture")
        assert (reembed_plan.indexed, plan.videos, reembed_plan.captions) == (2, 2, (video_id,))
        assert plan.wall_seconds > 0
        assert {stage for stage, _ in plan.stages} == {"pictures", "labels", "tracklets", "vectors"}
        made = library.reembed("picture")
        assert made.report is not None
        assert [video.status for video in made.report.videos] == ["done", "done"]
        assert made.captions == 1
        assert world.store.catalog.evidence_of(video_id, "caption")
        text = collections(world.old).text
        assert (text, video_id) in videos_by_collection(world.store, [text])
        assert world.held() == {collections(world.old).picture: set(world.ids)}
        again = library.reembed()
        assert (again.report, again.captions) == (None, 0)
        places = places_of(library.store, reembed_plan.gone)
        payload = schema.reembed_plan(reembed_plan, plan, ["picture"], places).payload() | {"profile": "old"}
        payload["done"] = schema.reembedded(made, None, "").payload()
    told = io.StringIO()
    render_upkeep.reembed_plan(Console(file=told, width=80), payload)
    render_upkeep.reembedded(Console(file=told, width=80), payload)
    words = " ".join(told.getvalue().split())
    assert "2 of 2 indexed videos have vectors of other models" in words
    assert "to be redone: pictures, labels, tracklets, vectors" in words
    assert "2 done" in words
    assert "the captions of 1 videos have new vectors" in words


def test_a_film_that_is_gone_keeps_its_former_vectors(world: World) -> None:
    world.films[0].rename(world.films[0].with_suffix(".away"))
    try:
        reembed_plan = plan_reembed(world.store, world.new)
        assert reembed_plan.gone == (world.ids[0],)
        assert reembed_plan.paths == (world.films[1],)
        assert sorted(surely(world.search("a sailing boat"))) == sorted(world.ids)
    finally:
        world.films[0].with_suffix(".away").rename(world.films[0])


def test_vectors_of_a_model_that_nobody_knows_are_said_not_to_be_searched(world: World) -> None:
    stranger = Encoders.open()
    found = Finder(world.store, stranger).search("drums", explained=True)
    assert found.verdict == "no_match"
    # One is still found by its captions; what only that model could find does not count as indexed.
    assert (found.index.state, found.index.videos_indexed) == ("partial", 1)
    assert found.index.videos_unserved == 2
    assert {(gap.channel, gap.reason) for gap in found.explanation.gaps} >= {("picture", "other_model")}
