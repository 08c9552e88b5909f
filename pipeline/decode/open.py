"""Opening a media file, with an exact error where that fails. Runs in the decoding child."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from typing import Any

import av

from pipeline.decode.stream_choice import chosen_audio, chosen_video, moving
from stores.core.errors import MediaError

# Largest picture that is decoded: 8192 x 8192 covers 8K and every camera; a header can claim anything.
MAX_PIXELS = 2**26
MAX_SIDE = 16384

# Containers of video and sound, by libavformat's names. Left out on purpose: playlists (hls, concat, dash), which
# open other files or addresses, still pictures, and plain text.
_CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpegtsraw,mpeg,mpegvideo,flv,live_flv,kux,asf,asf_o,rm,ogg,"
    "mxf,gxf,nut,nsv,dv,wtv,ivf,obu,h261,h263,h264,hevc,vvc,av1,m4v,vc1,cavsvideo,mjpeg,dhav,swf,gif,apng,"
    "yuv4mpegpipe,amv,flic,smk,bink,roq,film_cpk,mp3,aac,flac,wav,w64,aiff,caf,ac3,eac3,dts,amr,au,ape,wv,tta,opus"
)
# Only local files: neither the container nor anything in it may reach the network.
_OPTIONS = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"}
_MP4_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"styp", b"pnot"})
_MATROSKA = b"\x1aE\xdf\xa3"
_NO_TIMESTAMPS = av.format.Flags.no_timestamps.value
_HIGHEST_RATE = 1000  # frames per second; a higher value is the rate of a clock
_MOOV_LIMIT = 1 << 26
_REFUSED = re.compile(r"Picture size (\d+)x(\d+) is invalid")
# In a sample description: its size and flags, one entry's size, then the name of protected video.
_PROTECTED = re.compile(rb"stsd.{12}encv", re.DOTALL)


@contextmanager
def opened(path: str) -> Iterator[Any]:
    """The container of ``path`` (absolute; surrogates stand for bytes that are not UTF-8), closed afterwards.

    Raises:
        MediaError: FILE_MISSING, FILE_UNREADABLE, FILE_EMPTY, NOT_MEDIA, TRUNCATED.
    """
    name = shown(path)
    _check_file(path, name)
    try:
        container = av.open(path, options=_OPTIONS, metadata_errors="replace")
    except MemoryError:
        raise
    except (av.error.FFmpegError, OSError) as error:
        raise _not_opened(path, name) from error
    with container:
        yield container


def video_stream(container: Any, path: str) -> Any:
    """The video stream to decode (`chosen_video`), checked before anything is decoded.

    Raises:
        MediaError: NO_VIDEO_STREAM, ENCRYPTED, UNSUPPORTED_CODEC, ABSURD_DIMENSIONS.
    """
    name = shown(path)
    streams = moving(container)
    if not streams and "mp4" in container.format.name and not _moov(path)[1]:
        raise _cut_off(name)
    if not streams:
        raise MediaError("NO_VIDEO_STREAM", f"{name} has no moving pictures.", "Give Kinodex a file with video.")
    if is_protected(container, path):
        raise MediaError("ENCRYPTED", f"The video in {name} is encrypted.", "Give Kinodex a copy without protection.")
    stream = chosen_video(streams, lambda: opened(path))
    if stream is None:
        raise MediaError(
            "UNSUPPORTED_CODEC", f"No decoder for the video in {name}.", "Convert it, for example to H.264 in MP4."
        )
    width, height = stream.codec_context.width, stream.codec_context.height
    if not width or not height:
        width, height = _refused_size(path)
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise MediaError(
            "ABSURD_DIMENSIONS",
            f"{name} claims pictures of {width} x {height} pixels.",
            f"At most {MAX_SIDE} a side and {MAX_PIXELS} in all are decoded; scale it down.",
        )
    return stream


def _refused_size(path: str) -> tuple[int, int]:
    """The size that a header claims and FFmpeg refuses, which only its log reports; (0, 0) if there is none."""
    level = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture() as logged, suppress(av.error.FFmpegError, OSError):
            av.open(path, options=_OPTIONS, metadata_errors="replace").close()
    finally:
        av.logging.set_level(level)
    sizes = [_REFUSED.search(text) for _, _, text in logged]
    return next(((int(size[1]), int(size[2])) for size in sizes if size), (0, 0))


def audio_stream(container: Any, wanted: str = "") -> Any | None:
    """The audio track to decode (`chosen_audio`), or None."""
    return chosen_audio(container, wanted)


def frame_rate(container: Any, stream: Any) -> Fraction:
    """Frames per second, 0 if unknown.

    A demuxer without timestamps claims 25 whatever the stream says, and the DV demuxer claims its clock rate.
    """
    rate = Fraction(stream.average_rate or stream.guessed_rate or 0)
    guessed = Fraction(stream.guessed_rate or 0)
    if guessed and (rate > _HIGHEST_RATE or not has_timestamps(container)):
        return guessed
    return rate


def has_timestamps(container: Any) -> bool:
    """Whether the container stores timestamps; a raw stream of one codec does not."""
    return not container.format.flags & _NO_TIMESTAMPS


def decoded(container: Any, stream: Any) -> Iterator[Any]:
    """All decodable frames of a stream; broken packets in between are skipped, as players do."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except MemoryError:
            raise
        except (av.error.FFmpegError, OSError):
            return  # the container ends abruptly here; what was decoded counts
        if packet is None:
            return
        try:
            yield from packet.decode()
        except (av.error.InvalidDataError, av.error.EOFError):
            continue


