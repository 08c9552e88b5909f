"""Moments and tags as timelines for editors: OpenTimelineIO, EDL (CMX 3600) and Final Cut Pro 7."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from kinodex.exports.material import USUAL_RATE, VideoMaterial
from kinodex.exports.wording import one_line
from stores.core.errors import UsageError
from stores.core.records import Span

if TYPE_CHECKING:
    from opentimelineio import schema

MOST_EVENTS = 999
"""Events of an EDL. Source: CMX 3600, whose numbers have three digits."""

EDITED_RATES = tuple(Fraction(rate) for rate in ("24000/1001", 24, 25, "30000/1001", 30, 50, "60000/1001", 60))
"""Frames per second of a timeline of an editor. Source: SMPTE ST 12-1 and the formats of Final Cut Pro."""

LONGEST_LABEL = 200
"""Characters of the name of a clip or marker; the whole text stands in its metadata or note. Source: our choice."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A named place in a video."""

    span: Span
    name: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of a video on a timeline, with its markers.

    Attributes:
        media: of the video it is from.
    """

    media: VideoMaterial
    span: Span
    name: str
    markers: tuple[Mark, ...] = ()

    def frames(self, span: Span, rate: Fraction) -> tuple[int, int]:
        """(first frame, frames) of a span at a rate; one frame at least."""
        first = round(span.start * span.time_base * rate)
        return first, max(1, round(span.end * span.time_base * rate) - first)


def moments(videos: Sequence[VideoMaterial]) -> list[Cut]:
    """The moments of a search, best first, each with a mark that says what was found."""
    ranked = sorted(
        ((moment.rank, one, moment) for one in videos for moment in one.moments), key=lambda found: found[0]
    )
    return [
        Cut(one, moment.span, label(f"{rank} {one.name}"), (Mark(moment.span, label(moment.text or moment.query)),))
        for rank, one, moment in ranked
    ]


def tagged(videos: Sequence[VideoMaterial], tag_ids: Sequence[str] = ()) -> list[Cut]:
    """Accepted tags: each whole video with a mark at every line that a tag rests on.

    Args:
        tag_ids: only these tags, and each place of one as a part of its own.
    """
    cuts: list[Cut] = []
    for one in videos:
        markers = [
            Mark(line.span, label(decided.name or decided.tag_id), one_line(line.text))
            for decided in one.accepted
            if not tag_ids or decided.tag_id in tag_ids
            for line in decided.evidence
        ]
        markers.sort(key=lambda mark: (mark.span, mark.name))
        if tag_ids:
            cuts += [Cut(one, mark.span, label(f"{mark.name} · {one.name}"), (mark,)) for mark in markers]
        elif markers and one.video is not None:
            cuts.append(Cut(one, one.video.whole, label(one.name), tuple(markers)))
    return cuts


def label(text: str) -> str:
    """A name short enough for editors."""
    return one_line(text)[:LONGEST_LABEL] or "-"


def common_rate(cuts: Sequence[Cut]) -> Fraction:
    """The rate of a timeline that has only one: of those that editors know, the nearest to that of the first video."""
    wanted = cuts[0].media.rate if cuts else USUAL_RATE
    return min(EDITED_RATES, key=lambda rate: (abs(rate - wanted), rate))


def otio(title: str, cuts: Sequence[Cut]) -> str:
    """OpenTimelineIO; each clip at the rate of its video, with the exact ticks in its metadata."""
    from opentimelineio import adapters

    return str(adapters.write_to_string(_timeline(title, cuts, None), "otio_json"))


def edl(title: str, cuts: Sequence[Cut]) -> str:
    """An EDL, at the rate nearest to that of the first video. Its markers are in capitals: that is the format.

    Raises:
        UsageError: TOO_LARGE if it has more events than an EDL can number.
    """
    from opentimelineio import adapters

    if len(cuts) > MOST_EVENTS:
        message = f"An EDL has at most {MOST_EVENTS} events; this one would have {len(cuts)}."
        raise UsageError("TOO_LARGE", message, "Export fewer, or as OTIO.")
    if not cuts:
        return f"TITLE: {title}\n"  # the adapter fails where there is no event
    rate = common_rate(cuts)
    return str(adapters.write_to_string(_timeline(title, cuts, rate), "cmx_3600", rate=float(rate)))


def fcp7(title: str, cuts: Sequence[Cut]) -> str:
    """Final Cut Pro 7 XML (xmeml 4), which Premiere Pro and DaVinci Resolve read."""
    from opentimelineio import adapters

    return str(adapters.write_to_string(_timeline(title, cuts, common_rate(cuts)), "fcp_xml"))


def _timeline(title: str, cuts: Sequence[Cut], rate: Fraction | None) -> schema.Timeline:
    """A timeline of one track. ``rate``: of all clips; None for that of each video."""
    from opentimelineio import opentime, schema

    def span_at(cut: Cut, span: Span, at: Fraction) -> opentime.TimeRange:
        first, count = cut.frames(span, at)
        return opentime.TimeRange(opentime.RationalTime(first, float(at)), opentime.RationalTime(count, float(at)))

    timeline = schema.Timeline(label(title))
    track = schema.Track("V1", kind=schema.TrackKind.Video)
    timeline.tracks.append(track)
    for cut in cuts:
        at = rate or cut.media.rate
        whole = cut.media.video.whole if cut.media.video else cut.span
        media = schema.ExternalReference(target_url=cut.media.place, available_range=span_at(cut, whole, at))
        media.name = cut.media.name
        clip = schema.Clip(name=cut.name, media_reference=media, source_range=span_at(cut, cut.span, at))
        clip.metadata["kinodex"] = {"video_id": cut.media.video_id, **_ticks(cut.span)}
        for mark in cut.markers:
            marker = schema.Marker(name=mark.name, marked_range=span_at(cut, mark.span, at), color="GREEN")
            marker.metadata["kinodex"] = {**_ticks(mark.span), "text": mark.text}
            clip.markers.append(marker)
        track.append(clip)
    return timeline


def _ticks(span: Span) -> dict[str, int | str]:
    return {"start_tick": span.start, "end_tick": span.end, "time_base": str(span.time_base)}
