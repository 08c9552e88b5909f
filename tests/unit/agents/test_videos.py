"""Whole videos are found by what they are as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from typer.testing import CliRunner

from agents.search import videos as module
from agents.search.spaces import Spaces
from agents.search.videos import VideoFinder
from encoders.bundle import Encoders
from encoders.heads.specs import HeadSpec
from encoders.spaces import collections, video_collections
from kinodex.cli.app import app
from stores.core.errors import UsageError
from stores.core.records import Span, StageOutput, VectorItem
from stores.library_store import LibraryStore
from tests.unit.agents.test_near_duplicates import FIRST, MS, add, commit

WHOLE = Span(0, 16_000, MS)
BOAT, DOG, PIZZA = "imagenet:914", "imagenet:207", "imagenet:963"


@pytest.fixture(scope="module")
def encoders() -> Iterator[Encoders]:
    with Encoders.open() as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LibraryStore]:
    with LibraryStore.open(tmp_path / "library", create=True) as opened:
        yield opened


def about(encoders: Encoders, *concepts: str) -> np.ndarray:
    space = encoders.concepts
    total = np.sum([space.prototypes[space.index(concept)] for concept in concepts], axis=0)
    return np.asarray(total / np.linalg.norm(total), np.float32)


def film(store: LibraryStore, path: Path, encoders: Encoders, vectors: list[np.ndarray], head: str = "kmeans") -> str:
    """A video of which these are the vectors as a whole, beside one of a moment."""
    video_id = add(store, path, None)
    (name,) = video_collections(encoders, [head])
    items = [VectorItem(name, f"{path.name}:{n}", vector, WHOLE, "picture") for n, vector in enumerate(vectors)]
    moment = VectorItem(collections(encoders).picture, f"{path.name}:m", vectors[0], FIRST, "picture")
    commit(store, video_id, "vectors", StageOutput(vectors=(*items, moment)))
    return video_id


def test_videos_are_ranked_by_their_best_vector(store: LibraryStore, encoders: Encoders, tmp_path: Path) -> None:
    sailing = film(store, tmp_path / "sailing", encoders, [about(encoders, DOG), about(encoders, BOAT)])
    dogs = film(store, tmp_path / "dogs", encoders, [about(encoders, DOG)])
    finder = VideoFinder(store, encoders, HeadSpec("kmeans"))
    found = finder.search("a sailing boat", k=5)
    assert [video.video_id for video in found.videos] == [sailing, dogs], "each once"
    assert found.verdict == "match"
    assert found.videos[0].score >= 0.5 > found.videos[1].score
    assert found.index.state == "complete"
    assert [video.video_id for video in finder.search("a dog", k=1).videos] == [min(sailing, dogs)]
    assert (finder.search("xqzzv").verdict, finder.search("xqzzv").videos) == ("no_match", ()), "it names nothing"
    only = finder.search("a sailing boat", k=5, video_ids=[dogs])
    assert [video.video_id for video in only.videos] == [dogs]
    assert (only.index.videos_indexed, only.index.videos_known) == (1, 1)
    nothing = finder.search("quarterly interest rates")
    assert nothing.verdict == "no_match"
    assert max(video.score for video in nothing.videos) < 0.5


def test_videos_without_vectors_are_reported(store: LibraryStore, encoders: Encoders, tmp_path: Path) -> None:
    film(store, tmp_path / "a", encoders, [about(encoders, BOAT)], head="mean")
    kmeans = VideoFinder(store, encoders, HeadSpec("kmeans")).search("a boat")
    assert (kmeans.verdict, kmeans.videos, kmeans.index.state) == ("no_match", (), "empty")
    film(store, tmp_path / "b", encoders, [about(encoders, DOG)])
    found = VideoFinder(store, encoders, HeadSpec("kmeans")).search("a boat")
    assert (found.index.state, found.index.videos_indexed, found.index.videos_known) == ("partial", 1, 2)
    with pytest.raises(UsageError, match="no vectors of whole videos"):
        VideoFinder(store, encoders, None).search("a boat")
    for wrong in ({"query": " "}, {"query": "a boat", "k": 0}):
        with pytest.raises(UsageError):
            VideoFinder(store, encoders, HeadSpec("kmeans")).search(**cast(Any, wrong))


def test_vectors_of_videos_are_no_moments_of_another_model(
    store: LibraryStore, encoders: Encoders, tmp_path: Path
) -> None:
    film(store, tmp_path / "a", encoders, [about(encoders, BOAT)])
    health = store.catalog.index_health(["vectors"])
    assert Spaces(store, encoders).health(health) == health


def test_a_head_with_two_spaces_adds_both(
    store: LibraryStore, encoders: Encoders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = HeadSpec("clip2video", "weights", "a" * 64)
    names = video_collections(encoders, spec.collections)
    boat, dog = about(encoders, BOAT), about(encoders, DOG)
    for path, pair in {"one": (boat, dog), "two": (dog, boat), "three": (boat, boat)}.items():
        video_id = add(store, tmp_path / path, None)
        items = [
            VectorItem(name, f"{path}:{n}", vector, WHOLE, "picture")
            for n, (name, vector) in enumerate(zip(names, pair, strict=True))
        ]
        commit(store, video_id, "vectors", StageOutput(vectors=tuple(items)))
    head = SimpleNamespace(shares=(0.25, 0.75), queries=lambda texts: (boat[None], boat[None]))
    monkeypatch.setattr(module, "open_head", lambda *_: head)
    found = VideoFinder(store, encoders, spec).search("a boat")
    paths = {entry.video_id: entry.uris[0].rsplit("/", 1)[-1] for entry in store.catalog.videos()}
    assert [paths[video.video_id] for video in found.videos] == ["three", "two", "one"]
    assert found.videos[0].likeness == pytest.approx(1, abs=1e-4)


def test_the_command_shows_videos(
    store: LibraryStore, encoders: Encoders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    film(store, tmp_path / "sailing.mp4", encoders, [about(encoders, BOAT)], head="mean")
    film(store, tmp_path / "pizza.mp4", encoders, [about(encoders, PIZZA)], head="mean")
    store.close()
    options = ["--library", "library"]
    refused = CliRunner().invoke(app, ["search", "a boat", "--videos", *options])
    assert refused.exit_code == 2
    (tmp_path / "kinodex.toml").write_text('[perception.vectors]\nvideo = "mean"\n')
    assert CliRunner().invoke(app, ["search", "a boat", "--videos", "--explain", *options]).exit_code == 2
    result = CliRunner().invoke(app, ["search", "a sailing boat", "--videos", "--json", *options])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["verdict"] == "match"
    assert document["head"] == "mean"
    assert [video["uri"].rsplit("/", 1)[-1] for video in document["videos"]] == ["sailing.mp4", "pizza.mp4"]
    shown = CliRunner().invoke(app, ["search", "a sailing boat", "--videos", *options])
    assert "sailing.mp4" in shown.stdout
    assert "likeness" in shown.stdout
