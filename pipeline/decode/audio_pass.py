"""The pass over the sound of a video: 16 kHz mono, in units of bounded length. Runs in the decoding child."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from pipeline.decode.open import audio_stream, shown
from pipeline.decode.phase import OppositePhase
from pipeline.decode.protocol import Emit
from pipeline.decode.seeking import decoding_from
from pipeline.decode.timeline import RESTART_SECONDS
from stores.core.errors import MediaError

SAMPLE_RATE = 16_000
# Gaps (a muted stretch of a stream, a lost packet) are filled with silence, so that later words keep their times;
# smaller steps are jitter of the timestamps. Ours: shorter than a syllable.
_GAP_SECONDS = 0.2
_SILENCE = 60 * SAMPLE_RATE  # samples of silence emitted at a time: a stream may be muted for hours
# A unit ends where it is quietest in its last ten seconds, so that no word is cut. Ours.
_SEARCH_SECONDS = 10
_QUIET_SECONDS = 0.1
# The level of a tenth of a second is averaged, with triangular weights, over so many on either side; the cut is then
# made in the quietest one within _NEAR of the best. Levels below -80 dB count as equal. Ours.
_AROUND = 5
_NEAR = 2
_SILENT = 1e-8
# After a seek, decoders need a few frames until their output is correct. Source: 80 ms for Opus (RFC 7845 section 4.6),
# two frames of 21 ms for AAC, the bit reservoir of 511 bytes for MP3.
_RUN_UP_SECONDS = 1


@dataclass(frozen=True, slots=True)
class AudioJob:
    """Which sound of a file is decoded.

    Attributes:
        start: seconds in the file's timestamps that are second 0 of the video.
        duration: seconds of the video, as far as known; silence is not filled in beyond it.
        unit_seconds: length of a message, at most.
        begin, end: seconds of the video between which sound is wanted, None for its beginning and its end. Each is
            moved to the quietest place in the ``search_seconds`` before it, so that no word is cut.
        track: number, from 1, or language of the audio track; "" for the one that `audio_stream` chooses.
    """

    start: float
    duration: float
    unit_seconds: float
    begin: float | None = None
    end: float | None = None
    search_seconds: float = _SEARCH_SECONDS
    track: str = ""

    def stream(self, container: Any, path: str) -> Any:
        """The audio track in an open container.

        Raises:
            MediaError: AUDIO_DECODE_FAILED if no track has a decoder.
        """
        stream = audio_stream(container, self.track)
        if stream is None:
            raise MediaError("AUDIO_DECODE_FAILED", f"{shown(path)} has no sound track with a known codec.")
        return stream


def decode_audio(path: str, job: AudioJob, emit: Emit) -> None:
    """Decode the sound and emit it as ``sound`` messages: float32 mono at 16 kHz, ``start`` in seconds of the video.

    Raises:
        MediaError: as `opened`; AUDIO_DECODE_FAILED if there is no sound track, no decoder, or nothing decodable.
    """
    begin = None if job.begin is None else _quiet_place(path, job, job.begin, emit)
    end = None if job.end is None else _quiet_place(path, job, job.end, emit)
    unit = max(2 * _SEARCH_SECONDS, round(job.unit_seconds)) * SAMPLE_RATE
    buffered: list[NDArray[np.float32]] = []
    count, first = 0, 0.0
    for at, samples in _sound(path, job, begin, end, emit):
        first = first if buffered else at
        buffered.append(samples)
        count += len(samples)
        while count >= unit:
            wgap = np.concatenate(buffered)
            tail = unit - _SEARCH_SECONDS * SAMPLE_RATE
            cut = tail + _quietest(wgap[tail:unit])
            emit("sound", {"start": first}, wgap[:cut])
            buffered, count, first = [wgap[cut:]], len(wgap) - cut, first + cut / SAMPLE_RATE
    if count:
        emit("sound", {"start": first}, np.concatenate(buffered))


def _quiet_place(path: str, job: AudioJob, near: float, emit: Emit) -> float:
    """The quietest place, in seconds, in the ``search_seconds`` before ``near``.

    Both parts that meet at ``near`` compute it from the same samples, so that they agree on it.
    """
    found = list(_sound(path, job, near - job.search_seconds, near, emit))
    if not found:
        return near
    return found[0][0] + _quietest(np.concatenate([samples for _, samples in found])) / SAMPLE_RATE


def _sound(
    path: str, job: AudioJob, begin: float | None, end: float | None, emit: Emit
) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """(second of the first sample, samples) from ``begin`` to ``end``, without gaps."""
    place = None if begin is None else Fraction(job.start) + Fraction(begin) - _RUN_UP_SECONDS
    with decoding_from(path, job.stream, lambda _container, _stream: place, emit, job.duration) as decoding:
        first = next(decoding.frames, None)
        if first is None:
            raise MediaError(
                "AUDIO_DECODE_FAILED", f"The sound of {shown(path)} cannot be decoded.", "Copy or download it again."
            )
        for at, samples in _resampled(chain([first], decoding.frames), job.start, job.duration, emit):
            skipped = 0 if begin is None else min(len(samples), max(0, round((begin - at) * SAMPLE_RATE)))
            stop = len(samples) if end is None else max(0, round((end - at) * SAMPLE_RATE))
            if skipped < min(stop, len(samples)):
                yield at + skipped / SAMPLE_RATE, samples[skipped:stop]
            if stop < len(samples):
                return


def _resampled(
    frames: Iterator[Any], start: float, duration: float, emit: Emit
) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """(second of the first sample, 16 kHz mono samples) of all frames; gaps in the timestamps become silence."""
    resampler: Any = None
    kind = None
    origin: float | None = None
    decoded = 0.0  # seconds of input since the origin
    emitted = 0  # samples of output since the origin
    phase = OppositePhase()
    shifts = [0.0]  # offsets that restarted clocks of a spliced file have made necessary, the current one last

    def timed(samples: NDArray[np.float32]) -> tuple[float, NDArray[np.float32]]:
        nonlocal emitted
        emitted += len(samples)
        return (origin or 0.0) + (emitted - len(samples)) / SAMPLE_RATE, samples

    for frame in frames:
        emit("alive", {}, None)
        at = float(frame.pts * frame.time_base) - start if frame.pts is not None else None
        if origin is None:
            origin = at if at is not None else 0.0
        gap = 0.0 if at is None else at + shifts[-1] - (origin + decoded)
        if at is not None and abs(gap) >= RESTART_SECONDS:
            # The clock was restarted; or a single frame has a wrong time, after which the old clock continues.
            known = next(
                (shift for shift in reversed(shifts) if abs(at + shift - origin - decoded) < RESTART_SECONDS), None
            )
            if known is not None:
                shifts.remove(known)
                shifts.append(known)
            elif gap < 0:
                shifts.append(origin + decoded - at)
            gap = at + shifts[-1] - (origin + decoded)
        at = at + shifts[-1] if at is not None else None
        if gap > _GAP_SECONDS and at is not None and at <= max(duration, origin + decoded) + 1:
            missing = round(gap * SAMPLE_RATE)
            for done in range(0, missing, _SILENCE):
                yield timed(np.zeros(min(_SILENCE, missing - done), np.float32))
            decoded += gap
        decoded += frame.samples / frame.sample_rate
        frame.pts = None  # else the resampler would fill gaps by itself
        if kind != (frame.format.name, frame.layout.name, frame.sample_rate):
            # A broadcast may switch from stereo to 5.1 and back; a resampler accepts one format only.
            for samples in _flushed(resampler):
                yield timed(samples)
            resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
            kind = frame.format.name, frame.layout.name, frame.sample_rate
        for output in resampler.resample(phase.corrected(frame)):
            yield timed(output.to_ndarray().reshape(-1))
    for samples in _flushed(resampler):
        yield timed(samples)


def _flushed(resampler: Any) -> list[NDArray[np.float32]]:
    return [output.to_ndarray().reshape(-1) for output in resampler.resample(None)] if resampler else []


def _quietest(samples: NDArray[np.float32]) -> int:
    """Index of the quietest place in ``samples`` (n,), judged with its surroundings.

    The middle of a long pause is preferred to an equally quiet tenth of a second within a word.
    """
    width = round(_QUIET_SECONDS * SAMPLE_RATE)
    steps = len(samples) // width
    if not steps:
        return 0
    energies = (samples[: steps * width].reshape(steps, width) ** 2).mean(axis=1)
    levels = np.log10(np.maximum(energies, _SILENT))
    weights = np.concatenate([np.arange(1, _AROUND + 1), np.arange(_AROUND + 1, 0, -1)]) / (_AROUND + 1) ** 2
    # What lies beyond the samples counts as loud: a pause at their very end may be longer than is known.
    around = np.convolve(np.pad(levels, _AROUND, constant_values=levels.max()), weights, mode="valid")
    best = int(around.argmin())
    last = best
    while last + 1 < steps and around[last + 1] <= around[best]:
        last += 1
    middle = (best + last) // 2
    near = range(max(0, middle - _NEAR), min(steps, middle + _NEAR + 1))
    quietest = min(near, key=lambda step: (levels[step], abs(step - middle)))
    return quietest * width + width // 2
