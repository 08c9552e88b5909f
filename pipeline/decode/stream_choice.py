"""Which of several streams is watched, and which of several audio tracks is heard. Runs in the decoding child."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import av

_ASIDE = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
_OF_OTHERS = (
    av.stream.Disposition.comment
    | av.stream.Disposition.visual_impaired
    | av.stream.Disposition.hearing_impaired
    | av.stream.Disposition.karaoke
    | av.stream.Disposition.dub
)
# Packets within which a stream of moving pictures shows a second one: some minutes of a film with sound. Ours.
_PACKETS = 10_000
# Streams of about the same length are all the film, and the first of them is taken. Ours: encoders end a little apart.
_AS_LONG = Fraction(9, 10)
_COMMENTARY = ("comment", "descri")  # in titles of tracks that talk about the film instead of being its sound


def moving(container: Any) -> list[Any]:
    """The streams of pictures, without cover art and thumbnails."""
    return [stream for stream in container.streams.video if not stream.disposition & _ASIDE]


def chosen_video(streams: Sequence[Any], again: Any) -> Any | None:
    """The stream to watch: of those that have a decoder and more than one picture, the default, else the longest.

    Args:
        streams: as `moving` gives them.
        again: gives a context with the same container opened anew, to look into where there are several.
    """
    able = [stream for stream in streams if stream.codec_context is not None]
    if len(able) < 2:
        return able[0] if able else None
    with again() as container:
        stills = _stills(container, [stream.index for stream in able])
    able = [stream for stream in able if stream.index not in stills] or able
    able = _flagged(able) or able
    lengths = [_length(stream) for stream in able]
    return next(stream for stream, length in zip(able, lengths, strict=True) if length >= max(lengths) * _AS_LONG)


def chosen_audio(container: Any, wanted: str = "") -> Any | None:
    """The audio track to hear; None if no track has a decoder.

    The wanted one, else the default, else the first that is neither a commentary nor made for the impaired.

    Args:
        wanted: a number, from 1, or the language of a track as its header tells it; "" for none. Where a file has no
            such track, it is as if none were wanted.
    """
    tracks = list(container.streams.audio)
    for number, track in enumerate(tracks, 1):
        if wanted and track.codec_context is not None and wanted.casefold() in (str(number), _language(track)):
            return track
    able = [track for track in tracks if track.codec_context is not None]
    able = _flagged(able) or able
    return next((track for track in able if not _is_aside(track)), able[0] if able else None)


def video_warnings(container: Any, chosen: Any) -> list[str]:
    """What a user should know of several streams of moving pictures, as coded remarks."""
    others = [f"{_named(stream)}" for stream in moving(container) if stream.index != chosen.index]
    if not others:
        return []
    return [f"VIDEO_STREAMS: {_named(chosen)} is watched; left out: {', '.join(others)}"]


def audio_warnings(container: Any, chosen: Any | None) -> list[str]:
    """All tracks, where there are several, as a coded remark."""
    tracks = list(container.streams.audio)
    if len(tracks) < 2:
        return []
    listed = []
    for number, track in enumerate(tracks, 1):
        facts = [_language(track), track.codec_context.name if track.codec_context is not None else "no decoder"]
        facts += [f'"{title}"'] if (title := _printable(track.metadata.get("title", ""))) else []
        facts += ["default"] if track.disposition & av.stream.Disposition.default else []
        facts += ["heard unless another is wanted"] if chosen is not None and track.index == chosen.index else []
        listed.append(f"{number} ({', '.join(filter(None, facts))})")
    return [f"AUDIO_TRACKS: {', '.join(listed)}"]


def _flagged(streams: Sequence[Any]) -> list[Any]:
    return [stream for stream in streams if stream.disposition & av.stream.Disposition.default]


def _stills(container: Any, indices: Sequence[int]) -> set[int]:
    """Those of the streams that hold one picture only, as far as one sees from the first packets."""
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
    """Seconds, as declared; 0 if they are not."""
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


def _is_aside(track: Any) -> bool:
    title = track.metadata.get("title", "").casefold()
    return bool(track.disposition & _OF_OTHERS) or any(word in title for word in _COMMENTARY)


def _named(stream: Any) -> str:
    context = stream.codec_context
    facts = f"{context.name} {context.width}x{context.height}" if context is not None else "no decoder"
    return f"stream {stream.index} ({facts})"


def _printable(text: str) -> str:
    """A tag of the file, short and on one line, whatever it holds."""
    return "".join(letter if letter.isprintable() and letter not in '"\\' else " " for letter in text)[:40].strip()
