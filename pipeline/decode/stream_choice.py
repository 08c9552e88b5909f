"""Choosing one of several video streams and one of several audio tracks. Runs in the decoding child."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import av

_NOT_A_FILM = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
_SPECIAL = (
    av.stream.Disposition.comment
    | av.stream.Disposition.visual_impaired
    | av.stream.Disposition.hearing_impaired
    | av.stream.Disposition.karaoke
    | av.stream.Disposition.dub
)
# Packets within which a video stream must have a second frame: a few minutes of a film with sound. Ours.
_PACKETS = 10_000
# Of streams that are about as long as the longest, the first one is chosen. Ours: encoders end at slightly
# different times.
_AS_LONG = Fraction(9, 10)
_COMMENTARY = ("comment", "descri")  # in titles of tracks that comment on the film


def moving(container: Any) -> list[Any]:
    """The video streams, without cover art and thumbnails."""
    return [stream for stream in container.streams.video if not stream.disposition & _NOT_A_FILM]


def chosen_video(streams: Sequence[Any], reopen: Any) -> Any | None:
    """The video stream to decode: of those with a decoder and more than one frame, the default, else the longest.

    Args:
        streams: as `moving` returns them.
        reopen: returns a context manager for the same container, opened once more, to inspect several streams.
    """
    able = [stream for stream in streams if stream.codec_context is not None]
    if len(able) < 2:
        return able[0] if able else None
    with reopen() as container:
        stills = _stills(container, [stream.index for stream in able])
    able = [stream for stream in able if stream.index not in stills] or able
    able = _flagged(able) or able
    lengths = [_length(stream) for stream in able]
    return next(stream for stream, length in zip(able, lengths, strict=True) if length >= max(lengths) * _AS_LONG)


def chosen_audio(container: Any, wanted: str = "") -> Any | None:
    """The audio track to decode; None if no track has a decoder.

    The wanted one, else the default, else the first that is neither a commentary nor for impaired viewers.

    Args:
        wanted: a number, from 1, or the language of a track as its header gives it; "" for none. Ignored if the file
            has no such track.
    """
    tracks = list(container.streams.audio)
    for number, track in enumerate(tracks, 1):
        if wanted and track.codec_context is not None and wanted.casefold() in (str(number), _language(track)):
            return track
    able = [track for track in tracks if track.codec_context is not None]
    able = _flagged(able) or able
    return next((track for track in able if not _is_commentary(track)), able[0] if able else None)


def video_warnings(container: Any, chosen: Any) -> list[str]:
    """The coded warning for a file with several video streams."""
    others = [f"{_named(stream)}" for stream in moving(container) if stream.index != chosen.index]
    if not others:
        return []
    return [f"VIDEO_STREAMS: {_named(chosen)} is used; left out: {', '.join(others)}"]


def audio_warnings(container: Any, chosen: Any | None) -> list[str]:
    """The coded warning that lists all audio tracks, for a file with several."""
    tracks = list(container.streams.audio)
    if len(tracks) < 2:
        return []
    listed = []
    for number, track in enumerate(tracks, 1):
        facts = [_language(track), track.codec_context.name if track.codec_context is not None else "no decoder"]
        facts += [f'"{title}"'] if (title := _printable(track.metadata.get("title", ""))) else []
        facts += ["default"] if track.disposition & av.stream.Disposition.default else []
        facts += ["used unless another is wanted"] if chosen is not None and track.index == chosen.index else []
        listed.append(f"{number} ({', '.join(filter(None, facts))})")
    return [f"AUDIO_TRACKS: {', '.join(listed)}"]


def _flagged(streams: Sequence[Any]) -> list[Any]:
    return [stream for stream in streams if stream.disposition & av.stream.Disposition.default]


def _stills(container: Any, indices: Sequence[int]) -> set[int]:
    """Those of the streams that have one frame only, as far as the first packets show."""
    counts: Counter[int] = Counter(dict.fromkeys(indices, 0))
    packets = container.demux([container.streams[index] for index in indices])
    for _ in range(_PACKETS):
        try:
            packet = next(packets, None)
        except (av.error.FFmpegError, OSError):
            break
        if packet is None:
            break
        counts[packet.stream.index] += 1 if packet.size else 0
        if min(counts.values()) > 1:
            break
    return {index for index, count in counts.items() if count < 2}


def _length(stream: Any) -> Fraction:
    """Declared length in seconds; 0 if none is declared."""
    if stream.duration:
        return Fraction(stream.duration * stream.time_base)
    hours, _, rest = stream.metadata.get("DURATION", "").partition(":")
    minutes, _, seconds = rest.partition(":")
    try:
        return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)
    except ValueError:
        return Fraction(0)


def _language(track: Any) -> str:
    language = _printable(track.metadata.get("language", "")).casefold()
    return "" if language == "und" else language


def _is_commentary(track: Any) -> bool:
    title = track.metadata.get("title", "").casefold()
    return bool(track.disposition & _SPECIAL) or any(word in title for word in _COMMENTARY)


def _named(stream: Any) -> str:
    context = stream.codec_context
    facts = f"{context.name} {context.width}x{context.height}" if context is not None else "no decoder"
    return f"stream {stream.index} ({facts})"


def _printable(text: str) -> str:
    """A metadata tag of the file, at most 40 printable characters, whatever it contains."""
    return "".join(letter if letter.isprintable() and letter not in '"\\' else " " for letter in text)[:40].strip()
