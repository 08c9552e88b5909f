from collections import defaultdict
from pathlib import Path

import pytest

from stores.library_store import LibraryStore
from tests.unit.workflows.library_films import done, know
from workflows.planning.rates import SHIPPED, Rates

FINGERPRINTS = defaultdict(lambda: "f1")


@pytest.fixture
def store(tmp_path: Path):
    with LibraryStore.open(tmp_path / "lib", create=True) as opened:
        yield opened


def film(store: LibraryStore, tmp_path: Path, name: str, seconds: float, sound: bool = True) -> str:
    path = tmp_path / name
    path.write_bytes(name.encode())
    return know(store, path, seconds, FINGERPRINTS, sound)


def test_an_empty_library_uses_the_shipped_rates(store):
    rates = Rates.of(store)
    assert rates.measured == frozenset()
    assert rates.stages == SHIPPED
    assert rates.estimate(["objects"], 100.0).seconds == pytest.approx(15.76)


def test_rates_are_measured_once_there_is_enough_video(store, tmp_path):
    for name, seconds in (("a.mp4", 100.0), ("b.mp4", 300.0)):
        video_id = film(store, tmp_path, name, seconds)
        done(store, video_id, "pictures", "f1", seconds / 4, left=int(seconds) * 10)
    short = film(store, tmp_path, "c.mp4", 5.0)
    done(store, short, "objects", "f1", 100.0)
    rates = Rates.of(store)
    assert "pictures" in rates.measured
    assert "objects" not in rates.measured
    assert rates.of_stage("pictures").seconds_per_media_second == pytest.approx(0.25)
    assert rates.of_stage("pictures.003").bytes_per_media_second == pytest.approx(10.0)
    assert rates.of_stage("objects") == SHIPPED["objects"]
    assert (rates.samples["pictures"], rates.samples["objects"]) == (2, 1)


def test_a_suspended_machine_does_not_spoil_the_rate(store, tmp_path):
    for number in range(8):
        video_id = film(store, tmp_path, f"{number}.mp4", 100.0)
        done(store, video_id, "speech", "f1", 30_000.0 if number == 7 else 10.0)
    speed = Rates.of(store).of_stage("speech").seconds_per_media_second
    assert 0.1 <= speed < 0.3


def test_parts_count_under_their_stage(store, tmp_path):
    video_id = film(store, tmp_path, "long.mp4", 3000.0)  # five parts of 600 s
    for number in (0, 1):
        done(store, video_id, f"pictures.{number:03d}", f"p{number}", 60.0, left=6000)
    rate = Rates.of(store).of_stage("pictures")
    assert rate.seconds_per_media_second == pytest.approx(0.1)
    assert rate.bytes_per_media_second == pytest.approx(10.0)
    for number in (2, 3, 4):
        done(store, video_id, f"pictures.{number:03d}", f"p{number}", 60.0)
    done(store, video_id, "pictures", "f1", 300.0, left=30_000)
    rates = Rates.of(store)
    assert rates.of_stage("pictures").seconds_per_media_second == pytest.approx(0.1)
    assert rates.of_stage("pictures").bytes_per_media_second == pytest.approx(10.0)
    assert rates.samples["pictures"] == 1


def test_videos_without_audio_do_not_count_for_audio_stages(store, tmp_path):
    done(store, film(store, tmp_path, "a.mp4", 100.0), "speech", "f1", 20.0)
    done(store, film(store, tmp_path, "b.mp4", 900.0, sound=False), "speech", "f1", 0.0)
    assert Rates.of(store).of_stage("speech").seconds_per_media_second == pytest.approx(0.2)


def test_tokens_have_the_higher_price(store):
    rates = Rates({"describe": SHIPPED["probe"].__class__(1.0, 0.0, 500.0)})
    cost = rates.estimate(["describe"], 2000.0, (0.5, 2.0))
    assert (cost.tokens, cost.money) == (1e6, 2.0)
    assert rates.estimate(["describe"], 2000.0).money == 0.0


def test_the_index_grows_with_vectors_only(store):
    rates = Rates({**SHIPPED})
    without = rates.estimate(["pictures"], 10.0).bytes
    both = rates.estimate(["pictures", "vectors"], 10.0).bytes
    assert both - without == pytest.approx(10 * (SHIPPED["vectors"].bytes_per_media_second + rates.index_bytes))
