"""The sources along which tags are recalled for one video: picture, objects, speech, screen, caption, format, similar.

Every source takes the whole tag library (`agents.tagging.vocabulary`) and returns the tags it recalls, each with a
probability, the source's name and evidence. Its cost does not grow with the number of tags that it does not recall.
Sources are independent of each other; `agents.tagging.rank` fuses their results.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agents.tagging.recall.case import Case, Recalled
from agents.tagging.recall.formats import format_source
from agents.tagging.recall.lines import caption_source, screen_source, speech_source
from agents.tagging.recall.objects import object_source
from agents.tagging.recall.pictures import picture_source
from agents.tagging.recall.similar import similar_source

SOURCES: Mapping[str, Callable[[Case], list[Recalled]]] = {
    "picture": picture_source,
    "objects": object_source,
    "speech": speech_source,
    "screen": screen_source,
    "caption": caption_source,
    "format": format_source,
    "similar": similar_source,
}
"""Each source's name, as decisions keep it, and the function that recalls along it."""

__all__ = ["SOURCES", "Case", "Recalled"]
