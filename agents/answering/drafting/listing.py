"""Claims that list: moments, videos with a moment each, tags, properties of files, comparisons."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.answering.claims import Citation, Claim, cite
from agents.answering.drafting.counting import asks_for_videos
from agents.answering.drafting.material import Material
from agents.answering.drafting.things import Thing, at_once, named
from agents.answering.drafting.times import covered
from agents.answering.drafting.wording import length
from agents.search.finder import Moment
from agents.tools.moments import lines_of
from agents.words import coverage
from stores.core.records import Evidence, Video

MOST_LISTED = 10
"""Videos or moments of one answer."""

_LONGEST = re.compile(r"\blong|short|durat|长|短|时长", re.I)
_SIZE = re.compile(r"\bresolution|\bwide|\bwidth|\bheight|\bpixels?|\bdimension|分辨率|像素|宽|高清|尺寸", re.I)
_RATE = re.compile(r"\bframe ?rate|\bfps\b|帧率|每秒.*帧", re.I)
_SOUND = re.compile(r"\b(?:sound|audio|silent)\b|声音|音轨|有声|无声", re.I)
_SHAPE = re.compile(r"\b(?:vertical|horizontal|portrait|landscape|orientation)\b|竖屏|横屏|竖版|横版", re.I)
_BYTES = re.compile(r"\b(?:file size|bytes|megabytes|mb)\b|文件大小|多大", re.I)
_CODEC = re.compile(r"\b(?:codec|format|container)\b|编码|格式", re.I)


def draft_moments(material: Material) -> list[Claim]:
    """Moments that show or say what is looked for; for a yes-or-no question, its ground."""
    found = material.found
    if found is None or found.verdict == "no_match":
        return _ground(material)
    if material.question.yes_or_no:
        return _ground(material)
    likely = [moment for moment in found.moments if moment.score >= 0.5][:MOST_LISTED]
    return [claim for moment in likely if (claim := _moment(material, moment)) is not None]


def _moment(material: Material, moment: Moment) -> Claim | None:
    lines = lines_of(material.store, moment)
    terms = material.question.terms
    saying = [line for line in lines if coverage(terms, line.search_text) > 0] or lines
    if not saying:
        return None
    best = saying[0]
    text = f"{material.name(moment.video_id)}: {_told(best, material.chinese)}"
    return Claim(text, (cite(best),), "seen" if best.channel in ("object", "picture", "caption") else "quote")


def _told(line: Evidence, chinese: bool) -> str:
    if line.channel in ("speech", "screen", "script"):
        return f"“{line.text.strip()}”"
    return named(line, chinese)


def _ground(material: Material) -> list[Claim]:
    """What in the best videos is, says or shows the thing in question."""
    for video_id in material.best_videos() or list(material.scope or ())[:1]:
        for thing in material.things():
            lines = evidence_for(material, video_id, thing)
            if lines:
                text = _told(lines[0], material.chinese)
                yes = f"是的：{text}" if material.chinese else f"Yes: {text}"
                basis = "seen" if lines[0].channel in ("object", "picture", "caption") else "quote"
                return [Claim(yes if material.question.yes_or_no else text, (cite(lines[0]),), basis)]
    return []


def evidence_for(material: Material, video_id: str, thing: Thing) -> list[Evidence]:
    """Lines of a video that show a thing or say its words, the most certain first."""
    if not thing.terms:
        return []
    shown = sorted(material.seen(video_id, thing), key=lambda line: -line.confidence)
    said = [line for line in material.lines(video_id, ("speech", "screen")) if coverage(thing.terms, line.text) >= 1.0]
    return [*shown, *said] if material.question.source == "picture" else [*said, *shown]


def draft_videos(material: Material) -> list[Claim]:
    """The videos that show or say something, each with a moment; how many, if that is asked."""
    found = material.found
    if found is None:
        return []
    claims: dict[str, Claim] = {}
    for moment in found.moments:
        if moment.video_id in claims or moment.score < 0.5:
            continue
        claim = _supported(material, moment)
        if claim is not None:
            claims[moment.video_id] = claim
    listed = list(claims.values())[:MOST_LISTED]
    if listed and asks_for_videos(material.question.text):
        count = str(len(listed))
        cited = tuple(claim.citations[0] for claim in listed)
        names = ", ".join(material.name(one.video_id) for one in cited)
        text = f"{count}个视频：{names}" if material.chinese else f"{count} video{'s' * (count != '1')}: {names}"
        return [Claim(text, cited, "computed", value=count)]
    return listed


def _supported(material: Material, moment: Moment) -> Claim | None:
    for thing in material.things():
        lines = evidence_for(material, moment.video_id, thing)
        inside = [line for line in lines if line.span.overlap(moment.span)]
        if inside or lines:
            best = (inside or lines)[0]
            basis = "seen" if best.channel in ("object", "picture", "caption") else "quote"
            return Claim(f"{material.name(moment.video_id)}: {_told(best, material.chinese)}", (cite(best),), basis)
    return _moment(material, moment)


def draft_tags(material: Material) -> list[Claim]:
    """The accepted tags of the videos in question."""
    claims = []
    for video_id in (material.best_videos(MOST_LISTED) or list(material.scope or ()))[:MOST_LISTED]:
        accepted = [one for one in material.store.tags.decisions(video_id) if one.decision == "accepted"]
        names = material.store.tags.names([one.tag_id for one in accepted])
        shown = [one for one in accepted if one.tag_id in names]
        if not shown:
            continue
        ids = list(dict.fromkeys(one.evidence_ids[0] for one in shown if one.evidence_ids))
        lines = material.store.catalog.evidence(ids)
        whole = material.whole(video_id)
        cited = tuple(cite(lines[one]) for one in ids if one in lines) or ((whole,) if whole else ())
        text = ("、" if material.chinese else ", ").join(names[one.tag_id] for one in shown)
        sentence = (
            f"{material.name(video_id)} 的标签：{text}"
            if material.chinese
            else f"{material.name(video_id)} is tagged {text}"
        )
        claims.append(Claim(sentence, cited, "listed", value=text))
    return claims


def draft_metadata(material: Material) -> list[Claim]:
    """Properties of the files in question: length, size in pixels, frame rate, sound, shape, bytes, codec."""
    claims = []
    for video_id in (material.named or tuple(material.best_videos(1)))[:MOST_LISTED]:
        video, whole = material.video(video_id), material.whole(video_id)
        if video is None or whole is None:
            continue
        value = _property(material.question.text, video, material.chinese)
        name = material.name(video_id)
        claims.append(
            Claim(f"{name}：{value}" if material.chinese else f"{name}: {value}", (whole,), "listed", value=value)
        )
    return claims


def _property(asked: str, video: Video, chinese: bool) -> str:
    if _SIZE.search(asked):
        return f"{video.width}×{video.height} 像素" if chinese else f"{video.width} × {video.height} pixels"
    if _RATE.search(asked):
        return (
            f"每秒 {float(video.frame_rate):.4g} 帧" if chinese else f"{float(video.frame_rate):.4g} frames per second"
        )
    if _SOUND.search(asked):
        if chinese:
            return "有声音" if video.has_audio else "没有声音"
        return "it has sound" if video.has_audio else "it has no sound track"
    if _SHAPE.search(asked):
        upright = video.height > video.width
        return ("竖屏" if upright else "横屏") if chinese else ("vertical" if upright else "horizontal")
    if _BYTES.search(asked):
        return f"{video.size / 1e6:.1f} MB"
    if _CODEC.search(asked):
        return f"{video.container}, {video.video_codec}" + (f", {video.audio_codec}" if video.audio_codec else "")
    return length(video.seconds, chinese)


def draft_comparison(material: Material, among: Sequence[str]) -> list[Claim]:
    """Which of some videos is longer, or has more of something.

    Args:
        among: the videos to compare, at least two.
    """
    if len(among) < 2:
        return []
    least = material.question.relation == "least" or bool(
        re.search(r"\bshort|\bfew|\bless\b|更短|最短|更少|最少", material.question.text, re.I)
    )
    if _LONGEST.search(material.question.text) and not material.question.things:
        measured = {one: video.seconds for one in among if (video := material.video(one)) is not None}
        shown = {one: length(seconds, material.chinese) for one, seconds in measured.items()}
        cited = {one: whole for one in measured if (whole := material.whole(one)) is not None}
        return [_won(material, measured, shown, cited, least)]
    for thing in material.things():
        counted: dict[str, float] = {}
        proof: dict[str, Citation] = {}
        shown = {}
        for one in among:
            lines = evidence_for(material, one, thing)
            objects = at_once([line for line in lines if line.channel == "object"])
            counted[one] = len(objects) or len(lines) + covered(lines) / 1000
            shown[one] = str(len(objects) or len(lines))
            if lines:
                proof[one] = cite((objects or lines)[0])
        if proof and len(set(counted.values())) > 1:
            return [_won(material, counted, shown, proof, least)]
    return []


def _won(
    material: Material,
    measured: dict[str, float],
    shown: dict[str, str],
    proof: dict[str, Citation],
    least: bool,
) -> Claim:
    ordered = sorted(measured, key=lambda one: measured[one] if least else -measured[one])
    values = ", ".join(f"{material.name(one)} {shown[one]}" for one in ordered[:MOST_LISTED])
    cited = tuple(proof[one] for one in ordered if one in proof)
    sign = "：" if material.chinese else ": "
    return Claim(f"{material.name(ordered[0])}{sign}{values}", cited, "computed", value=material.name(ordered[0]))
