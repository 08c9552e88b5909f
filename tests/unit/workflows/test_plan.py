"""Plans of real files; no model is loaded."""

import os
import shutil
from pathlib import Path

import pytest

from encoders.bundle import Encoders
from pipeline.perceive import fingerprints, stages
from pipeline.perception import AUDIO_STAGES
from stores.core.errors import MediaError
from stores.core.ids import sha256_of
from stores.core.records import StageKey
from stores.ledger import Attempt
from stores.library_store import LibraryStore
from tests.e2e.media import write_video
from tests.unit.workflows.library_films import done, know
from workflows.job_options import JobOptions
from workflows.planning import plan as planning
from workflows.planning.plan import plan


@pytest.fixture
def encoders():
    with Encoders.open() as opened:
        yield opened


@pytest.fixture
def stage_fingerprints(encoders) -> dict[str, str]:
    return fingerprints(stages(encoders))


@pytest.fixture
def store(tmp_path: Path):
    with LibraryStore.open(tmp_path / "lib", create=True) as opened:
        yield opened


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    return folder


def all_files(root: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in root.rglob("*.*")}


def test_new_files_are_probed_and_nothing_is_written(store, encoders, films, tmp_path):
    write_video(films / "a.mp4", seconds=3.0, sound=True)
    before = all_files(tmp_path / "lib"), store.catalog.revision()
    made = plan(store, encoders, [films], JobOptions(workers=2))
    (one,) = made.inputs
    assert (one.state, one.video_id, one.error_code) == ("new", "", "")
    assert one.media_seconds == pytest.approx(3.0, abs=0.2)
    assert one.stages == tuple(stage.name for stage in stages(encoders))
    assert one.cost.seconds > 0
    assert one.cost.bytes > 0
    assert made.estimated == one.stages
    assert made.measured == ()
    assert made.wall_seconds >= planning.MODEL_LOAD_SECONDS
    assert made.free_bytes > 0
    assert (store.catalog.videos(), store.ledger.receipts(), store.runs.runs()) == ([], [], [])
    assert (all_files(tmp_path / "lib"), store.catalog.revision()) == before


def test_audio_stages_cost_nothing_without_audio(store, encoders, films):
    loud = write_video(films / "a.mp4", seconds=3.0, sound=True)
    dumb = write_video(films / "b.mp4", seconds=3.0, seed=1)
    costs = {each.uri: each.cost.seconds for each in plan(store, encoders, [loud, dumb]).inputs}
    assert costs[str(dumb)] < 0.9 * costs[str(loud)]


def test_problems_have_the_code_that_a_run_would_report(store, encoders, films):
    (films / "text.mp4").write_text("This is no film.")
    (films / "empty.mp4").touch()
    made = plan(store, encoders, [films, films / "none.mp4"])
    assert [(Path(each.uri).name, each.state, each.error_code) for each in made.inputs] == [
        ("empty.mp4", "problem", "FILE_EMPTY"),
        ("text.mp4", "problem", "NOT_MEDIA"),
        ("none.mp4", "problem", "FILE_MISSING"),
    ]
    assert (made.videos, made.wall_seconds, made.cost.seconds) == (0, 0, 0)


def test_finished_videos_cost_nothing_under_any_name(store, encoders, films, stage_fingerprints):
    film = write_video(films / "a.mp4")
    video_id = know(store, film, 2.0, stage_fingerprints)
    for stage, fingerprint in stage_fingerprints.items():
        if stage not in ("probe", "vectors"):
            done(store, video_id, stage, fingerprint, 1.0)
    (one,) = plan(store, encoders, [films]).inputs
    assert (one.state, one.stages) == ("known", ("vectors",))
    done(store, video_id, "vectors", stage_fingerprints["vectors"], 1.0)
    shutil.copy(film, films / "b.mp4")
    one, two = plan(store, encoders, [films]).inputs
    assert [(each.state, each.stages, each.video_id) for each in (one, two)] == [
        ("known", (), video_id),
        ("copy", (), video_id),
    ]


def test_copies_are_recognised_by_content_unless_they_are_large(store, encoders, films, monkeypatch):
    film = write_video(films / "a.mp4")
    shutil.copy(film, films / "b.mp4")
    one, two = plan(store, encoders, [films]).inputs
    assert (one.state, two.state, two.stages) == ("new", "copy", ())
    monkeypatch.setattr(planning, "HASHED", 10)
    assert [each.state for each in plan(store, encoders, [films]).inputs] == ["new", "new"]


def test_permanent_failures_are_listed_and_not_planned(store, encoders, films, stage_fingerprints):
    film = films / "text.mp4"
    film.write_text("This is no film.")
    info = film.stat()
    video_id = store.catalog.register(film, sha256_of(film), info.st_size, info.st_mtime_ns)
    attempt = store.ledger.begin(StageKey(video_id, "probe", stage_fingerprints["probe"]), "test")
    assert isinstance(attempt, Attempt)
    store.ledger.fail(attempt, "NOT_MEDIA", str(MediaError("NOT_MEDIA", "no film")))
    (one,) = plan(store, encoders, [films]).inputs
    assert (one.state, one.error_code, one.stages) == ("known", "NOT_MEDIA", ())


def test_rates_of_this_library_are_used_and_named(store, encoders, films, stage_fingerprints):
    old, new = write_video(films / "a.mp4"), write_video(films / "b.mp4", seconds=2.0, seed=1)
    video_id = know(store, old, 600.0, stage_fingerprints)
    for stage, fingerprint in stage_fingerprints.items():
        if stage != "probe":
            done(store, video_id, stage, fingerprint, 6000.0)
    made = plan(store, encoders, [new], JobOptions(workers=1))
    assert set(made.measured) == set(stage_fingerprints)
    assert made.estimated == ()
    watched = len(stage_fingerprints.keys() - {"probe", *AUDIO_STAGES})  # there is no audio
    assert made.cost.seconds == pytest.approx(2.0 * 10.0 * watched, rel=0.05)


def test_finished_parts_are_subtracted(store, encoders, films, stage_fingerprints):
    from pipeline.segments.parts import part_fingerprint, parts_of

    film = write_video(films / "a.mp4")
    video_id = know(store, film, 3000.0, stage_fingerprints)
    whole = plan(store, encoders, [film], JobOptions(workers=4))
    video = store.catalog.video(video_id)
    assert video is not None
    for part in parts_of(video)[:2]:
        for stage in ("objects", "screentext"):
            done(
                store, video_id, f"{stage}.{part.number:03d}", part_fingerprint(stage_fingerprints[stage], part), 100.0
            )
    rest = plan(store, encoders, [film], JobOptions(workers=4))
    assert rest.inputs[0].stages == whole.inputs[0].stages
    assert {"objects", "screentext"} == set(rest.measured) - {"probe"}
    assert 0 < rest.wall_seconds < rest.cost.seconds  # parts are shared between workers


def test_planning_does_not_record_that_a_file_is_back(store, encoders, films, stage_fingerprints):
    film = write_video(films / "a.mp4")
    know(store, film, 2.0, stage_fingerprints)
    store.catalog.note_missing(film)
    os.utime(film, ns=(film.stat().st_atime_ns, film.stat().st_mtime_ns))
    before = store.catalog.videos()
    assert plan(store, encoders, [film]).inputs[0].state == "known"
    assert store.catalog.videos() == before
