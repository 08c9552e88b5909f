"""Crashes, loops and memory bombs of codecs end the child, not us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.decode.decoder import Decoder, DecoderLimits
from pipeline.decode.frames import Sampling
from stores.core.errors import MediaError
from tests.unit.pipeline.media import RED, flat, make_video, video_of


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return make_video(tmp_path / "good.mp4", [flat(RED)] * 25)


def misbehave(decoder: Decoder, how: str) -> MediaError:
    with pytest.raises(MediaError) as caught:
        decoder._misbehave(how)
    return caught.value


def test_a_crash_names_its_signal_and_the_next_file_is_decoded(good: Path) -> None:
    with Decoder() as decoder:
        error = misbehave(decoder, "crash")
        assert error.code.name == "DECODE_CRASHED"
        assert error.code.retryable
        assert "SIGSEGV" in error.message
        assert decoder.probe(good).width == 160


@pytest.mark.parametrize("limits", [DecoderLimits(stall_seconds=0.5), DecoderLimits(minimum_seconds=0.5)])
def test_an_endless_loop_is_stopped(good: Path, limits: DecoderLimits) -> None:
    with Decoder(limits) as decoder:
        begun = time.monotonic()
        assert misbehave(decoder, "loop").code.name == "DECODE_TIMEOUT"
        assert time.monotonic() - begun < 5


def test_a_memory_bomb_is_contained(good: Path) -> None:
    with Decoder(DecoderLimits(address_space_bytes=1 << 31)) as decoder:
        assert misbehave(decoder, "memory").code.name == "DECODE_MEMORY"
        assert decoder.probe(good).width == 160


def test_a_killed_child_is_noticed_and_replaced(good: Path) -> None:
    with Decoder() as decoder:
        video = video_of(good, decoder)
        batches = decoder.frames(good, video, [Sampling("a", None, 64, batch=1)])
        next(batches)
        (child,) = children(os.getpid())
        os.kill(child, signal.SIGKILL)
        with pytest.raises(MediaError) as caught:
            list(batches)
        assert caught.value.code.name == "DECODE_CRASHED"
        assert "SIGKILL" in caught.value.message
        assert len(list(decoder.frames(good, video, [Sampling("a", 1.0, 64)]))) == 1


def test_the_time_that_the_caller_takes_is_not_the_decoder_s(good: Path) -> None:
    with Decoder(DecoderLimits(minimum_seconds=1.5, seconds_per_media_second=0.1)) as decoder:
        video = video_of(good, decoder)
        for batch in decoder.frames(good, video, [Sampling("a", None, 64, batch=5)]):
            assert len(batch.ticks) == 5
            time.sleep(0.5)


def test_the_child_is_reused_and_replaced_in_time(good: Path) -> None:
    with Decoder(DecoderLimits(restart_after=2)) as decoder:
        seen = []
        for _ in range(4):
            decoder.probe(good)
            seen += children(os.getpid())
        assert seen[0] == seen[1] != seen[2] == seen[3]
    assert not children(os.getpid())


def test_the_child_ends_with_its_parent(good: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from pipeline.decode.decoder import Decoder\n"
        f"Decoder().probe(Path({str(good)!r})); print('ready', flush=True); sys.stdin.read()"
    )
    root = Path(__file__).parents[3]
    parent = subprocess.Popen(
        [sys.executable, "-c", code], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        (child,) = children(parent.pid)
        parent.kill()
    until = time.monotonic() + 5
    while alive(child) and time.monotonic() < until:
        time.sleep(0.05)
    assert not alive(child)


def children(pid: int) -> list[int]:
    """Children that decode (a test runner may have others)."""
    found = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [child for child in found if b"pipeline.decode.child" in Path(f"/proc/{child}/cmdline").read_bytes()]


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False


def test_no_secret_reaches_the_process_that_parses_foreign_files(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = ("KINODEX_LLM_API_KEY", "KINODEX_DATABASE", "AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY", "PGPASSWORD")
    for name in secrets:
        monkeypatch.setenv(name, "never-to-be-seen")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    with Decoder() as decoder:
        assert decoder.probe(good).width == 160
        (child,) = children(os.getpid())
        seen = Path(f"/proc/{child}/environ").read_bytes()
    assert b"never-to-be-seen" not in seen
    assert b"LC_ALL=C.UTF-8" in seen
    assert b"PATH=" in seen
