"""Reading a file's header, and decoding one frame as a check. Runs in the decoding child."""

from __future__ import annotations

import os
import re
from fractions import Fraction
from itertools import pairwise
from typing import Any

import av

from pipeline.decode.header import Header
from pipeline.decode.open import audio_stream, frame_rate, has_timestamps, opened, shown, video_stream
from pipeline.decode.protocol import Emit
from pipeline.decode.seekable import SPLICED
from pipeline.decode.splices import is_joinable, spliced_end
from pipeline.decode.stream_choice import audio_warnings, video_warnings
from stores.core.errors import MediaError

_MICROSECOND = Fraction(1, 1_000_000)  # AV_TIME_BASE of containers
# Enough packets to see the frame rate vary in a screen recording or phone video, at no noticeable cost. Ours.
_PACKETS = 200
# Frame intervals may differ by rounding to the time base (33 and 34 ms in Matroska); more is a variable rate. Ours.
_ROUNDING_TICKS = 2
_ROUNDING_SHARE = 0.05
# Sound outlasts pictures by a little in most files (its packets are longer); more than this is intended. Ours.
_OUTLASTS_SECONDS = 1
# How Matroska muxers record the length of a track, for which the format has no field.
_TAGGED = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")
# A video counts as truncated if less than this share of it is there and more than these seconds are missing. Ours:
# muxers round durations.
TRUNCATED_SHARE = 0.95
TRUNCATED_SECONDS = 1.0

# Tags of a container that are read, and characters of each: a hostile one may have any number.
MOST_TAGS = 64
LONGEST_TAG = 4000


def read_header(path: str, emit: Emit) -> Header:
    """The header of a file; ``alive`` is emitted while a file without a known length is read through.

    Raises:
        MediaError: as `opened` and `video_stream`; NO_FRAMES or DECODE_FAILED if not one frame can be decoded.
    """
    with opened(path) as container:
        stream = video_stream(container, path)
        audio = audio_stream(container)
        time_base = Fraction(stream.time_base)
        start = start_of(container, stream)
        rate = frame_rate(container, stream)
        duration = declared_end(container, stream, start)
        pictures = duration
        sound = _end_of_sound(container, audio, start, time_base)
        if pictures and (sound - pictures) * time_base > _OUTLASTS_SECONDS:
            duration = sound  # players go on showing the last picture
        warnings = [*video_warnings(container, stream), *audio_warnings(container, audio)]
        reachable = _reachable(stream, os.stat(path).st_size)  # noqa: PTH116
        if reachable is not None:
            warnings += truncation(min(pictures, reachable - start), pictures, time_base)
        if audio is None and container.streams.audio:
            warnings.append("AUDIO_DECODE_FAILED: there is no decoder for the sound track")
        frame = _first_frame(container, stream, path)
        rotation = int(-frame.rotation) % 360 // 90 * 90
        width, height = displayed_size(stream, rotation)
        joinable = is_joinable(container)
        facts = (stream.codec_context.name, audio.codec_context.name if audio else "", container.format.name)
    with opened(path) as container:
        stream = video_stream(container, path)
        variable, end = _scan_packets(container, stream, start, rate, emit if duration <= 0 else None)
    if joinable and pictures:
        with opened(path) as container:
            joined = spliced_end(container, video_stream(container, path), start, pictures, rate, emit)
        if joined:
            seconds = [round(float(ticks * time_base), 1) for ticks in (joined, pictures)]
            warnings.append(f"{SPLICED}: {seconds[0]} s in all, where its clock says {seconds[1]} s: joined recordings")
            duration = max(duration, joined)
    return Header(duration or end, time_base, start, width, height, rotation, rate, variable, *facts, tuple(warnings))


def read_tags(path: str) -> dict[str, str]:
    """The container's own tags, each at most `LONGEST_TAG` characters of whatever somebody wrote.

    Raises:
        MediaError: as `opened`.
    """
    with opened(path) as container:
        tags = list(container.metadata.items())[:MOST_TAGS]
    return {str(name)[:LONGEST_TAG]: str(value)[:LONGEST_TAG] for name, value in tags}


def start_of(container: Any, stream: Any) -> int:
    """The timestamp of tick 0: the smaller of the video stream's and the container's start, in the stream's ticks."""
    starts = []
    if stream.start_time is not None:
        starts.append(int(stream.start_time))
    if container.start_time is not None:
        starts.append(round(container.start_time * _MICROSECOND / Fraction(stream.time_base)))
    return min(starts, default=0)


