"""Videos as pages show them: cards, and all about one."""

from __future__ import annotations

from kinodex.schemas.api.media import PlaybackDocument
from kinodex.schemas.base import Document, Fault, Number
from kinodex.schemas.search import Index
from kinodex.schemas.videos import Media


class TagName(Document):
    """An accepted tag; ``shown``: its name, or the alias of it that is in the script of the reader's language."""

    tag_id: str
    name: str
    shown: str


class VideoCard(Document):
    """One video in a list.

    Attributes:
        name: of its file.
        status: as `stores.entries.VideoEntry`.
        fault: of the first stage that failed; null if none did.
        seconds, width, height: null until it was probed.
        poster: url of a picture; null if there is none.
        sprites: url of what its pictures lie in, for hovering; null if there are none.
        languages: that are spoken, ISO 639-1, the one of most lines first.
        duplicates: how many more files have the same content.
        added_at: seconds since 1970.
    """

    video_id: str
    name: str
    status: str
    fault: Fault | None
    seconds: Number | None
    width: int | None
    height: int | None
    poster: str | None
    sprites: str | None
    tags: list[TagName]
    languages: list[str]
    duplicates: int
    added_at: Number


class VideosPage(Document):
    """A page of videos; ``total`` counts all that fit, ``next`` is the cursor of the next page, null at the end."""

    videos: list[VideoCard]
    total: int
    next: str | None


class StageOutcome(Document):
    """How a stage of a video ended, or stands."""

    stage: str
    status: str
    fault: Fault | None


class CollectionName(Document):
    """A collection that a video is in."""

    collection_id: str
    name: str


class VideoDetail(VideoCard):
    """All about one video; ``places`` are names of files, ``media`` and ``playback`` are null until it was probed."""

    media: Media | None
    stages: list[StageOutcome]
    places: list[str]
    playback: PlaybackDocument | None
    collections: list[CollectionName]


class LibraryStatus(Document):
    """How much there is, of what the one who asks sees.

    Attributes:
        by_status: how many videos have which status.
        tags: entries of the tag library.
    """

    index: Index
    videos: int
    by_status: dict[str, int]
    media_seconds: Number
    tags: int
    revision: int
