"""Moments and tags as video files."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kinodex.exports import timelines
from kinodex.exports.formats import Part
from kinodex.exports.material import VideoMaterial
from kinodex.exports.places import put_in_place, refuse_existing, safe_name, unwritable
from kinodex.usecases.exchange.exporting import ExportRequest, Search, materials, tag_ids_of
from pipeline.playback.cutting import suffix_of
from pipeline.playback.player import Player
from stores.core.errors import KinodexError, MediaError, UsageError
from stores.core.records import Span

if TYPE_CHECKING:
    from stores.library_store import LibraryStore

NEEDS: frozenset[Part] = frozenset({"decisions", "moments"})


@dataclass(frozen=True, slots=True)
class CutFile:
    """A file that a part of a video became.

    Attributes:
        path: None if there is none, because of ``error``.
        asked, made: the spans that were wanted and that are in it.
    """

    video_id: str
    name: str
    asked: Span
    path: Path | None
    made: Span | None = None
    error: KinodexError | None = None

    @property
    def note(self) -> str:
        """How far it lies from what was asked."""
        if self.made is None:
            return ""
        start, end = (float((one - two) * self.asked.time_base) for one, two in self._edges())
        if max(abs(start), abs(end)) < 0.001:
            return "exact"
        return f"begins {_apart(start, 'earlier', 'later')}, ends {_apart(end, 'earlier', 'later')} than asked"

    def _edges(self) -> tuple[tuple[int, int], tuple[int, int]]:
        assert self.made is not None
        return (self.made.start, self.asked.start), (self.made.end, self.asked.end)


def cut_clips(
    store: LibraryStore, request: ExportRequest, folder: Path, search: Search, *, exact: bool, force: bool
) -> list[CutFile]:
    """Writes a file for each moment of a search, or for each place that an accepted tag rests on.

    Without ``exact`` packets are copied as they are: nothing is lost, and a clip begins at the key frame before. What
    cannot be cut is reported, not raised.

    Raises:
        UsageError: USAGE if neither a query nor a tag is given, or the folder cannot be written; CONFLICT if a file is
            there and ``force`` is not set.
        StoreError: DISK_FULL.
    """
    tag_ids = tag_ids_of(store, request.tags)
    if not request.query and not tag_ids:
        raise UsageError("USAGE", "These are clips of moments or of a tag.", "Say which: --query or --tag.")
    videos = materials(store, request, NEEDS, tag_ids, search)
    cuts = timelines.moments(videos) if request.query else timelines.tagged(videos, tag_ids)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from None
    targets = [folder / f"{name}{_suffix(one.media, exact)}" for one, name in zip(cuts, _names(cuts), strict=True)]
    for target in targets:
        refuse_existing(target, force)
    with Player() as player:
        return [
            _cut(store, player, one, target, exact=exact, force=force)
            for one, target in zip(cuts, targets, strict=True)
        ]


def _cut(store: LibraryStore, player: Player, one: timelines.Cut, target: Path, *, exact: bool, force: bool) -> CutFile:
    video, path = one.media.video, store.catalog.path(one.media.video_id)
    made = CutFile(one.media.video_id, one.media.name, one.span, None)
    if video is None or path is None:
        error = MediaError("FILE_MISSING", f"No file of {one.media.name} is there.", "Put it back where it was.")
        return CutFile(made.video_id, made.name, made.asked, None, error=error)
    beside = target.with_name(f".kinodex-{secrets.token_hex(8)}{target.suffix}")
    try:
        span = player.cut(path, video, beside, one.span, exact=exact)
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        put_in_place(beside, target, force)
        return CutFile(made.video_id, made.name, made.asked, target, span)
    except MediaError as error:
        return CutFile(made.video_id, made.name, made.asked, None, error=error)
    except OSError as error:
        raise unwritable(target, error) from None
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _suffix(media: VideoMaterial, exact: bool) -> str:
    video = media.video
    codecs = frozenset({video.video_codec, video.audio_codec} - {""}) if video else frozenset()
    return suffix_of(codecs, exact)


def _names(cuts: Sequence[timelines.Cut]) -> list[str]:
    """Names by number, video and second: ``003 holiday 12.5``."""
    width = max(3, len(str(len(cuts))))
    return [
        safe_name(f"{number:0{width}d} {Path(one.media.name).stem} {one.span.seconds[0]:.1f}")
        for number, one in enumerate(cuts, 1)
    ]


def _apart(seconds: float, before: str, after: str) -> str:
    return f"{abs(seconds):.3f} s {before if seconds < 0 else after}"
