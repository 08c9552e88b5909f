"""All look-ups behind one door: arguments checked, the scope kept, faults told instead of raised."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from pydantic import BaseModel, ValidationError

from agents.llm import Budget
from agents.search.finder import Finder, Found
from agents.tools import arguments as args
from agents.tools.eyes import Eyes
from agents.tools.moments import find_moments, lines_of, moment_row, short, words_of_moment
from agents.tools.reading import MOST_READ, lines_between, lines_saying, lines_throughout
from agents.tools.result import ToolCall, ToolResult
from agents.words import content_terms, coverage
from encoders.bundle import Encoders
from stores.core.errors import KinodexError, UsageError
from stores.core.records import Channel, Evidence
from stores.library_store import LibraryStore
from stores.query.schema import schema_text

_REMEMBERED = 16

MOST_CHARACTERS = 20_000
"""Of the rows of one result. Ours: ten times what a language model is shown of it."""

_MOST_SEEN = 12
"""Different things that an overview names."""

_SEEN: tuple[Channel, ...] = ("caption", "object", "picture")
_TOLD: tuple[Channel, ...] = ("script", "speech", "screen")
_KINDS: dict[str, tuple[Channel, ...]] = {"speech": ("speech",), "screen": ("screen",), "both": ("speech", "screen")}


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
        purposes = {name: " ".join((shape.__doc__ or "").split()) for name, (shape, _) in self._tools.items()}
        purposes["query_tables"] += f" The tables, in SQLite's SQL:\n{schema_text()}"
        return [(name, purposes[name], shape) for name, (shape, _) in self._tools.items()]

    def call(self, call: ToolCall, video_ids: Sequence[str] | None = None, budget: Budget | None = None) -> ToolResult:
        """Make one look-up. Whatever goes wrong with it is told in the result, so that a planner can do something else.

        Args:
            video_ids: nothing outside these videos is looked at, whatever the arguments say; None for all.
            budget: that a look at frames must fit into.

        Raises:
            WeightsError: if the models of the library's profile are not here: no other look-up could help.
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
            if isinstance(asked, args.LookAtFrames):
                return self._look_at_frames(asked, video_ids, budget)
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
        """The video that is named; of several with that name the one in scope."""
        if scope is None:
            return self._store.catalog.resolve(text)
        try:
            return self._store.catalog.resolve(text, scope)
        except UsageError:
            wanted = text.casefold()
            names = {one: self.name_of(one).casefold() for one in scope[: args.MOST_VIDEOS]}
            alike = [one for one, name in names.items() if wanted in (name, PurePosixPath(name).stem)]
        if len(alike) != 1:
            # Says nothing of what there is outside.
            hint = "`list_videos` lists those there are."
            raise UsageError("UNKNOWN_VIDEO", f"{text!r} is not among the videos of this conversation.", hint)
        return alike[0]

    def _narrowed(self, names: Sequence[str], tag: str, scope: Sequence[str] | None) -> list[str] | None:
        """The videos that are named, have the tag and are in the scope; None for all."""
        chosen = list(dict.fromkeys(self._resolved(name, scope) for name in names)) if names else None
        if chosen is None and scope is not None:
            chosen = list(scope)
        if not tag:
            return chosen
        tagged = self._store.tags.find(tag)
        if tagged is None:
            raise UsageError("USAGE", f"There is no tag {tag!r}.", "`kinodex tags list` shows all.")
        sql = (
            f"SELECT DISTINCT video_id FROM tags WHERE tag_id = {_quoted(tagged.tag_id)} AND decision = 'accepted' "
            "ORDER BY video_id"
        )
        rows = self._store.query.run(sql, chosen, max_rows=args.MOST_VIDEOS).rows
        return [str(row[0]) for row in rows]

    def _search_moments(self, asked: args.SearchMoments, scope: Sequence[str] | None) -> ToolResult:
        call = _call("search_moments", asked)
        video_ids = self._narrowed(asked.videos, asked.tag, scope)
        if video_ids is not None and not video_ids:
            return ToolResult(call, note="no video has that tag" if asked.tag else "there are no videos")
        return self._moments(call, find_moments(self.found, asked, video_ids))

    def _moments(self, call: ToolCall, found: Found) -> ToolResult:
        lines = dict.fromkeys(line.evidence_id for one in found.moments for line in lines_of(self._store, one))
        rows = tuple(moment_row(one, self.name_of(one.video_id)) for one in found.moments)
        note = "nothing there"
        if rows:
            matched = found.verdict == "match"
            note = "match" if matched else "no match: these are the nearest moments, likely of other things"
        if found.index.state != "complete":
            note += f"; the index is {found.index.state}"
        return ToolResult(call, tuple(lines), rows, note)

    def _read_text(self, asked: args.ReadText, scope: Sequence[str] | None) -> ToolResult:
        video_id = self._resolved(asked.video, scope)
        call, channels = _call("read_text", asked), _KINDS[asked.kind]
        if asked.containing:
            terms = content_terms(asked.containing, self._encoders.concepts.vocabulary)
            return _lines(call, lines_saying(self._store, video_id, terms, channels, args.MOST_LINES + 1))
        middle = asked.seconds / 2 if asked.around is None else asked.around
        first, last = middle - asked.seconds / 2, middle + asked.seconds / 2
        lines = lines_between(self._store, video_id, first, last, channels)
        nearest = sorted(lines, key=lambda line: abs(line.span.seconds[0] - middle if asked.around is not None else 0))
        return _lines(call, nearest)

    def _what_is_shown(self, asked: args.WhatIsShown, scope: Sequence[str] | None) -> ToolResult:
        video_id = self._resolved(asked.video, scope)
        terms = content_terms(asked.thing, self._encoders.concepts.vocabulary) if asked.thing else ()
        whole = asked.end is None and not asked.start
        there = (
            lines_throughout(self._store, video_id, _SEEN)
            if whole
            else lines_between(self._store, video_id, asked.start, asked.end, _SEEN)
        )
        kept = [line for line in there if not terms or coverage(terms, line.search_text) >= 1.0]
        kept.sort(key=lambda line: (line.channel != "caption", -line.confidence))
        return _lines(_call("what_is_shown", asked), kept, by_time=False)

    def _list_videos(self, asked: args.ListVideos, scope: Sequence[str] | None) -> ToolResult:
        call = _call("list_videos", asked)
        chosen = self._narrowed((), asked.tag, scope)
        if chosen is not None and not chosen:
            return ToolResult(call, note="0 of 0 videos")
        where = ""
        if asked.name:
            part = re.sub(r"([\\%_])", r"\\\1", asked.name)
            where = f" WHERE name LIKE {_quoted(f'%{part}%')} ESCAPE '\\'"
        sql = f"SELECT video_id, name, seconds FROM videos{where} ORDER BY name"
        found = self._store.query.run(sql, chosen, max_rows=asked.limit).rows
        total = self._store.query.run(f"SELECT COUNT(*) FROM videos{where}", chosen).rows[0][0]
        rows = tuple(
            {
                "video_id": video_id,
                "name": name,
                "seconds": round(seconds, 3) if isinstance(seconds, (int, float)) else None,
            }
            for video_id, name, seconds in found
        )
        return ToolResult(call, rows=rows, note=f"{len(rows)} of {total} videos")

    def _tags_of(self, asked: args.TagsOf, scope: Sequence[str] | None) -> ToolResult:
        chosen = self._narrowed(asked.videos, "", scope)
        sql = "SELECT video_id, tag, evidence_id FROM tags WHERE decision = 'accepted' ORDER BY video_id, tag"
        found = self._store.query.run(sql, chosen, max_rows=args.MOST_ROWS)
        names = {str(row[0]): self.name_of(str(row[0])) for row in found.rows}
        rows = tuple({"video_id": row[0], "name": names[str(row[0])], "tag": row[1]} for row in found.rows)
        cited = dict.fromkeys(str(row[2]) for row in found.rows if row[2])
        note = "more tags are left out" if found.truncated else "" if rows else "no accepted tags"
        return ToolResult(_call("tags_of", asked), tuple(cited), rows, note)

    def _similar_moments(self, asked: args.SimilarMoments, scope: Sequence[str] | None) -> ToolResult:
        video_id = self._resolved(asked.video, scope)
        call = _call("similar_moments", asked)
        words = words_of_moment(self._store, asked, video_id)
        if not words:
            return ToolResult(call, note="nothing was recognised at that time, so nothing can be compared")
        found = self.found(words, asked.k + 1, scope)
        others = [
            one
            for one in found.moments
            if one.video_id != video_id or not one.span.seconds[0] <= asked.at < one.span.seconds[1]
        ]
        return self._moments(call, replace(found, moments=tuple(others[: asked.k])))

    def _query_tables(self, asked: args.QueryTables, scope: Sequence[str] | None) -> ToolResult:
        result = self._store.query.run(asked.sql, scope, asked.max_rows, asked.seconds)
        cited = self._store.query.witnesses(asked.sql, scope, args.MOST_ROWS, asked.seconds)
        rows, left = [], MOST_CHARACTERS
        for row in result.rows:
            cells = [short(cell) if isinstance(cell, str) else cell for cell in row]
            left -= sum(len(str(cell)) for cell in cells)
            if left < 0:
                break
            rows.append(dict(zip(_different(result.columns), cells, strict=True)))
        cut = result.truncated or len(rows) < len(result.rows)
        note = "there are more rows, which are left out" if cut else "" if rows else "no rows"
        return ToolResult(_call("query_tables", asked), cited, tuple(rows), note, sql=asked.sql)

    def _look_at_frames(
        self, asked: args.LookAtFrames, scope: Sequence[str] | None, budget: Budget | None = None
    ) -> ToolResult:
        assert self._eyes is not None
        video_id = self._resolved(asked.video, scope)
        call = _call("look_at_frames", asked)
        said = self._eyes.look(video_id, asked.seconds, asked.question, budget)
        if not said:
            return ToolResult(call, note="nothing made out")
        shown = dict.fromkeys(
            line.evidence_id
            for at in asked.seconds
            for line in lines_between(self._store, video_id, at, at + 0.001, _SEEN)
        )
        return ToolResult(call, tuple(shown)[: args.MOST_LINES], ({"answer": short(said)},))

    def _video_overview(self, asked: args.VideoOverview, scope: Sequence[str] | None) -> ToolResult:
        video_id = self._resolved(asked.video, scope)
        video = self._store.catalog.video(video_id)
        weight: dict[str, float] = {}
        surest: dict[str, Evidence] = {}
        for line in lines_throughout(self._store, video_id, _SEEN):
            key = line.text.casefold()
            weight[key] = weight.get(key, 0.0) + line.confidence * line.span.duration
            if key not in surest or line.confidence > surest[key].confidence:
                surest[key] = line
        seen = [surest[key] for key in sorted(weight, key=lambda one: -weight[one])[:_MOST_SEEN]]
        texts = lines_throughout(self._store, video_id, _TOLD)
        step = max(1, -(-len(texts) // (args.MOST_LINES - len(seen))))
        result = _lines(_call("video_overview", asked), [*seen, *texts[::step]], by_time=False)
        about = {"name": self.name_of(video_id), "seconds": round(video.seconds, 3) if video else None}
        note = "only some of what was said and written is told" if step > 1 or len(texts) >= MOST_READ else result.note
        return ToolResult(result.call, result.evidence_ids, (about, *result.rows), note)


def _call(name: str, asked: BaseModel) -> ToolCall:
    return ToolCall(name, asked.model_dump(mode="json", exclude_defaults=True))


def _lines(call: ToolCall, lines: Sequence[Evidence], by_time: bool = True) -> ToolResult:
    """The first lines as a result, in order of time if that is wanted."""
    shown = list(lines[: args.MOST_LINES])
    if by_time:
        shown.sort(key=lambda line: line.span.start)
    rows = tuple(
        {
            "start": round(line.span.seconds[0], 3),
            "end": round(line.span.seconds[1], 3),
            "channel": line.channel,
            "text": short(line.text),
            "confidence": round(line.confidence, 2),
        }
        for line in shown
    )
    left = len(lines) - len(shown)
    note = f"{left} or more lines are left out" if left else "" if lines else "nothing there"
    return ToolResult(call, tuple(line.evidence_id for line in shown), rows, note)


def _different(columns: Sequence[str]) -> list[str]:
    """Names of columns, those that occur again with a number."""
    found: list[str] = []
    for name in columns:
        found.append(name if name not in found else f"{name} {columns[: len(found)].count(name) + 1}")
    return found


def _quoted(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
