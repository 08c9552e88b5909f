"""What was found in one video: its timeline, its lines, its tracklets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from kinodex.schemas.api.moments import (
    ClipShown,
    Heard,
    LineKind,
    LineShown,
    LinesPage,
    Person,
    Seen,
    Spoken,
    Stretch,
    Timeline,
    TrackletsDocument,
    TrackletShown,
)
from kinodex.views import urls
from kinodex.views.cursors import cursor, place_of
from kinodex.views.library_view import Language, LibraryView
from kinodex.views.wording import recognised
from stores.core.records import Channel, Scene, SoundEvent, Span, SpeechActivity, Tracklet, Utterance
from stores.listing.lines import Line, lines_page
from stores.listing.speakers import speakers_of

KINDS: Mapping[LineKind, tuple[Channel, ...]] = {
    "speech": ("speech",),
    "screen": ("screen",),
    "caption": ("caption", "script"),
    "label": ("picture",),
}
"""Kinds of lines, and the channels of their evidence."""

_KIND_OF = {channel: kind for kind, channels in KINDS.items() for channel in channels}

_BACKGROUND = "background"
"""The concept of a tracklet that stands for a scene itself. Source: `stores.core.records.Tracklet`."""


def timeline(view: LibraryView, video_id: str) -> Timeline:
    """What happens when in a video.

    Raises:
        UsageError: UNKNOWN_VIDEO.
    """
    view.video(video_id)
    catalog = view.store.catalog
    known = catalog.video(video_id)
    speakers = speakers_of(view.store, video_id)
    spoken = [one.span for one in catalog.records(video_id, "speech_activity") if isinstance(one, SpeechActivity)]
    if not spoken:
        spoken = [one.span for one in catalog.records(video_id, "speech") if isinstance(one, Utterance)]
    return Timeline(
        seconds=known.seconds if known is not None else 0.0,
        scenes=_stretches(one.span for one in catalog.records(video_id, "scenes") if isinstance(one, Scene)),
        clips=[
            ClipShown(**_times(clip.span), clip_id=clip.clip_id, thumbnail=urls.thumbnail(video_id, clip.thumbnail))
            for clip in catalog.clips(video_id)
        ],
        speech=_stretches(spoken),
        screen=_stretches(line.span for line in catalog.evidence_of(video_id, "screen")),
        tracklets=[
            Seen(
                **_times(one.span), evidence_id=one.evidence_id, name=recognised(one.category, "object", view.language)
            )
            for one in _tracklets(view, video_id)
        ],
        sounds=[
            Heard(**_times(one.span), evidence_id=one.evidence_id, name=recognised(one.name, "sound", view.language))
            for one in catalog.records(video_id, "sound")
            if isinstance(one, SoundEvent) and one.name != "speech"
        ],
        people=[
            Person(start=face.start, end=face.end, evidence_id=face.evidence_id, name=person.shown)
            for person, faces in view.store.people.of_video(video_id)
            for face in faces
        ],
        speakers=[
            Spoken(
                **_times(turn.span),
                evidence_id=turn.evidence_id,
                speaker=turn.speaker,
                name=speakers.names.get(turn.speaker, ""),
            )
            for turn in speakers.turns
        ],
    )


def lines(view: LibraryView, video_id: str, kind: LineKind | None, limit: int, after: str | None = None) -> LinesPage:
    """A page of what was said, read, described or recognised in a video.

    Args:
        kind: None for all kinds.
        after: the cursor of the page before.

    Raises:
        UsageError: UNKNOWN_VIDEO; USAGE for a cursor of another list.
    """
    view.video(video_id)
    channels: Sequence[Channel] = KINDS[kind] if kind is not None else tuple(_KIND_OF)
    of = f"lines {video_id} {kind}"
    mark = None
    if after is not None:
        start, evidence_id = place_of(view.store.library_id, of, after, (int, str))
        mark = start, evidence_id
    found = lines_page(view.store, video_id, channels, limit + 1, mark)
    kept, following = found[:limit], None
    if len(found) > limit:
        last = kept[-1].evidence
        following = cursor(view.store.library_id, of, last.span.start, last.evidence_id)
    return LinesPage(lines=shown(view, kept), next=following)


def tracklets(
    view: LibraryView, video_id: str, start: float | None = None, end: float | None = None
) -> TrackletsDocument:
    """The objects that were followed in a part of a video, with their boxes.

    Args:
        start, end: seconds; None for its beginning and end.

    Raises:
        UsageError: UNKNOWN_VIDEO.
    """
    view.video(video_id)
    found = []
    for one in _tracklets(view, video_id):
        first, last = one.span.seconds
        if (end is not None and first >= end) or (start is not None and last <= start):
            continue
        base = one.span.time_base
        boxes = [
            [float(tick * base), _part(x0), _part(y0), _part(x1 - x0), _part(y1 - y0)]
            for tick, x0, y0, x1, y1 in one.trajectory
        ]
        name = recognised(one.category, "object", view.language)
        found.append(TrackletShown(start=first, end=last, evidence_id=one.evidence_id, name=name, boxes=boxes))
    return TrackletsDocument(tracklets=found)


def _tracklets(view: LibraryView, video_id: str) -> list[Tracklet]:
    found = view.store.catalog.records(video_id, "tracklets")
    return [one for one in found if isinstance(one, Tracklet) and one.concept != _BACKGROUND]


def shown(view: LibraryView, some: Sequence[Line]) -> list[LineShown]:
    """Lines as pages show them."""
    corrected = view.store.corrections.corrected([one.evidence.evidence_id for one in some])
    return [_line(one, one.evidence.evidence_id in corrected, view.language) for one in some]


def _line(one: Line, corrected: bool, language: Language) -> LineShown:
    evidence = one.evidence
    return LineShown(
        **_times(evidence.span),
        evidence_id=evidence.evidence_id,
        kind=_KIND_OF[evidence.channel],
        text=evidence.text if corrected else recognised(evidence.text, evidence.channel, language),
        confidence=evidence.confidence,
        language=one.language or None,
        corrected=corrected,
    )


def _stretches(spans: Iterable[Span]) -> list[Stretch]:
    return [Stretch(**_times(span)) for span in spans]


def _times(span: Span) -> dict[str, float]:
    start, end = span.seconds
    return {"start": start, "end": end}


def _part(value: float) -> float:
    return round(min(1.0, max(0.0, value)), 5)
