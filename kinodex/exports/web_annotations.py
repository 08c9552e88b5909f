"""Lines, tags and tracklets as W3C Web Annotations, whose targets are times and boxes in a video."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from kinodex.exports.material import VideoMaterial
from kinodex.exports.wording import one_line
from kinodex.text import to_json
from stores.core.records import Span

CONTEXT = "http://www.w3.org/ns/anno.jsonld"
"""Source: Web Annotation Data Model, https://www.w3.org/TR/annotation-model/."""

FRAGMENTS = "http://www.w3.org/TR/media-frags/"
"""Source: Media Fragments URI 1.0, https://www.w3.org/TR/media-frags/."""

_Object = dict[str, Any]
_Box = tuple[float, float, float, float]


def annotation_page(one: VideoMaterial) -> str:
    """A page of annotations of one video, as JSON-LD."""
    items = list(_items(one))
    page = {
        "@context": CONTEXT,
        "id": f"urn:kinodex:{one.video_id}:annotations",
        "type": "AnnotationPage",
        "partOf": {"type": "AnnotationCollection", "label": one_line(one.name), "total": len(items)},
        "items": items,
    }
    return to_json(page) + "\n"


def _items(one: VideoMaterial) -> Iterator[_Object]:
    for line in one.lines:
        language = {"language": line.language} if line.language else {}
        body = _body(line.text) | {"format": "text/plain"} | language
        yield _annotation(line.evidence_id, "describing", body, _target(one, line.span, line.box))
    for found in one.tracklets:
        target = _target(one, found.span, _around(found.boxes))
        yield _annotation(found.evidence_id, "identifying", _body(found.name), target)
    for tag in one.accepted:
        places = [_target(one, line.span, line.box) for line in tag.evidence]
        where: Any = places[0] if len(places) == 1 else places or one.place
        yield _annotation(f"{one.video_id}:{tag.tag_id}", "tagging", _body(tag.name or tag.tag_id), where)


def _body(text: str) -> _Object:
    return {"type": "TextualBody", "value": one_line(text)}


def _annotation(name: str, motivation: str, body: _Object, target: Any) -> _Object:
    made = {"id": f"urn:kinodex:{name}", "type": "Annotation", "motivation": motivation}
    return made | {"body": body | {"purpose": motivation}, "target": target}


def _target(one: VideoMaterial, span: Span, box: _Box | None) -> _Object:
    value = f"t={_seconds(span.start, span.time_base)},{_seconds(span.end, span.time_base)}"
    if box is not None:
        x0, y0, x1, y1 = (min(1.0, max(0.0, side)) * 100 for side in box)
        value += f"&xywh=percent:{x0:.3f},{y0:.3f},{x1 - x0:.3f},{y1 - y0:.3f}"
    return {
        "type": "SpecificResource",
        "source": one.place,
        "selector": {"type": "FragmentSelector", "conformsTo": FRAGMENTS, "value": value},
    }


def _seconds(tick: int, time_base: Fraction) -> str:
    return f"{float(tick * time_base):.6f}".rstrip("0").rstrip(".")


def _around(boxes: tuple[tuple[int, float, float, float, float], ...]) -> _Box | None:
    """The box around all boxes of a tracklet."""
    if not boxes:
        return None
    return (
        min(box[1] for box in boxes),
        min(box[2] for box in boxes),
        max(box[3] for box in boxes),
        max(box[4] for box in boxes),
    )
