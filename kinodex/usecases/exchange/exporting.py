"""Exports: what is known about videos, as files for other programs. No model is needed, but to search moments."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from kinodex.exports.formats import Format, Part, Wishes, format_of
from kinodex.exports.material import Decided, Followed, FoundMoment, Line, VideoMaterial
from kinodex.exports.material import Part as SaidPart
from kinodex.exports.places import safe_name
from kinodex.text import clean
from kinodex.usecases.places import places_of
from stores.core.errors import UsageError
from stores.core.records import Caption, Scene, ScreenText, Script, Tracklet, Utterance
from stores.core.uris import path_of
from stores.listing.speakers import speakers_of
from stores.listing.videos import existing
from stores.tags.reading import decided_by_persons, videos_with

if TYPE_CHECKING:
    from agents.search.finder import Found
    from stores.core.records import Channel, Record
    from stores.entries import VideoEntry
    from stores.library_store import LibraryStore

MOST_MOMENTS = 1_000
"""Moments of one export. Source: our choice: more than anybody cuts."""

LEAST_MATCH = 0.5
"""Score from which a moment counts as a match, as searches say."""

_STAGES: Mapping[type[Record], str] = {Utterance: "speech", ScreenText: "screentext", Caption: "captions"}
_SEEN: Mapping[Channel, str] = {"speech": "speech", "screen": "screen", "caption": "caption"}

Search = Callable[[str, int, Sequence[str] | None], "Found"]
"""(query, most, ids of the only videos) to what was found."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What is to be exported.

    Attributes:
        format: a name of `kinodex.exports.formats.FORMATS`.
        video_ids: of these videos; None for all that are indexed.
        kind: of the lines of a transcript: ``speech``, ``screen`` or ``caption``.
        tags: ids or names: only videos with one of these accepted, and only these in tables and timelines of tags.
        query: moments that match it; ``k`` at most.
        bom: begin CSV with the mark by which Excel knows UTF-8.
        places: say where files are; else only their names.
    """

    format: str
    video_ids: Sequence[str] | None = None
    kind: str = "speech"
    tags: Sequence[str] = ()
    query: str = ""
    k: int = 50
    bom: bool = False
    places: bool = False


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """One file. ``video_ids``: the videos it is about; ``items``: its lines, tags, moments, and so on."""

    name: str
    media_type: str
    data: bytes
    video_ids: tuple[str, ...]
    items: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which videos an export is of, in their order, and what of them; see `choose`.

    Attributes:
        moments: by video; empty if none were searched for.
        names: of files to be written, without suffix, by video; namesakes get their ids.
    """

    form: Format
    request: ExportRequest
    wishes: Wishes
    video_ids: tuple[str, ...]
    moments: Mapping[str, Sequence[FoundMoment]]
    names: Mapping[str, str]

    def materials(self, store: LibraryStore, video_ids: Sequence[str]) -> list[VideoMaterial]:
        """What is known about some of them, as much of it as the format needs; those that are gone are left out."""
        return _materials(store, self.request, self.form.parts, self.wishes.tag_ids, video_ids, self.moments)

    @property
    def file_name(self) -> str:
        """Of the one file of a format that has one for all."""
        stem = self.names[self.video_ids[0]] if len(self.video_ids) == 1 else "kinodex"
        return f"{stem}{self.form.suffix}"


def checked(store: LibraryStore, request: ExportRequest) -> tuple[Format, Wishes]:
    """The format of a request, and what is wished of it.

    Raises:
        UsageError: USAGE if there is no such format or tag, or if it is of moments and nothing is searched for.
    """
    form = format_of(request.format)
    tag_ids = tag_ids_of(store, request.tags)
    if "moments" in form.parts and not request.query and form.name.startswith("moments"):
        raise UsageError("USAGE", "These are the moments of a search.", "Say what to look for with --query.")
    return form, Wishes(request.query or "Kinodex", request.kind, tag_ids, request.query, request.bom)


def choose(store: LibraryStore, request: ExportRequest, search: Search) -> Chosen:
    """What a request is about.

    Raises:
        UsageError: as `checked`.
    """
    form, wishes = checked(store, request)
    wanted, moments = _wanted(store, request, form.parts, wishes.tag_ids, search)
    places = places_of(store, wanted)
    there = existing(store, wanted)
    wanted = [video_id for video_id in wanted if video_id in there]
    names = {one: file_name_of(place) if (place := places.get(one, "")) else one for one in wanted}
    return Chosen(form, request, wishes, tuple(wanted), moments, file_names(names))


