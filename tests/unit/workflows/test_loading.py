"""What is loaded ahead is there when it is needed, and never outlives the job."""

from __future__ import annotations

import threading

from encoders.types import WeightsError
from workflows.loading import Loading


class Models:
    """Encoders that note what is asked of them, and when."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.first = threading.Event()
        self.go_on = threading.Event()

    def __getattr__(self, task: str) -> object:
        self.asked.append(task)
        self.first.set()
        self.go_on.wait(10)
        raise WeightsError("missing", f"no {task}")


def test_only_what_the_stages_need():
    models = Models()
    models.go_on.set()
    with Loading() as loading:
        loading.models(models, ["speech", "pictures.003", "clips"])
        while len(models.asked) < 2:
            assert models.first.wait(10)
    assert sorted(models.asked) == ["image", "speech"]


def test_the_block_ends_when_what_is_being_loaded_has_come_to_its_end_and_loads_nothing_more():
    models = Models()
    loading = Loading()
    with loading:
        loading.models(models, ["pictures", "objects", "voice", "speech"])
        assert models.first.wait(10)
        threading.Timer(0.5, models.go_on.set).start()
    assert set(models.asked) <= {"voice", "speech"}
    assert not any(thread.name == "kinodex-loading" for thread in threading.enumerate())
