"""The one pass over the sound of a video: 16 kHz mono, in units of bounded length. Runs in the decoding child."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from pipeline.opening import audio_stream, decoded, opened, shown
from pipeline.wire import Emit
from stores.errors import MediaError

SAMPLE_RATE = 16_000
# Missing sound (a muted stretch of a stream, a lost packet) is filled with silence, so that later words keep their
# times; steps under this are jitter of timestamps. Ours: shorter than a syllable.
_GAP_SECONDS = 0.2
# A unit ends at the quietest tenth of a second of its last ten, so that no word is cut. Ours.
_SEARCH_SECONDS = 10
_QUIET_SECONDS = 0.1


def listen_to(path: str, start: float, duration: float, unit_seconds: float, emit: Emit) -> None:
    """Decode the sound and emit it as ``sound`` messages of at most ``unit_seconds`` each.

    Args:
        start: seconds in the file's timestamps that are second 0 of the video.
        duration: seconds of the video, as far as known; silence is not filled in beyond it.

    Raises:
        MediaError: as `opened`; AUDIO_DECODE_FAILED if there is no sound track, no decoder, or nothing decodable.
    """
    with opened(path) as container:
        stream = audio_stream(container)
        if stream is None:
            raise MediaError("AUDIO_DECODE_FAILED", f"{shown(path)} has no sound track with a known codec.")
        unit = max(2 * _SEARCH_SECONDS, round(unit_seconds)) * SAMPLE_RATE
        waiting: list[NDArray[np.float32]] = []
        count, first, seen = 0, 0.0, False
        for at, samples in _stretches(container, stream, start, duration):
            emit("alive", {}, None)
            if not seen:
                first, seen = at, True
            waiting.append(samples)
            count += len(samples)
            while count >= unit:
                whole = np.concatenate(waiting)
                cut = _quietest(whole[:unit])
                emit("sound", {"start": first}, whole[:cut])
                waiting, count, first = [whole[cut:]], len(whole) - cut, first + cut / SAMPLE_RATE
        if not seen:
            raise MediaError(
                "AUDIO_DECODE_FAILED", f"The sound of {shown(path)} cannot be decoded.", "Copy or download it again."
            )
        if count:
            emit("sound", {"start": first}, np.concatenate(waiting))


def _stretches(
    container: Any, stream: Any, start: float, duration: float
) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """(second of the first sample, samples) one after the other, without holes."""
    resampler: Any = None
    kind = None
    origin: float | None = None
    heard = 0.0  # seconds of input since the origin
    for frame in decoded(container, stream):
        at = float(frame.pts * frame.time_base) - start if frame.pts is not None else None
        if origin is None:
            origin = at if at is not None else 0.0
        hole = 0.0 if at is None else at - (origin + heard)
        if hole > _GAP_SECONDS and at is not None and at <= max(duration, origin + heard) + 1:
            yield origin, np.zeros(round(hole * SAMPLE_RATE), np.float32)
            heard += hole
        heard += frame.samples / frame.sample_rate
        frame.pts = None  # the resampler would otherwise keep its own idea of holes
        if kind != (frame.format.name, frame.layout.name, frame.sample_rate):
            # A broadcast may go from stereo to 5.1 and back; a resampler takes one kind only.
            yield from ((origin, samples) for samples in _flushed(resampler))
            resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
            kind = frame.format.name, frame.layout.name, frame.sample_rate
        for done in resampler.resample(frame):
            yield origin, done.to_ndarray().reshape(-1)
    if origin is not None:
        yield from ((origin, samples) for samples in _flushed(resampler))


def _flushed(resampler: Any) -> list[NDArray[np.float32]]:
    return [done.to_ndarray().reshape(-1) for done in resampler.resample(None)] if resampler else []


def _quietest(samples: NDArray[np.float32]) -> int:
    """Index in the middle of the quietest stretch near the end of ``samples``."""
    width = round(_QUIET_SECONDS * SAMPLE_RATE)
    tail = samples[-_SEARCH_SECONDS * SAMPLE_RATE :]
    energies = (tail[: len(tail) // width * width].reshape(-1, width) ** 2).sum(axis=1)
    return len(samples) - len(tail) + int(energies.argmin()) * width + width // 2
