"""What media centres show of a video: an NFO file for Kodi, Jellyfin and Emby."""

from __future__ import annotations

from pathlib import PurePosixPath
from xml.etree import ElementTree

from kinodex.exports.material import VideoMaterial
from kinodex.exports.wording import one_line, xml_safe


def nfo(one: VideoMaterial) -> str:
    """A ``movie`` with title, plot, tags, and what its streams are.

    Source: Kodi, https://kodi.wiki/view/NFO_files/Movies.
    """
    root = ElementTree.Element("movie")

    def put(name: str, text: str, parent: ElementTree.Element = root, **attributes: str) -> None:
        if text:
            ElementTree.SubElement(parent, name, attributes).text = xml_safe(text)

    put("title", one_line(PurePosixPath(one.name).stem) or one.video_id)
    put("plot", one.summary)
    put("runtime", str(max(1, round(one.seconds / 60))) if one.seconds else "")
    put("uniqueid", one.video_id, type="kinodex", default="true")
    for tag in one.accepted:
        put("tag", one_line(tag.name or tag.tag_id))
    if one.video is not None:
        details = ElementTree.SubElement(ElementTree.SubElement(root, "fileinfo"), "streamdetails")
        video = ElementTree.SubElement(details, "video")
        put("codec", one.video.video_codec, video)
        put("width", str(one.video.width), video)
        put("height", str(one.video.height), video)
        put("durationinseconds", str(round(one.seconds)), video)
        if one.video.has_audio:
            audio = ElementTree.SubElement(details, "audio")
            put("codec", one.video.audio_codec, audio)
            put("language", next((line.language for line in one.of_kind("speech") if line.language), ""), audio)
    ElementTree.indent(root, "  ")
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{body}\n'
