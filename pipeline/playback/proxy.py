"""A copy of a video that browsers play, with every frame and sound at its time. Runs in the child."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from av.video.reformatter import VideoReformatter

from pipeline.decode.open import audio_stream, frame_rate, has_timestamps, opened, shown, video_stream
from pipeline.decode.probe_header import start_of
from pipeline.decode.protocol import Emit
from pipeline.decode.timeline import Timeline
from pipeline.playback.deinterlacing import Deinterlacer
from pipeline.playback.proxy_sound import CopiedSound, EncodedSound
from stores.core.errors import KinodexError, MediaError

_REPORT_SECONDS = 0.25
# What each encoder is told: good enough to look at, fast enough to wait for. Ours.
_ENCODERS = {
    "libx264": {"preset": "veryfast", "crf": "23", "profile": "high", "bf": "0"},
    "libvpx-vp9": {"crf": "34", "deadline": "realtime", "cpu-used": "6", "row-mt": "1"},
}
# A finer clock does not fit an MP4's; ticks are rounded to that of MPEG then.
_FINEST = 1_000_000
_COARSE = Fraction(1, 90_000)
_LOWEST_PRIORITY = 10  # who watches, searches or ingests comes first
_MOST_WAITING = 16  # pictures that a decoder may reorder (H.264 annex A)
_FULL = {errno.ENOSPC, errno.EDQUOT}


@dataclass(frozen=True, slots=True)
class ProxyJob:
    """How a proxy is made.

    Attributes:
        out: its path.
        copied: take the pictures as they are, into another container.
        copied_sound: take the sound as it is.
        width, height: of its pictures before they are turned, even; for those that are encoded.
        rotation: clockwise degrees by which a player turns them.
        duration: of the video in ticks, 0 if unknown.
        seconds: of the video.
        encoder: "" for the first one that there is.
    """

    out: str
    copied: bool
    copied_sound: bool
    width: int
    height: int
    rotation: int
    duration: int
    seconds: float
    encoder: str = ""


class NotCopyable(Exception):  # noqa: N818 - not an error: the pictures are encoded then
    """The packets of a file do not say enough to be put into another container."""


def make_proxy(path: str, job: ProxyJob, emit: Emit) -> None:
    """Write the proxy; ``progress`` is emitted with ``done`` in [0, 1].

    Raises:
        MediaError: as `opened` and `video_stream`; DECODE_FAILED if not one frame can be decoded.
        KinodexError: DISK_FULL.
    """
    with suppress(OSError):
        os.nice(_LOWEST_PRIORITY - os.nice(0))
    try:
        if job.copied:
            with suppress(NotCopyable):
                _write(path, job, emit, copied=True)
                return
        _write(path, job, emit, copied=False)
    except (av.error.FFmpegError, OSError) as error:
        if error.errno in _FULL:
            raise KinodexError("DISK_FULL", "The disk of the library is full.", "Free some space.") from error
        raise


def _write(path: str, job: ProxyJob, emit: Emit, copied: bool) -> None:
    with opened(path) as source:
        stream, audio = video_stream(source, path), audio_stream(source)
        first = start_of(source, stream)
        start = first * Fraction(stream.time_base)
        with av.open(job.out, "w", format="mp4", options={"movflags": "+faststart"}) as out:
            pictures: Any = _Copied(out, stream, first) if copied else _Encoded(out, source, stream, first, job)
            if job.rotation:
                pictures.stream.set_display_rotation(-job.rotation)
            sounds: Any = None
            if audio is not None:
                again = not copied or not job.copied_sound
                sounds = EncodedSound(out, audio, start, job.seconds) if again else CopiedSound(out, audio, start)
            reported = 0.0
            for packet in _packets(source, [stream, audio] if audio is not None else [stream]):
                if packet.stream.index == stream.index:  # not packet.stream_index: that of a last, empty packet is 0
                    pictures.add(packet)
                else:
                    sounds.add(packet)
                emit("alive", {}, None)
                if time.monotonic() - reported >= _REPORT_SECONDS:
                    reported = time.monotonic()
                    done = pictures.last * float(stream.time_base) / job.seconds if job.seconds else 0.0
                    emit("progress", {"done": min(1.0, max(0.0, done))}, None)
            if copied and pictures.last < 0:
                raise NotCopyable
            if pictures.last < 0:
                raise MediaError("DECODE_FAILED", f"Not one frame of {shown(path)} can be decoded.", "Copy it again.")
            pictures.end()
            if sounds is not None:
                sounds.end()


class _Copied:
    """Packets as they are, moved so that the video begins at 0."""

    def __init__(self, out: Any, stream: Any, first: int) -> None:
        self._out, self._first = out, first
        self.stream = out.add_stream_from_template(stream)
        self.last = -1
        self._end = 0
        self._newest: Any = None
        self._waiting: list[Any] = []  # Matroska does not say when the first packets are decoded

    def add(self, packet: Any) -> None:
        if not packet.size:
            return
        if packet.pts is None or packet.is_discard or (packet.dts is None and self.last >= 0):
            raise NotCopyable
        if self.last < 0 and not self._waiting and not packet.is_keyframe:
            return
        self._waiting.append(packet)
        if packet.dts is None:
            if len(self._waiting) > _MOST_WAITING:
                raise NotCopyable
            return
        waiting, self._waiting = self._waiting, []
        step = packet.duration or 1
        for place, one in enumerate(waiting, 1 - len(waiting)):
            one.dts = packet.dts + place * step - self._first if one is not packet else packet.dts
        packet.dts -= self._first
        for one in waiting:
            one.pts -= self._first
            self.last = max(self.last, one.pts)
            one.stream = self.stream
            self._end = max(self._end, one.pts + (one.duration or 1))
            if self._newest is not None:
                self._out.mux(self._newest)
            self._newest = one

    def end(self) -> None:
        if self._waiting or self._newest is None:
            raise NotCopyable
        # An MP4 ends with the packet that is decoded last, and a player shows nothing behind its end.
        self._newest.duration = max(1, self._end - self._newest.dts)
        self._out.mux(self._newest)


class _Encoded:
    """Pictures decoded and encoded again, each at its tick."""

    def __init__(self, out: Any, source: Any, stream: Any, first: int, job: ProxyJob) -> None:
        self._out, self._job = out, job
        stream.thread_type = "AUTO"
        base, rate = Fraction(stream.time_base), frame_rate(source, stream)
        self._timed = has_timestamps(source)
        self._timeline = Timeline(first if self._timed else 0, base, rate)
        self._ticks = base if base.denominator <= _FINEST else _COARSE
        self._base = base
        name = job.encoder or next(name for name in _ENCODERS if name in av.codecs_available)
        whole = max(1, round(rate or 25))
        self.stream = out.add_stream(name, rate=whole, options={**_ENCODERS[name], "g": str(whole)})
        self.stream.width, self.stream.height, self.stream.pix_fmt = job.width, job.height, "yuv420p"
        self.stream.time_base = self.stream.codec_context.time_base = self._ticks
        self._reformatter, self._deinterlacer = VideoReformatter(), Deinterlacer()
        self._written = -1
        self._lengths: dict[int, int] = {}  # by tick, of pictures on their way

    @property
    def last(self) -> int:
        return self._timeline.last

    def add(self, packet: Any) -> None:
        try:
            frames = packet.decode()
        except (av.error.InvalidDataError, av.error.EOFError):
            return
        for frame in frames:
            self._frame(frame)

    def end(self) -> None:
        for picture in self._deinterlacer.rest():
            self._write(picture)
        self._out.mux(self.stream.encode(None))

    def _frame(self, frame: Any) -> None:
        timed = (frame.pts, frame.dts, frame.duration) if self._timed else (None, None, None)
        tick = self._timeline.tick(*timed)
        if tick is None or 0 < self._job.duration <= tick:
            return
        self._lengths[tick] = frame.duration or 0
        frame.pts, frame.time_base = tick, self._base
        for picture in self._deinterlacer.whole(frame):
            self._write(picture)

    def _write(self, whole: Any) -> None:
        tick = round(whole.pts * Fraction(whole.time_base) / self._base)
        length = self._lengths.pop(tick, 0)
        picture = self._reformatter.reformat(whole, self._job.width, self._job.height, "yuv420p")
        picture.pts, picture.time_base = round(tick * self._base / self._ticks), self._ticks
        picture.pict_type = 0  # the encoder decides, whatever it was
        picture.duration = max(1, round(length * self._base / self._ticks)) if length else 0
        if picture.pts <= self._written:
            return
        self._written = picture.pts
        self._out.mux(self.stream.encode(picture))


def _packets(container: Any, streams: list[Any]) -> Iterator[Any]:
    with suppress(av.error.FFmpegError, OSError):  # the container ends abruptly here; what was read counts
        yield from container.demux(streams)
