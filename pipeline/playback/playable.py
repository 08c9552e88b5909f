"""Whether Chromium, Firefox and Safari play a file as it is, and what it takes if they do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipeline.playback.facts import MediaFacts

How = Literal["file", "remux", "encode"]
"""``file`` it plays as it is; ``remux`` only its container is wrong; ``encode`` its pictures are encoded again."""

# Source: MDN, "Web video codec guide" and "Media container formats"; 8 bits and 4:2:0 is what all three decode.
_PLAYED = {
    "mp4": ({"h264", "av1"}, {"", "aac", "mp3"}),
    "webm": ({"vp8", "vp9", "av1"}, {"", "opus", "vorbis"}),
}
_MIME = {"mp4": "video/mp4", "webm": "video/webm"}
_EIGHT_BITS = {"yuv420p", "yuvj420p"}
# Containers whose packets can be put into an MP4 as they are.
_REMUXED = {"mp4", "matroska", "flv"}
_COPIED_SOUND = {"", "aac", "mp3"}
# A clock that starts this late or early makes no difference that anybody could see.
_CLOCK_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Playable:
    """How a file is played.

    Attributes:
        reason: why not as it is, in one sentence for people; "" if it is; ``reason_zh``: the same in Chinese.
        mime: of what is played.
    """

    how: How
    mime: str
    reason: str = ""
    reason_zh: str = ""


def playable(facts: MediaFacts) -> Playable:
    """Whether browsers play a file as it is."""
    mime = _MIME["mp4"]
    if facts.pixel_format not in _EIGHT_BITS:
        pixels = facts.pixel_format or "unknown"
        what = f"{facts.video_codec} in the pixel format {pixels}"
        chinese = f"浏览器不能播放像素格式为 {pixels} 的 {facts.video_codec}。"
        return Playable("encode", mime, f"Browsers do not play {what}.", chinese)
    pictures, sounds = _PLAYED.get(facts.container, (set[str](), set[str]()))
    if facts.video_codec in pictures and facts.audio_codec in sounds and facts.first and _starts(facts):
        return Playable("file", _MIME[facts.container])
    copied = facts.video_codec == "h264" and facts.container in _REMUXED and facts.timed
    return Playable("remux" if copied else "encode", mime, *_reason(facts, pictures, sounds))


def copies_sound(facts: MediaFacts) -> bool:
    """Whether the sound of a file goes into an MP4 as it is."""
    return facts.audio_codec in _COPIED_SOUND and facts.container in _REMUXED


def _starts(facts: MediaFacts) -> bool:
    return abs(facts.start) <= _CLOCK_SECONDS


def _reason(facts: MediaFacts, pictures: set[str], sounds: set[str]) -> tuple[str, str]:
    """In English and Chinese."""
    container = facts.container
    if not pictures:
        return f"Browsers do not play {container} files.", f"浏览器不能播放 {container} 文件。"
    if facts.video_codec not in pictures:
        codec = facts.video_codec
        return f"Browsers do not play {codec} in {container} files.", f"浏览器不能播放 {container} 文件里的 {codec}。"
    if facts.audio_codec not in sounds:
        codec = facts.audio_codec
        english = f"Browsers do not play the sound ({codec}) of this {container} file."
        return english, f"浏览器不能播放这个 {container} 文件的声音（{codec}）。"
    if not facts.first:
        return "Browsers would play another track of this file.", "浏览器会播放这个文件的另一条轨道。"
    english = f"The clock of this file starts at {facts.start:.2f} s, which browsers take in different ways."
    return english, f"这个文件的时钟从 {facts.start:.2f} 秒开始，各种浏览器的处理方式不同。"