def export(store: LibraryStore, request: ExportRequest, search: Search) -> list[ExportedFile]:
    """The files of an export: one for each video, or one for all, as the format is.

    Raises:
        UsageError: as `checked`; TOO_LARGE if the format cannot hold so much.
        StoreError: if the library cannot be read.
    """
    chosen = choose(store, request, search)
    form, videos = chosen.form, chosen.materials(store, chosen.video_ids)
    if form.together:
        ids = tuple(one.video_id for one in videos)
        data, items = form.write(videos, chosen.wishes), form.items(videos, chosen.wishes)
        return [ExportedFile(chosen.file_name, form.media_type, data, ids, items)]
    return [
        ExportedFile(
            f"{chosen.names[one.video_id]}{form.suffix}",
            form.media_type,
            form.write([one], chosen.wishes),
            (one.video_id,),
            form.items([one], chosen.wishes),
        )
        for one in videos
    ]


def file_names(names: Mapping[str, str]) -> dict[str, str]:
    """Names without suffix for the files of some videos, by id; namesakes get their ids.

    Args:
        names: of the videos' own files.
    """
    stems = {video_id: safe_name(PurePosixPath(name).stem or video_id) for video_id, name in names.items()}
    times = Counter(stem.casefold() for stem in stems.values())
    return {
        video_id: stem if times[stem.casefold()] == 1 else f"{stem} {video_id[-12:]}"
        for video_id, stem in stems.items()
    }


def materials(
    store: LibraryStore, request: ExportRequest, parts: frozenset[Part], tag_ids: Sequence[str], search: Search
) -> list[VideoMaterial]:
    """What is known about the videos of a request, as much of it as is needed; by name, the moments' best first."""
    wanted, moments = _wanted(store, request, parts, tag_ids, search)
    return _materials(store, request, parts, tag_ids, wanted, moments)


def _wanted(
    store: LibraryStore, request: ExportRequest, parts: frozenset[Part], tag_ids: Sequence[str], search: Search
) -> tuple[list[str], Mapping[str, Sequence[FoundMoment]]]:
    wanted = store.catalog.indexed() if request.video_ids is None else list(request.video_ids)
    if tag_ids:
        tagged = videos_with(store.engine, tag_ids)
        wanted = [video_id for video_id in wanted if video_id in tagged]
    moments: Mapping[str, Sequence[FoundMoment]] = {}
    if request.query and "moments" in parts:
        narrowed = wanted if tag_ids or request.video_ids is not None else None
        if narrowed is None or narrowed:
            moments = _moments(search(request.query, min(request.k, MOST_MOMENTS), narrowed))
        known = frozenset(wanted)
        wanted = [video_id for video_id in moments if video_id in known]
    return wanted, moments


def _materials(
    store: LibraryStore,
    request: ExportRequest,
    parts: frozenset[Part],
    tag_ids: Sequence[str],
    wanted: Sequence[str],
    moments: Mapping[str, Sequence[FoundMoment]],
) -> list[VideoMaterial]:
    entries = {entry.video_id: entry for entry in store.catalog.entries(wanted)}
    places = places_of(store, entries)
    needed = parts - ({"decisions"} if moments else set())
    found = []
    for video_id in wanted:
        if video_id in entries:
            one = material(store, entries[video_id], needed, places.get(video_id, ""), request.places)
            chosen = tuple(made for made in one.decisions if not tag_ids or made.tag_id in tag_ids)
            found.append(replace(one, moments=tuple(moments.get(video_id, ())), decisions=chosen))
    return found


