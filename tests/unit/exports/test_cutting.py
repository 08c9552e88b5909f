"""Clips: copied without loss from the key frame before, or encoded to begin at just the frame that was asked."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from kinodex.library import Library
from kinodex.settings import ENVIRONMENT
from pipeline.playback.player import Player
from pipeline.probe import probe
from stores.core.errors import MediaError
from stores.core.records import Decision, Span, Video
from tests.unit.exports.test_exporting import run

RATE, GROUP = 25, 10


def film(path: Path, frames: int = 100, sound: bool = True) -> Path:
    """Frame n has the grey n * 2; a key frame every 10; a tone."""
    with av.open(str(path), "w") as out:
        pictures = out.add_stream("libx264", rate=RATE, options={"g": str(GROUP), "sc_threshold": "0", "bf": "2"})
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        tone = out.add_stream("aac", rate=48_000) if sound else None
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number * 2, np.uint8), format="rgb24")
            out.mux(pictures.encode(frame))
        out.mux(pictures.encode(None))
        if tone is not None:
            samples = np.sin(np.arange(48_000 * frames // RATE) / 20).astype(np.float32)
            for first in range(0, len(samples) - 1024, 1024):
                piece = av.AudioFrame.from_ndarray(samples[None, first : first + 1024], format="fltp", layout="mono")
                piece.sample_rate, piece.pts, piece.time_base = 48_000, first, Fraction(1, 48_000)
                out.mux(tone.encode(piece))
            out.mux(tone.encode(None))
    return path


def greys(path: Path) -> list[int]:
    with av.open(str(path)) as read:
        return [round(float(frame.to_ndarray(format="gray").mean()) / 2) for frame in read.decode(video=0)]


def seconds(path: Path, kind: str) -> float:
    with av.open(str(path)) as read:
        times = [
            frame.time + (frame.samples / frame.sample_rate if kind == "audio" else 1 / RATE)
            for frame in read.decode(**{kind: 0})
        ]
    return max(times)


@pytest.fixture
def player() -> Player:
    return Player()


def known(player: Player, path: Path) -> Video:
    output = probe(path, "vid_x", "0" * 64, player)
    assert output.video is not None
    return output.video


def span(video: Video, start: float, end: float) -> Span:
    return Span.from_seconds(start, end, video.time_base)


def test_packets_are_copied_from_the_key_frame_before(tmp_path: Path, player: Player) -> None:
    path = film(tmp_path / "a.mp4")
    video = known(player, path)
    with player:
        made = player.cut(path, video, tmp_path / "out.mp4", span(video, 1.0, 2.0), exact=False)
    # Second 1 is frame 25; the key frame before is 20.
    assert made.seconds == pytest.approx((0.8, 2.0), abs=0.001)
    shown = greys(tmp_path / "out.mp4")
    assert shown == pytest.approx(list(range(20, 50)), abs=1)
    assert seconds(tmp_path / "out.mp4", "audio") == pytest.approx(1.2, abs=0.05)


def test_an_exact_cut_has_just_the_frames_that_were_asked(tmp_path: Path, player: Player) -> None:
    path = film(tmp_path / "a.mp4")
    video = known(player, path)
    with player:
        made = player.cut(path, video, tmp_path / "out.mp4", span(video, 1.0, 2.0), exact=True)
    assert made.seconds == pytest.approx((1.0, 2.0), abs=0.001)
    assert greys(tmp_path / "out.mp4") == pytest.approx(list(range(25, 50)), abs=2)
    assert seconds(tmp_path / "out.mp4", "audio") == pytest.approx(1.0, abs=0.06)


def test_a_silent_video_and_its_end_are_cut(tmp_path: Path, player: Player) -> None:
    path = film(tmp_path / "a.mp4", sound=False)
    video = known(player, path)
    with player:
        made = player.cut(path, video, tmp_path / "out.mp4", span(video, 3.6, 9.0), exact=False)
    assert greys(tmp_path / "out.mp4") == pytest.approx(list(range(90, 100)), abs=1)
    assert made.seconds == pytest.approx((3.6, 4.0), abs=0.001)


def test_what_cannot_be_cut_is_a_coded_error(tmp_path: Path, player: Player) -> None:
    path = film(tmp_path / "a.mp4")
    video = known(player, path)
    (tmp_path / "bad.mp4").write_bytes(path.read_bytes()[:500])
    with player, pytest.raises(MediaError):
        player.cut(tmp_path / "bad.mp4", video, tmp_path / "out.mp4", span(video, 1.0, 2.0), exact=False)


def test_the_command_cuts_moments_and_says_how_far_they_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    root = tmp_path / "library"
    (tmp_path / "tags.csv").write_text("id,name\nt1,grey\n")
    with Library.open(root) as library:
        assert library.ingest(film(tmp_path / "grey film.mp4")).totals.done == 1
        library.import_tags(tmp_path / "tags.csv")
        video_id = library.resolve("grey film.mp4")
        line = next(iter(library.store.catalog.evidence_of(video_id)))
        decided = Decision(video_id, "t1", "accepted", 0.9, (), (line.evidence_id,))
        library.store.tags.save_decisions(video_id, [decided], "person")
    code, out, told = run(root, "export", "clips", "--tag", "grey", "-o", "made/", "--json")
    assert code == 0, told
    (made,) = json.loads(out)["files"]
    assert Path(made["path"]).name == f"001 grey film {line.span.seconds[0]:.1f}.mp4"
    assert greys(tmp_path / made["path"])
    assert made["note"]
    code, _, told = run(root, "export", "clips", "--tag", "grey", "-o", "made/")
    assert (code, "CONFLICT" in told) == (1, True)
    assert run(root, "export", "clips", "--tag", "grey", "-o", "made/", "--exact", "--force")[0] == 0
    assert [path.name for path in (tmp_path / "made").iterdir()] == [Path(made["path"]).name]
    code, _, told = run(root, "export", "clips", "-o", "made/")
    assert (code, "--query or --tag" in told) == (2, True)
    (tmp_path / "grey film.mp4").unlink()
    code, _, told = run(root, "export", "clips", "--tag", "grey", "-o", "again/")
    assert (code, "FILE_MISSING" in told) == (3, True)
