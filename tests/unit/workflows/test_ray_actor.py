"""An actor recovers staged outputs of lost workers, excuses attempts of lost machines, and reports progress."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from pipeline.perceive import PerceptionConfig
from stores.core.places import Places
from stores.core.records import StageKey, StageOutput
from stores.ledger import Attempt
from stores.library_store import LibraryStore
from workflows.executors.ray import actor as ray_actor
from workflows.executors.ray.actor import ActorConfig, Perceiver, ProgressBuffer, Row
from workflows.telemetry.progress import StageAdvanced, StageStarted
from workflows.units import WorkUnit
from workflows.work import WorkerCallbacks

SPEECH_ACTIVITY, SPEECH = (StageKey("vid_a", stage, "f1") for stage in ("speech_activity", "speech"))


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A worker on the machine ``gone`` finished ``speech_activity`` and was lost during ``speech``."""
    root = tmp_path / "lib"
    with LibraryStore.open(root, create=True) as store:
        for key in (SPEECH_ACTIVITY, SPEECH):
            assert isinstance(store.ledger.begin(key, "ray-gone-0-1"), Attempt)
        store.staging_area.write(SPEECH_ACTIVITY, StageOutput(seconds=1.5), 1)
    return root


def config_of(root: Path) -> ActorConfig:
    return ActorConfig(str(root), Places(), 3, "embedded", 1, "cpu", {}, PerceptionConfig(), ())


def opened(root: Path, monkeypatch: pytest.MonkeyPatch, machines: set[str]) -> Perceiver:
    monkeypatch.setattr(ray_actor, "alive", lambda: machines)
    monkeypatch.setattr(ray_actor, "this_machine", lambda: "here")
    actor = Perceiver(config_of(root), slots=1)
    assert actor.open().status == "finished"
    return actor


def worked_on(actor: Perceiver, *keys: StageKey) -> list[Row]:
    unit = WorkUnit("vid_a", "file:///nowhere/a.mp4", "", 10.0, {key.stage: key.fingerprint for key in keys})
    return actor.work(7, json.dumps(asdict(unit)))


@pytest.mark.parametrize("machines", [{"here"}, {"here", "gone"}])
def test_finished_stages_are_recovered_whether_or_not_the_machine_is_gone(
    machines: set[str], library: Path, monkeypatch: pytest.MonkeyPatch
):
    recovered, closing = worked_on(opened(library, monkeypatch, machines), SPEECH_ACTIVITY)
    assert (recovered.unit, recovered.stage, recovered.status, recovered.attempt) == (7, "speech_activity", "done", 1)
    assert recovered.staged
    assert (closing.stage, closing.status) == ("", "finished")


@pytest.mark.parametrize(("machines", "strikes"), [({"here"}, 0), ({"here", "gone"}, 1)])
def test_an_attempt_is_excused_only_if_its_machine_is_gone(
    machines: set[str], strikes: int, library: Path, monkeypatch: pytest.MonkeyPatch
):
    opened(library, monkeypatch, machines)
    unit = WorkUnit("vid_a", "file:///nowhere/a.mp4", "", 10.0, {"speech": "f1"})
    with LibraryStore.open(library) as store:
        ray_actor.excuse_lost_machines(store.ledger, unit)
        state = store.ledger.state(SPEECH)
        assert state is not None
        assert state.strikes == strikes


def test_a_missing_library_is_reported_with_the_machine(tmp_path: Path):
    actor = Perceiver(
        ActorConfig(str(tmp_path / "no"), Places(), 3, "embedded", 1, "cpu", {}, PerceptionConfig(), ()), slots=1
    )
    row = actor.open()
    assert (row.status, row.error_code) == ("aborted", "LIBRARY_MISSING")
    assert row.error_message.startswith("On ")


def test_the_latest_event_of_each_stage_is_kept_until_its_unit_ends():
    buffer = ProgressBuffer()
    begun, half, all_of_it = StageStarted("a", "u", "speech"), *(StageAdvanced("a", "speech", x) for x in (0.5, 1.0))
    for unit, event in ((1, begun), (1, half), (2, begun), (1, all_of_it)):
        buffer.add(unit, event)
    buffer.discard(2)
    assert buffer.drain() == [(1, begun), (1, all_of_it)]
    assert buffer.drain() == []


def test_an_actor_reports_progress_only_while_it_works(library: Path, monkeypatch: pytest.MonkeyPatch):
    actor = opened(library, monkeypatch, {"here"})
    during: list[tuple[int, object]] = []
    monkeypatch.setattr(ray_actor, "work", polling_while_at_work(actor, during))
    worked_on(actor, SPEECH)
    assert during == [
        (7, StageStarted("vid_a", "file:///nowhere/a.mp4", "speech")),
        (7, StageAdvanced("vid_a", "speech", 0.25)),
    ]
    assert actor.progress() == []


def polling_while_at_work(actor: Perceiver, during: list[tuple[int, object]]) -> Callable[..., None]:
    def work(unit: WorkUnit, memory: object, context: object, callbacks: WorkerCallbacks) -> None:
        callbacks.begun("speech")
        callbacks.advanced("speech", 0.25)
        during.extend(actor.progress())
        callbacks.advanced("speech", 0.5)

    return work