def material(
    store: LibraryStore, entry: VideoEntry, parts: Collection[Part], place: str, places: bool = False
) -> VideoMaterial:
    """What is known about one video.

    Args:
        parts: as much of it as is needed.
        place: uri of its file.
        places: whether it may be said.
    """
    catalog, video_id = store.catalog, entry.video_id
    name = file_name_of(place) if place else video_id
    scenes = catalog.records(video_id, "scenes") if "scenes" in parts else ()
    tracklets = catalog.records(video_id, "tracklets") if "tracklets" in parts else ()
    scripts = catalog.records(video_id, "script") if "script" in parts else ()
    return VideoMaterial(
        video_id=video_id,
        name=name,
        place=_uri(place) if places and place else name,
        status=entry.status,
        video=entry.video,
        sha256=catalog.sha256(video_id),
        lines=lines_of(store, video_id) if "lines" in parts else (),
        scenes=tuple(one.span for one in scenes if isinstance(one, Scene)),
        tracklets=tuple(_followed(one) for one in tracklets if isinstance(one, Tracklet) and _is_object(one)),
        decisions=_decisions(store, video_id) if "decisions" in parts else (),
        summary=next((one.text for one in scripts if isinstance(one, Script)), ""),
    )


def lines_of(store: LibraryStore, video_id: str) -> tuple[Line, ...]:
    """What was said, shown and written about clips, by time."""
    found: list[Line] = []
    by_person = store.corrections.active(video_id)
    speakers = speakers_of(store, video_id)
    for stage in _STAGES.values():
        for record in store.catalog.records(video_id, stage):
            if isinstance(record, Utterance):
                line = _line(record, "speech", record.confidence, record.language)
                said = speakers.said(record, record.evidence_id in by_person)
                parts = tuple(SaidPart(speakers.name(one.speaker), one.span, one.text) for one in said)
                found.append(replace(line, parts=parts))
            elif isinstance(record, ScreenText):
                found.append(replace(_line(record, "screen", record.confidence), box=record.box))
            elif isinstance(record, Caption):
                found.append(_line(record, "caption", 0.5 if record.score is None else record.score))
    corrected = (replace(line, corrected=line.evidence_id in by_person) for line in found)
    return tuple(sorted(corrected, key=lambda line: (line.span.start, line.span.end, line.evidence_id)))


def _line(record: Utterance | ScreenText | Caption, kind: str, confidence: float, language: str = "") -> Line:
    return Line(record.evidence_id, kind, record.span, record.text, confidence, language)


def _is_object(one: Tracklet) -> bool:
    return one.concept != "background"


def _followed(one: Tracklet) -> Followed:
    names = one.category, one.category_zh.split(";")[0]
    return Followed(one.evidence_id, one.span, *names, one.motion, one.confidence, one.trajectory)


def _decisions(store: LibraryStore, video_id: str) -> tuple[Decided, ...]:
    made = store.tags.decisions(video_id)
    names = store.tags.names(one.tag_id for one in made)
    cited = store.catalog.evidence(evidence_id for one in made for evidence_id in one.evidence_ids)
    by_person = decided_by_persons(store.engine, video_id)
    return tuple(
        Decided(
            tag_id=one.tag_id,
            name=names.get(one.tag_id, ""),
            decision=one.decision,
            by="person" if one.tag_id in by_person else "automatic",
            confidence=one.confidence,
            evidence=tuple(
                Line(item.evidence_id, _SEEN.get(item.channel, item.channel), item.span, item.text, item.confidence)
                for evidence_id in one.evidence_ids
                if (item := cited.get(evidence_id)) is not None and item.video_id == video_id
            ),
        )
        for one in made
    )


def _moments(found: Found) -> dict[str, list[FoundMoment]]:
    """By video, in the order of the best moment of each."""
    moments: dict[str, list[FoundMoment]] = defaultdict(list)
    for one in found.moments:
        if one.score >= LEAST_MATCH:
            moments[one.video_id].append(FoundMoment(found.query, one.rank, one.span, one.score, one.text))
    return dict(moments)


def file_name_of(uri: str) -> str:
    """The name of a file as people know it, in one line."""
    return clean(path_of(uri).name) or clean(PurePosixPath(uri).name)


def _uri(place: str) -> str:
    """A location as editors and browsers write it: ``file:///…``."""
    return path_of(place).as_uri()


def tag_ids_of(store: LibraryStore, texts: Sequence[str]) -> tuple[str, ...]:
    """The ids of tags meant by ids or names.

    Raises:
        UsageError: USAGE if there is no such tag.
    """
    return tuple(_tag(store, one) for one in texts)


def _tag(store: LibraryStore, text: str) -> str:
    found = store.tags.find(text)
    if found is None:
        raise UsageError("USAGE", f"There is no tag {text!r}.", "See `kinodex tags list`.")
    return found.tag_id
