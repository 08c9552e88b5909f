"""The arguments of each look-up, as a language model is told them: bounded, with nothing optional left unclear."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stores.core.records import Channel

MOST_MOMENTS = 50
MOST_VIDEOS = 50
MOST_LINES = 60
MOST_ROWS = 200
MOST_FRAMES = 8

Name = Annotated[str, Field(min_length=1, max_length=500, description="name or id of a video")]
Second = Annotated[float, Field(ge=0, le=1_000_000)]


class Arguments(BaseModel):
    """What all have in common: unknown names are refused, so that a slip is told and not passed over."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        start, end = getattr(self, "start", None), getattr(self, "end", None)
        if end is not None and end <= (start or 0.0):
            raise ValueError("end must be later than start")
        return self


class SearchMoments(Arguments):
    """Find moments that show, say or have written something. Returns moments with times, best first."""

    query: str = Field(min_length=1, max_length=500, description="what to look for, in any language")
    videos: tuple[Name, ...] = Field((), max_length=MOST_VIDEOS, description="names or ids of videos; none for all")
    channels: tuple[Channel, ...] = Field((), description="only moments with one of these channels; none for all")
    tag: str = Field("", max_length=200, description="only in videos with this accepted tag")
    start: Second | None = Field(None, description="not before this second of its video")
    end: Second | None = Field(None, description="not after this second of its video")
    k: int = Field(12, ge=1, le=MOST_MOMENTS)


class ReadText(Arguments):
    """Read what was said or was on screen around a time of one video, or where it has certain words."""

    video: Name
    kind: Literal["speech", "screen", "both"] = "both"
    around: Second | None = Field(None, description="second in the middle; none for the beginning")
    seconds: float = Field(60.0, gt=0, le=3600, description="length of the stretch")
    containing: str = Field("", max_length=200, description="lines of the whole video with one of these words instead")


class WhatIsShown(Arguments):
    """What was recognised in the pictures of one video, or of a stretch of it: labels, tracked objects, captions."""

    video: Name
    start: Second = 0.0
    end: Second | None = None
    thing: str = Field("", max_length=200, description="only lines that name this thing")


class ListVideos(Arguments):
    """List videos, with length and name; narrowed by a part of the name or an accepted tag."""

    name: str = Field("", max_length=200)
    tag: str = Field("", max_length=200)
    limit: int = Field(20, ge=1, le=MOST_VIDEOS)


class TagsOf(Arguments):
    """The accepted tags of videos."""

    videos: tuple[Name, ...] = Field(min_length=1, max_length=MOST_VIDEOS)


class SimilarMoments(Arguments):
    """Moments whose pictures show the like of one moment."""

    video: Name
    at: Second = Field(description="a second of that moment")
    k: int = Field(8, ge=1, le=MOST_MOMENTS)


class QueryTables(Arguments):
    """Run one SELECT over the tables of what was seen and heard, for counts, orders and comparisons."""

    sql: str = Field(min_length=1, max_length=4000)
    max_rows: int = Field(50, ge=1, le=MOST_ROWS)
    seconds: float = Field(2.0, gt=0, le=5, description="time that it may take")


class LookAtFrames(Arguments):
    """Ask a model with eyes one question about frames of one video."""

    video: Name
    seconds: tuple[Second, ...] = Field(min_length=1, max_length=MOST_FRAMES)
    question: str = Field(min_length=1, max_length=500)


class VideoOverview(Arguments):
    """One video as a whole: its length, and what was seen, said and written, in short."""

    video: Name
