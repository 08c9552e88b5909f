"""Discovery: the files under the given paths that may be videos."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

VIDEO_SUFFIXES = frozenset(
    """
    .264 .265 .266 .3g2 .3gp .3gp2 .3gpp .amv .asf .av1 .avc .avi .avs2 .avs3 .bik .bik2 .cavs .cpk .dat .dav .dif .divx
    .dv .dvr-ms .evo .f4v .flc .fli .flv .gxf .h261 .h263 .h264 .h265 .h266 .h26l .hevc .ism .ismv .ivf .kux .m1v .m2p
    .m2t .m2ts .m2v .m4v .mj2 .mjp2 .mjpeg .mjpg .mk3d .mkv .mod .mov .mp2v .mp4 .mp4v .mpe .mpeg .mpeg2 .mpeg4 .mpg
    .mpv .mts .mxf .nsv .nut .obu .ogm .ogv .ogx .psp .qt .rm .rmvb .roq .rv .smk .swf .tod .tp .trp .ts .vc1 .vob .vro
    .vvc .webm .wmv .wtv .xvid .y4m
    """.split()
)
"""What a directory walk takes for a video; a file given explicitly is always taken.

Source: the extensions FFmpeg's demuxers declare for containers that carry moving pictures
(``ffmpeg -h demuxer=…``), without still and animated images, and those used by cameras, recorders and discs.
"""

_TRANSPORT_STREAM = frozenset({".ts", ".mts"})
_SYNC = 0x47
_SYNC_OFFSETS = (0, 4)
# Other kinds of files have these suffixes, too: go.mod, any data. Camcorders and video CDs use them for MPEG program
# streams, which begin with a pack header (ISO/IEC 13818-1, 2.5.3.3), on a CD within a RIFF of the kind CDXA.
_PROGRAM_STREAM = frozenset({".mod", ".dat", ".tod"})
_PACK, _CDXA = b"\x00\x00\x01\xba", b"CDXA"
_HEAD = 12  # bytes


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One file found. ``path`` is absolute; ``size`` in bytes; ``mtime_ns`` as `os.stat` gives it."""

    path: Path
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class InputProblem:
    """A path that names no readable file, and why. ``code`` is a name in `stores.core.errors.CODES`."""

    path: Path
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found under the given paths, in a stable order, every path once.

    Attributes:
        skipped: files in directories whose names are not those of videos, without hidden files.
    """

    files: tuple[FoundFile, ...]
    problems: tuple[InputProblem, ...]
    skipped: tuple[Path, ...] = ()


def discover(paths: Iterable[Path | str], library: Path | None = None, confined: bool = False) -> Discovery:
    """Find the videos that ``paths`` name.

    Directories are walked recursively; hidden entries, the ``library`` directory and links that lead back
    to a directory already walked are skipped. Any name that the system allows is accepted.

    Args:
        paths: files and directories.
        library: root of the library in use, which is never an input.
        confined: do not follow links that lead out of the named directories.
    """
    files: dict[Path, FoundFile] = {}
    problems: dict[Path, InputProblem] = {}
    skipped: dict[Path, None] = {}
    seen: set[tuple[int, int]] = set()
    if library is not None and library.is_dir():
        seen.add(_identity(library.stat()))
    named = list(paths)
    bounds = tuple(Path(given).expanduser().resolve() for given in named) if confined else None
    for given in named:
        # abspath, not resolve: a link keeps the name its owner gave it.
        path = Path(os.path.abspath(Path(given).expanduser()))  # noqa: PTH100
        for found in _entries(path, _Walk(seen, bounds), explicit=True):
            if isinstance(found, FoundFile):
                files.setdefault(found.path, found)
            elif isinstance(found, Path):
                skipped.setdefault(found)
            else:
                problems.setdefault(found.path, found)
    left = tuple(path for path in skipped if path not in files)
    return Discovery(tuple(files.values()), tuple(problems.values()), left)


@dataclass(frozen=True, slots=True)
class _Walk:
    """Directories that were walked, and those that links may lead to; None: any."""

    seen: set[tuple[int, int]]
    bounds: tuple[Path, ...] | None

    def leads_out(self, path: Path) -> bool:
        """Whether a path is a link out of the bounds."""
        if self.bounds is None or not path.is_symlink():
            return False
        target = Path(os.path.realpath(path))
        return not any(target.is_relative_to(bound) for bound in self.bounds)


def _entries(path: Path, walk: _Walk, explicit: bool) -> Iterator[FoundFile | InputProblem | Path]:
    """What is at ``path``, or in it; a plain path is that of a file that is not a video."""
    if not explicit and walk.leads_out(path):
        yield InputProblem(path, "FILE_UNREADABLE", "it is a link that leads out of the folder")
        return
    try:
        info = path.stat()
    except OSError as error:
        if explicit or _looks_like_video(path):
            yield _problem(path, error)
        return
    if stat.S_ISDIR(info.st_mode):
        yield from _walk(path, info, walk)
    elif not explicit and not _looks_like_video(path):
        if stat.S_ISREG(info.st_mode):
            yield path
    elif not stat.S_ISREG(info.st_mode):
        yield InputProblem(path, "FILE_UNREADABLE", "it is neither a regular file nor a directory")
    elif explicit or _is_really_video(path):
        yield FoundFile(path, info.st_size, info.st_mtime_ns)
    else:
        yield path


def _walk(path: Path, info: os.stat_result, walk: _Walk) -> Iterator[FoundFile | InputProblem | Path]:
    identity = _identity(info)
    if identity in walk.seen:
        return
    walk.seen.add(identity)
    try:
        with os.scandir(path) as entries:
            names = sorted((entry.name for entry in entries), key=os.fsencode)
    except OSError as error:
        yield _problem(path, error)
        return
    for name in names:
        if not name.startswith("."):
            yield from _entries(path / name, walk, explicit=False)


def _looks_like_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES


def _is_really_video(path: Path) -> bool:
    """Distinguish transport streams from TypeScript sources, and program streams from other files with that suffix."""
    suffix = path.suffix.lower()
    if suffix not in _TRANSPORT_STREAM | _PROGRAM_STREAM:
        return True
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return True  # so that the reason why it cannot be read is reported
    if suffix in _PROGRAM_STREAM and (head.startswith(_PACK) or head[8:] == _CDXA):
        return True
    # Packets begin with a sync byte; .mts packets carry a 4-byte timestamp before it. Source: ISO/IEC 13818-1, 2.4.3.2.
    return any(len(head) > offset and head[offset] == _SYNC for offset in _SYNC_OFFSETS)


def _identity(info: os.stat_result) -> tuple[int, int]:
    return info.st_dev, info.st_ino


def _problem(path: Path, error: OSError) -> InputProblem:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        if path.is_symlink():
            return InputProblem(path, "FILE_MISSING", "it is a link to a file that does not exist")
        return InputProblem(path, "FILE_MISSING", "there is no such file or directory")
    reason = (error.strerror or type(error).__name__).lower()
    return InputProblem(path, "FILE_UNREADABLE", f"it cannot be opened: {reason}")
