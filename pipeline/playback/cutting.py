"""A part of a video as a file of its own: its packets as they are, or encoded again. Runs in the child."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from av.audio.resampler import AudioResampler

from pipeline.decode.open import audio_stream, frame_rate, has_timestamps, opened, shown, video_stream
from pipeline.decode.probe_header import start_of
from pipeline.decode.protocol import Emit
from stores.core.errors import KinodexError, MediaError

MP4_CODECS = frozenset("h264 hevc av1 vp9 mpeg4 aac mp3 ac3 eac3 opus flac alac".split())
"""What players expect in an MP4; the rest goes into a Matroska file. Source: ISO/IEC 14496 parts 12, 14, 15 and the MP4
Registration Authority."""

_FULL = {errno.ENOSPC, errno.EDQUOT}
_ENCODER = "libx264"
_OPTIONS = {"preset": "veryfast", "crf": "18", "bf": "0"}  # as good as the original to the eye. Ours.
_RATE = 48_000


@dataclass(frozen=True, slots=True)
class CutJob:
    """A cut.

    Attributes:
        out: path of the new file.
        start, end: ticks of the video from its beginning.
        exact: encode again, so that it begins and ends at just these frames; else at the key frame before.
        rotation: clockwise degrees by which a player turns the pictures.
    """

    out: str
    start: int
    end: int
    exact: bool
    rotation: int = 0


def cut(path: str, job: CutJob, emit: Emit) -> tuple[int, int]:
    """Writes the part; returns the ticks of its first and behind its last frame.

    Raises:
        MediaError: as `opened` and `video_stream`; DECODE_FAILED if there is not one frame, or if packets say too
            little to be copied.
        KinodexError: DISK_FULL.
    """
    try:
        with opened(path) as source:
            return (_encoded if job.exact else _copied)(path, source, job, emit)
    except (av.error.FFmpegError, OSError) as error:
        if error.errno in _FULL:
            raise KinodexError("DISK_FULL", "The disk is full.", "Free some space.") from error
        raise


def suffix_of(codecs: frozenset[str], exact: bool) -> str:
    """The suffix of the file that a cut becomes."""
    return ".mp4" if exact or codecs <= MP4_CODECS else ".mkv"


def _copied(path: str, source: Any, job: CutJob, emit: Emit) -> tuple[int, int]:
    stream, audio = video_stream(source, path), audio_stream(source)
    if not has_timestamps(source):
        raise _uncopyable(path)
    first, base = start_of(source, stream), Fraction(stream.time_base)
    source.seek(first + job.start, stream=stream, backward=True)
    form = "mp4" if job.out.endswith(".mp4") else "matroska"
    with av.open(job.out, "w", format=form) as out:
        pictures = out.add_stream_from_template(stream)
        if job.rotation:
            pictures.set_display_rotation(-job.rotation)
        sound = out.add_stream_from_template(audio) if audio is not None else None
        begun: int | None = None
        last = end = 0
        early: list[Any] = []
        streams = [stream, audio] if audio is not None else [stream]
        open_streams = {one.index for one in streams}
        for packet in source.demux(streams):
            emit("alive", {}, None)
            if not open_streams:
                break
            if not packet.size:
                continue
            if packet.pts is None or packet.dts is None:
                raise _uncopyable(path)
            index = packet.stream.index
            if index == stream.index:
                if packet.dts - first >= job.end and packet.pts - first >= job.end:
                    open_streams.discard(index)
                    continue
                if begun is None:
                    if not packet.is_keyframe:
                        continue
                    begun = packet.pts
                if packet.pts < begun or packet.pts - first >= job.end:
                    continue  # of the picture group before, or shown after the end
                if end < packet.pts + (packet.duration or 1):
                    last, end = packet.pts, packet.pts + (packet.duration or 1)
                packet.pts -= begun
                packet.dts -= begun
                packet.stream = pictures
                out.mux(packet)
                while early:
                    _mux_sound(out, sound, early.pop(0), begun * base)
            elif audio is not None and index in open_streams:
                if packet.pts * Fraction(audio.time_base) >= (first + job.end) * base:
                    open_streams.discard(index)
                elif begun is None:
                    early.append(packet)
                else:
                    _mux_sound(out, sound, packet, begun * base)
        if begun is None:
            raise _nothing(path)
    return begun - first, max(last, end) - first


def _mux_sound(out: Any, sound: Any, packet: Any, begin: Fraction) -> None:
    """Sound that begins with the pictures or later."""
    offset = round(begin / Fraction(packet.time_base))
    if packet.pts < offset:
        return
    packet.pts -= offset
    packet.dts -= offset
    packet.stream = sound
    out.mux(packet)


def _encoded(path: str, source: Any, job: CutJob, emit: Emit) -> tuple[int, int]:
    stream, audio = video_stream(source, path), audio_stream(source)
    stream.thread_type = "AUTO"
    first, base = start_of(source, stream), Fraction(stream.time_base)
    begin, end = (first + job.start) * base, (first + job.end) * base
    source.seek(first + job.start, stream=stream, backward=True)
    rate = frame_rate(source, stream) or Fraction(25)
    with av.open(job.out, "w", format="mp4", options={"movflags": "+faststart"}) as out:
        # Both before anything is written: later ones would not be in the header.
        pictures = _picture_stream(out, stream, rate, base, job.rotation)
        sound = out.add_stream("aac", rate=_RATE, layout="stereo") if audio is not None else None
        resampler = AudioResampler(format="fltp", layout="stereo", rate=_RATE) if audio is not None else None
        shown_first = shown_end = -1
        streams = [stream, audio] if audio is not None else [stream]
        open_streams = {one.index for one in streams}
        for packet in source.demux(streams):
            emit("alive", {}, None)
            index = packet.stream.index
            if index not in open_streams:
                if not open_streams:
                    break
                continue
            try:
                frames = packet.decode()
            except (av.error.InvalidDataError, av.error.EOFError):
                continue
            for frame in frames:
                if frame.pts is None:
                    continue
                time = frame.pts * Fraction(frame.time_base)
                if time >= end:
                    open_streams.discard(index)
                    break
                if index == stream.index:
                    lasts = frame.duration or round(1 / rate / base)
                    if time + lasts * base <= begin:
                        continue
                    # The frame that is shown when the part begins is shown from there on.
                    place = max(frame.pts, first + job.start)
                    if shown_first < 0:
                        shown_first = place
                    shown_end = frame.pts + lasts
                    kept = frame.reformat(format="yuv420p", width=pictures.width, height=pictures.height)
                    kept.pts, kept.time_base = place - first - job.start, base
                    out.mux(pictures.encode(kept))
                elif time >= begin and resampler is not None and sound is not None:
                    offset = round(begin / Fraction(frame.time_base))
                    frame.pts -= offset
                    for piece in resampler.resample(frame):
                        out.mux(sound.encode(piece))
        if shown_first < 0:
            raise _nothing(path)
        out.mux(pictures.encode(None))
        if sound is not None:
            out.mux(sound.encode(None))
    return shown_first - first, shown_end - first


def _picture_stream(out: Any, stream: Any, rate: Fraction, base: Fraction, rotation: int) -> Any:
    made = out.add_stream(_ENCODER, rate=max(1, round(rate)), options=_OPTIONS)
    made.width, made.height, made.pix_fmt = stream.width // 2 * 2, stream.height // 2 * 2, "yuv420p"
    made.time_base = made.codec_context.time_base = base
    if rotation:
        made.set_display_rotation(-rotation)
    return made


def _uncopyable(path: str) -> MediaError:
    message = f"The packets of {shown(path)} say too little to be cut without encoding."
    return MediaError("DECODE_FAILED", message, "Cut it with --exact.")


def _nothing(path: str) -> MediaError:
    return MediaError("DECODE_FAILED", f"There is not one frame of {shown(path)} in that part.", "Choose another part.")