def is_protected(container: Any, path: str) -> bool:
    """Whether an MP4 declares its video as encrypted (ISO/IEC 23001-7, sample entry ``encv``).

    FFmpeg ignores that entry in favour of the codec inside it, and would decode noise.
    """
    return "mp4" in container.format.name and bool(_PROTECTED.search(_moov(path)[0]))


def shown(path: str) -> str:
    """The file's name for a message, printable whatever its bytes are."""
    return repr(os.fsencode(os.path.basename(path)).decode("utf-8", "replace"))  # noqa: PTH119 - may contain any bytes


def _check_file(path: str, name: str) -> None:
    try:
        found = os.stat(path)  # noqa: PTH116
        if not stat.S_ISREG(found.st_mode):
            raise MediaError("FILE_UNREADABLE", f"{name} is not a regular file.", "Give Kinodex a file.")
        with open(path, "rb"):  # noqa: PTH123
            pass
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MediaError(
            "FILE_MISSING", f"{name} does not exist.", "Check the path, and whether it was moved."
        ) from error
    except OSError as error:
        raise MediaError(
            "FILE_UNREADABLE", f"{name} cannot be read: {error.strerror}.", "Check its permissions and the disk."
        ) from error
    if not found.st_size:
        raise MediaError("FILE_EMPTY", f"{name} has no content (0 bytes).", "Copy or download it again.")


def _not_opened(path: str, name: str) -> MediaError:
    with open(path, "rb") as file:  # noqa: PTH123
        head = file.read(8)
    if head[4:8] in _MP4_BOXES or head.startswith(_MATROSKA):
        return _cut_off(name)
    return MediaError("NOT_MEDIA", f"{name} is not a video in a known container.", "Remove it or convert it.")


def _cut_off(name: str) -> MediaError:
    return MediaError(
        "TRUNCATED",
        f"{name} starts like a video, but its index is missing: copying or recording was not finished.",
        "Copy or download it again.",
    )


def _moov(path: str) -> tuple[bytes, bool]:
    """The index (moov box) of an MP4 file, found by walking its top-level boxes; and whether it is complete."""
    with open(path, "rb") as file:  # noqa: PTH123
        while len(head := file.read(8)) == 8:
            size, kind, read = int.from_bytes(head[:4], "big"), head[4:], 8
            if size == 1:
                size, read = int.from_bytes(file.read(8), "big"), 16
            if kind == b"moov":
                wanted = min(size - read, _MOOV_LIMIT) if size else _MOOV_LIMIT
                index = file.read(max(0, wanted))
                return index, len(index) == wanted or not size
            if size < read:
                break
            file.seek(size - read, os.SEEK_CUR)
    return b"", True