def displayed_size(stream: Any, rotation: int) -> tuple[int, int]:
    """Width and height in square pixels, rotated as displayed."""
    context = stream.codec_context
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    # A sample aspect beyond 4:1 either way is a broken header, not an anamorphic film.
    if not Fraction(1, 4) <= aspect <= 4:
        aspect = Fraction(1)
    size = max(1, round(context.width * aspect)), context.height
    return size if rotation in (0, 180) else size[::-1]


def truncation(decoded: int, declared: int, time_base: Fraction) -> list[str]:
    """The warning for a video of which only ``decoded`` of ``declared`` ticks are there, unless little is missing."""
    missing = float((declared - decoded) * time_base)
    if declared <= 0 or missing <= TRUNCATED_SECONDS or decoded >= TRUNCATED_SHARE * declared:
        return []
    got, whole = (float(max(0, ticks) * time_base) for ticks in (decoded, declared))
    return [f"TRUNCATED: {got:.1f} of {whole:.1f} s can be decoded"]


def _end_of_sound(container: Any, audio: Any | None, start: int, time_base: Fraction) -> int:
    """Declared end of the sound, in ticks of the video from tick 0; 0 if none is declared."""
    if audio is None:
        return 0
    end = declared_end(container, audio, 0)
    return round(end * Fraction(audio.time_base) / time_base) - start if end else 0


def declared_end(container: Any, stream: Any, start: int) -> int:
    """Declared end of one stream, in its ticks from ``start``; 0 if none is declared."""
    tick = Fraction(stream.time_base)
    if stream.duration:
        end = int(stream.start_time or 0) + int(stream.duration)
        # A header may understate what the file's index lists.
        if stream.type == "video" and len(stream.index_entries) > 1:
            rate = Fraction(stream.average_rate or stream.guessed_rate or 25)
            end = max(end, int(stream.index_entries[-1].timestamp) + round(1 / (rate * tick)))
        return max(0, end - start)
    if tagged := _TAGGED.fullmatch(stream.metadata.get("DURATION", "")):
        hours, minutes, seconds = (Fraction(part) for part in tagged.groups())
        return max(0, round((hours * 3600 + minutes * 60 + seconds) / tick))
    if container.duration:
        # Matroska and others declare the length of the container, from its start.
        first = (container.start_time or 0) * _MICROSECOND / tick
        last: int = round(container.duration * _MICROSECOND / tick + first)
        return max(0, last - start)
    return 0


def _reachable(stream: Any, size: int) -> int | None:
    """Timestamp of the first packet in an MP4's index that lies beyond the end of the file; None if there is none."""
    missing: list[int] = [entry.timestamp for entry in stream.index_entries if entry.pos + entry.size > size]
    return min(missing) if missing else None


def _first_frame(container: Any, stream: Any, path: str) -> Any:
    failed = False
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            failed = True
            continue
        if frames:
            return frames[0]
    if failed:
        raise MediaError("DECODE_FAILED", f"Not one frame of {shown(path)} can be decoded.", "Copy it again.")
    raise MediaError("NO_FRAMES", f"There is no picture in {shown(path)}.", "Copy or record it again.")


def _scan_packets(container: Any, stream: Any, start: int, rate: Fraction, emit_alive: Emit | None) -> tuple[bool, int]:
    """Whether frame intervals vary in the first packets; and the end of the last packet read, in ticks from tick 0."""
    stamps: list[int] = []
    step = max(1, round(1 / ((rate or 25) * Fraction(stream.time_base))))
    end, count = start, 0
    timed = has_timestamps(container)
    for packet in container.demux(stream):
        if packet.size:
            count += 1
        if timed and packet.pts is not None:
            end = max(end, packet.pts + (packet.duration or step))
            if count <= _PACKETS:
                stamps.append(packet.pts)
        if emit_alive:  # the length is unknown: all packets are read
            emit_alive("alive", {}, None)
        elif count >= _PACKETS:
            break
    stamps.sort()
    # The last timestamps may still lack neighbours that are stored after them.
    steps = [b - a for a, b in pairwise(stamps[:-16] if count >= _PACKETS else stamps)]
    allowed = max(_ROUNDING_TICKS, _ROUNDING_SHARE * sorted(steps)[len(steps) // 2]) if steps else 0
    return bool(steps) and max(steps) - min(steps) > allowed, end - start if end > start else count * step
