"""Loading in the background: in the order of need, and never after the job has ended."""

from __future__ import annotations

import threading

import pytest

from encoders.types import WeightsError
from workflows import loading as loading_module
from workflows.loading import Loading


class Models:
    """Encoders that record which models are requested."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.first = threading.Event()
        self.go_on = threading.Event()

    def __getattr__(self, task: str) -> object:
        self.asked.append(task)
        self.first.set()
        self.go_on.wait(10)
        raise WeightsError("missing", f"no {task}")


def test_only_models_of_the_stages_are_loaded():
    models = Models()
    models.go_on.set()
    with Loading() as loading:
        loading.models(models, ["speech", "pictures.003", "clips"])
        while len(models.asked) < 2:
            assert models.first.wait(10)
    assert sorted(models.asked) == ["image", "speech"]


def test_tracker_and_index_are_loaded_after_all_models(monkeypatch: pytest.MonkeyPatch):
    models, late, done = Models(), [], threading.Event()

    def note(what: str) -> None:
        late.append((what, len(set(models.asked))))
        if what == "index":
            done.set()

    monkeypatch.setattr(loading_module, "load_tracker", lambda: note("tracker"))
    monkeypatch.setattr(loading_module, "load_chroma", lambda: note("index"))
    models.go_on.set()
    with Loading() as loading:
        loading.models(models, ["pictures", "objects", "tracklets"], index=True)
        assert done.wait(10)
    assert late == [("tracker", 2), ("index", 2)]


def test_the_block_waits_for_what_is_loading_and_loads_nothing_more():
    # Libraries loaded before may have threads of their own.
    models, before = Models(), set(threading.enumerate())
    loading = Loading()
    with loading:
        loading.models(models, ["pictures", "objects", "speech_activity", "speech"])
        assert models.first.wait(10)
        threading.Timer(0.5, models.go_on.set).start()
    assert set(models.asked) <= {"voice", "speech"}
    assert not [thread for thread in set(threading.enumerate()) - before if thread.name == "kinodex-loading"]
