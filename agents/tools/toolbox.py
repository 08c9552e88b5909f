"""All look-ups behind one door: arguments checked, the scope kept, faults told instead of raised."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError

from agents.evidence import is_background
from agents.search.finder import Finder, Found
from agents.tools import arguments as args
from agents.tools.moments import find_moments, lines_of, moment_row, words_of_moment
from agents.tools.result import ToolCall, ToolResult
from agents.words import content_terms, coverage
from encoders.bundle import Encoders
from stores.core.errors import KinodexError, UsageError
from stores.core.records import Channel, Evidence, Span
from stores.library_store import LibraryStore

_REMEMBERED = 16

_SEEN: tuple[Channel, ...] = ("caption", "object", "picture")
_KINDS: dict[str, tuple[Channel, ...]] = {"speech": ("speech",), "screen": ("screen",), "both": ("speech", "screen")}


class Eyes(Protocol):
    """A model that can look at frames of a video."""

    def look(self, video_id: str, seconds: Sequence[float], question: str) -> str:
        """What it says about them; "" if nothing can be made out."""


class Toolbox:
    """The look-ups of one library.

    Args:
        eyes: looks at frames; without them that look-up is not offered.
    """

    def __init__(self, store: LibraryStore, encoders: Encoders, finder: Finder, eyes: Eyes | None = None) -> None:
        self._store = store
        self._encoders = encoders
        self._finder = finder
        self._eyes = eyes
        self._lock = threading.Lock()
        self._remembered: dict[tuple[str, int, tuple[str, ...] | None, int], Found] = {}
        self._tools: dict[str, tuple[type[BaseModel], Callable[[Any, Sequence[str] | None], ToolResult]]] = {
            "search_moments": (args.SearchMoments, self._search_moments),
            "read_text": (args.ReadText, self._read_text),
            "what_is_shown": (args.WhatIsShown, self._what_is_shown),
            "list_videos": (args.ListVideos, self._list_videos),
            "tags_of": (args.TagsOf, self._tags_of),
            "similar_moments": (args.SimilarMoments, self._similar_moments),
            "query_tables": (args.QueryTables, self._query_tables),
            "video_overview": (args.VideoOverview, self._video_overview),
        }
        if eyes is not None:
            self._tools["look_at_frames"] = (args.LookAtFrames, self._look_at_frames)

    def described(self) -> list[tuple[str, str, type[BaseModel]]]:
        """Name, purpose and arguments of each look-up, for a language model."""
        return [(name, " ".join((shape.__doc__ or "").split()), shape) for name, (shape, _) in self._tools.items()]

    def call(self, call: ToolCall, video_ids: Sequence[str] | None = None) -> ToolResult:
        """Make one look-up. Whatever goes wrong is told in the result, so that a planner can do something else.

        Args:
            video_ids: nothing outside these videos is looked at, whatever the arguments say; None for all.
        """
        try:
            shape, tool = self._tools[call.name]
        except KeyError:
            known = ", ".join(self._tools)
            return ToolResult(call, note=f"There is no look-up {call.name!r}; there are: {known}.", error="USAGE")
        try:
            asked = shape.model_validate(call.arguments)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"])) or "arguments"
            return ToolResult(call, note=f"{where}: {first['msg']}.", error="USAGE")
        try:
            return tool(asked, video_ids)
        except KinodexError as error:
            return ToolResult(call, note=f"{error.message} {error.hint}".strip(), error=error.code.name)

    def found(self, query: str, k: int, video_ids: Sequence[str] | None) -> Found:
        """The moments of a query. The last few are remembered until the library changes: a draft reads on in what a
        look-up found."""
        key = (query, k, None if video_ids is None else tuple(video_ids), self._store.catalog.revision())
        with self._lock:
            known = self._remembered.get(key)
        if known is None:
            known = self._finder.search(query, k, video_ids)
            with self._lock:
                self._remembered[key] = known
                while len(self._remembered) > _REMEMBERED:
                    del self._remembered[next(iter(self._remembered))]
        return known

    def name_of(self, video_id: str) -> str:
        """The file name of a video."""
        return PurePosixPath(self._store.catalog.display_uri(video_id)).name or video_id

    def _resolved(self, text: str, scope: Sequence[str] | None) -> str:
        video_id = self._store.catalog.resolve(text)
        if scope is not None and video_id not in scope:
            raise UsageError("UNKNOWN_VIDEO", f"{text} is not among the videos of this conversation.")
        return video_id

    def _narrowed(self, names: Sequence[str], tag: str, scope: Sequence[str] | None) -> list[str] | None:
        """The videos that are named, have the tag and are in the scope; None for all."""
        chosen = [self._resolved(name, scope) for name in names] if names else None
        if chosen is None and scope is not None:
            chosen = list(scope)
        if tag:
            tagged = self._store.tags.find(tag)
            if tagged is None:
                raise UsageError("USAGE", f"There is no tag {tag!r}.", "`kinodex tags list` shows all.")
            having = self._store.tags.accepted(tagged.tag_id, args.MOST_VIDEOS)
            chosen = [one for one in having if chosen is None or one in chosen]
        return chosen

    def _search_moments(self, asked: args.SearchMoments, scope: Sequence[str] | None) -> ToolResult:
        video_ids = self._narrowed(asked.videos, asked.tag, scope)
        call = ToolCall("search_moments", asked.model_dump(mode="json", exclude_defaults=True))
        if video_ids is not None and not video_ids:
            return ToolResult(call, note="No video has that tag.")
        found = find_moments(self.found, asked, video_ids)
        lines = dict.fromkeys(line.evidence_id for one in found.moments for line in lines_of(self._store, one))
        rows = tuple(moment_row(one, self.name_of(one.video_id)) for one in found.moments)
        note = (
            "match" if found.verdict == "match" else "no match: these are the nearest moments, likely of other things"
        )
        if found.index.state != "complete":
            note += f"; the index is {found.index.state}"
        return ToolResult(call, tuple(lines), rows, note)

    def _read_text(self, asked: args.ReadText, scope: Sequence[str] | None) -> ToolResult:
        video_id = self._resolved(asked.video, scope)
        middle = asked.around if asked.around is not None else asked.seconds / 2
        first, last = middle - asked.seconds / 2, middle + asked.seconds / 2
        terms = content_terms(asked.containing, self._encoders.concepts.vocabulary) if asked.containing else ()
        kept = [
            line
            for line in self._stretch(video_id, first, last, _KINDS[asked.kind], whole=bool(terms))
            if not terms or coverage(terms, line.text) > 0
        ]
        return self._lines(asked, "read_text", sorted(kept, key=lambda line: line.span.start))

    def _what_is_shown(self, asked: args.WhatIsShown, scope: Sequence[str] | None) -> ToolResult:
        video_id = self._resolved(asked.video, scope)
        terms = content_terms(asked.thing, self._encoders.concepts.vocabulary) if asked.thing else ()
        kept = [
            line
            for line in self._stretch(video_id, asked.start, asked.end, _SEEN)
            if not is_background(line) and (not terms or coverage(terms, line.search_text) >= 1.0)
        ]
        kept.sort(key=lambda line: (line.channel != "caption", -line.confidence))
        return self._lines(asked, "what_is_shown", kept)

    def _stretch(
        self, video_id: str, start: float, end: float | None, channels: Sequence[Channel], whole: bool = False
    ) -> list[Evidence]:
        """The lines of some channels in a stretch of a video, in seconds; in all of it if ``whole``."""
        video = self._store.catalog.video(video_id)
        if video is None:
            return []
        last = video.seconds if whole or end is None else end
        span = Span.from_seconds(0.0 if whole else start, last, video.time_base)
        return self._store.catalog.evidence_during(video_id, span, channels)

    def _lines(self, asked: BaseModel, name: str, lines: list[Evidence]) -> ToolResult:
        shown = lines[: args.MOST_LINES]
        rows = tuple(
            {
                "start": round(line.span.seconds[0], 3),
                "end": round(line.span.seconds[1], 3),
                "channel": line.channel,
                "text": line.text,
                "confidence": round(line.confidence, 2),
            }
            for line in shown
        )
        left = len(lines) - len(shown)
        note = f"{left} more lines are left out" if left else "" if lines else "nothing there"
        call = ToolCall(name, asked.model_dump(mode="json", exclude_defaults=True))
        return ToolResult(call, tuple(line.evidence_id for line in shown), rows, note)

    def _list_videos(self, asked: args.ListVideos, scope: Sequence[str] | None) -> ToolResult:
        chosen = self._narrowed((), asked.tag, scope)
        entries = (
            self._store.catalog.entries(chosen[: args.MOST_VIDEOS])
            if chosen is not None
            else self._store.catalog.page(None if asked.name else asked.limit)
        )
        wanted = asked.name.casefold()
        rows = [
            {"video_id": one.video_id, "name": name, "seconds": round(one.video.seconds, 3) if one.video else None}
            for one in entries
            if wanted in (name := self.name_of(one.video_id)).casefold()
        ]
        call = ToolCall("list_videos", asked.model_dump(mode="json", exclude_defaults=True))
        total = len(rows) if chosen is not None or asked.name else self._store.catalog.count()
        shown = tuple(rows[: asked.limit])
        return ToolResult(call, rows=shown, note=f"{len(shown)} of {total} videos")

    def _tags_of(self, asked: args.TagsOf, scope: Sequence[str] | None) -> ToolResult:
        rows: list[dict[str, Any]] = []
        cited: list[str] = []
        for video_id in (self._resolved(name, scope) for name in asked.videos):
            accepted = [one for one in self._store.tags.decisions(video_id) if one.decision == "accepted"]
            names = self._store.tags.names([one.tag_id for one in accepted])
            for one in accepted:
                cited += one.evidence_ids[:1]
                rows.append({"video_id": video_id, "name": self.name_of(video_id), "tag": names.get(one.tag_id, "")})
        call = ToolCall("tags_of", asked.model_dump(mode="json", exclude_defaults=True))
        return ToolResult(call, tuple(dict.fromkeys(cited)), tuple(rows), "" if rows else "no accepted tags")

    def _similar_moments(self, asked: args.SimilarMoments, scope: Sequence[str] | None) -> ToolResult:
        video_id = self._resolved(asked.video, scope)
        words = words_of_moment(self._store, asked, video_id)
        if not words:
            call = ToolCall("similar_moments", asked.model_dump(mode="json"))
            return ToolResult(call, note="nothing was recognised at that time, so nothing can be compared")
        return self._search_moments(args.SearchMoments.model_validate({"query": words, "k": asked.k}), scope)

    def _query_tables(self, asked: args.QueryTables, scope: Sequence[str] | None) -> ToolResult:
        result = self._store.query.run(asked.sql, video_ids=scope, max_rows=asked.max_rows)
        rows = tuple(dict(zip(result.columns, row, strict=True)) for row in result.rows)
        cited = self._store.query.witnesses(asked.sql, video_ids=scope)
        note = "cut at the limit of rows" if result.truncated else ""
        call = ToolCall("query_tables", asked.model_dump(mode="json", exclude_defaults=True))
        return ToolResult(call, tuple(cited), rows, note, sql=asked.sql)

    def _look_at_frames(self, asked: args.LookAtFrames, scope: Sequence[str] | None) -> ToolResult:
        assert self._eyes is not None
        video_id = self._resolved(asked.video, scope)
        said = self._eyes.look(video_id, asked.seconds, asked.question)
        shown = [
            line.evidence_id
            for line in self._stretch(video_id, min(asked.seconds), max(asked.seconds) + 0.001, _SEEN)
            if not is_background(line)
            and any(line.span.seconds[0] <= at < line.span.seconds[1] for at in asked.seconds)
        ]
        call = ToolCall("look_at_frames", asked.model_dump(mode="json"))
        return ToolResult(
            call, tuple(shown[: args.MOST_LINES]), ({"answer": said},), "" if said else "nothing made out"
        )

    def _video_overview(self, asked: args.VideoOverview, scope: Sequence[str] | None) -> ToolResult:
        video_id = self._resolved(asked.video, scope)
        video = self._store.catalog.video(video_id)
        lines = [line for line in self._store.catalog.evidence_of(video_id) if not is_background(line)]
        weighed: dict[str, Evidence] = {}
        for line in sorted(lines, key=lambda line: -line.confidence * line.span.duration):
            if line.channel in _SEEN:
                weighed.setdefault(line.text.casefold(), line)
        told = [line for line in lines if line.channel in ("speech", "screen", "format")]
        kept = [*list(weighed.values())[:10], *sorted(told, key=lambda line: line.span.start)]
        result = self._lines(asked, "video_overview", kept)
        about = {"name": self.name_of(video_id), "seconds": round(video.seconds, 3) if video else None}
        return ToolResult(result.call, result.evidence_ids, (about, *result.rows), result.note)
