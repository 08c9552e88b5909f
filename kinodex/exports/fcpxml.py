"""Timelines as FCPXML, for Final Cut Pro.

Written by hand: the adapter of OpenTimelineIO leaves the frame duration empty for rates that it was not told, and does
not read such a file again. It reads what is written here.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from xml.etree import ElementTree

from kinodex.exports.material import VideoMaterial
from kinodex.exports.timelines import Cut, common_rate, label
from kinodex.exports.wording import xml_safe

VERSION = "1.8"
"""Source: Apple, FCPXML Reference; 1.8 is what OpenTimelineIO reads and all versions of Final Cut Pro since 10.4."""


def fcpxml(title: str, cuts: Sequence[Cut]) -> str:
    """One project with one sequence, at the rate of the first video; times are exact fractions of a second."""
    rate = common_rate(cuts)
    first = cuts[0].media.video if cuts else None
    root = ElementTree.Element("fcpxml", version=VERSION)
    resources = ElementTree.SubElement(root, "resources")
    size = {"width": str(first.width), "height": str(first.height)} if first else {}
    ElementTree.SubElement(resources, "format", {"id": "r1", "frameDuration": _time(1, rate)} | size)
    assets = _assets(resources, cuts, rate)
    project = ElementTree.SubElement(root, "project", name=xml_safe(label(title)))
    lengths = [cut.frames(cut.span, rate)[1] for cut in cuts]
    sequence = ElementTree.SubElement(project, "sequence", format="r1", duration=_time(sum(lengths), rate))
    spine = ElementTree.SubElement(sequence, "spine")
    offset = 0
    for cut, length in zip(cuts, lengths, strict=True):
        begins, _ = cut.frames(cut.span, rate)
        place = {"offset": _time(offset, rate), "start": _time(begins, rate), "duration": _time(length, rate)}
        clip = ElementTree.SubElement(spine, "clip", {"name": xml_safe(cut.name)} | place)
        whole = _whole(cut.media, cut, rate)
        ElementTree.SubElement(clip, "video", offset="0s", ref=assets[cut.media.video_id], duration=_time(whole, rate))
        for mark in cut.markers:
            at, count = cut.frames(mark.span, rate)
            about = {"start": _time(at, rate), "duration": _time(count, rate)}
            about |= {"value": xml_safe(mark.name), "note": xml_safe(mark.text)}
            ElementTree.SubElement(clip, "marker", {key: text for key, text in about.items() if text})
        offset += length
    ElementTree.indent(root, "    ")
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n\n{body}\n'


def _assets(resources: ElementTree.Element, cuts: Sequence[Cut], rate: Fraction) -> dict[str, str]:
    """An asset for each video; its id by video id."""
    found: dict[str, str] = {}
    for cut in cuts:
        one = cut.media
        if one.video_id in found:
            continue
        found[one.video_id] = name = f"r{len(found) + 2}"
        audio = "1" if one.video and one.video.has_audio else "0"
        about = {"id": name, "name": xml_safe(label(one.name)), "src": one.place, "start": "0s", "format": "r1"}
        about |= {"duration": _time(_whole(one, cut, rate), rate), "hasVideo": "1", "hasAudio": audio}
        ElementTree.SubElement(resources, "asset", about)
    return found


def _whole(one: VideoMaterial, cut: Cut, rate: Fraction) -> int:
    return cut.frames(one.video.whole if one.video else cut.span, rate)[1]


def _time(frames: int, rate: Fraction) -> str:
    """Frames as seconds: ``1001/30000s``."""
    time = frames / rate
    return f"{time.numerator}/{time.denominator}s" if time.numerator else "0s"
