"""Claims that list: moments, videos with a moment each, tags, properties of files, comparisons."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.answering.claims import Citation, Claim, cite
from agents.answering.drafting.counting import asks_for_videos
from agents.answering.drafting.material import Material
from agents.answering.drafting.things import Thing, at_once, named
from agents.answering.drafting.times import covered
from agents.answering.wording import length
from agents.search.finder import Moment
from agents.tools.moments import lines_of
from agents.words import coverage
from stores.core.records import Evidence

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
        ids = list(dict.fromkeys(one.evidence_ids[0] for one in accepted if one.evidence_ids))
        lines = material.store.catalog.evidence(ids)
        whole = material.whole(video_id)
        cited = tuple(cite(lines[one]) for one in ids if one in lines) or ((whole,) if whole else ())
        chosen = f"SELECT tag FROM tags WHERE video_id = '{video_id}' AND decision = 'accepted' ORDER BY tag"
        text = _computed(material, f"SELECT group_concat(tag, ', ') FROM ({chosen})", video_id)
        if text and cited:
            sql = f"SELECT group_concat(tag, ', ') FROM ({chosen})"
            name = material.name(video_id)
            sentence = f"{name}：{text}" if material.chinese else f"{name}: {text}"
            claims.append(Claim(sentence, cited, "listed", sql, text))
    return claims


def draft_metadata(material: Material) -> list[Claim]:
    """Properties of the files in question: length, size in pixels, frame rate, sound, shape, bytes, codec."""
    claims = []
    for video_id in (material.named or tuple(material.best_videos(1)))[:MOST_LISTED]:
        whole = material.whole(video_id)
        if whole is None:
            continue
        column, before, after = _property(material.question.text, material.chinese)
        sql = f"SELECT {column} FROM videos WHERE video_id = '{video_id}'"
        value = _computed(material, sql, video_id)
        if not value:
            continue
        sign = "：" if material.chinese else ": "
        video = material.video(video_id)
        if column == "seconds" and video is not None:
            value, after = length(video.seconds, material.chinese), ""
            claims.append(Claim(f"{material.name(video_id)}{sign}{value}", (whole,), "listed", value=value))
            continue
        claims.append(Claim(f"{material.name(video_id)}{sign}{before}{value}{after}", (whole,), "listed", sql, value))
    return claims


def _computed(material: Material, sql: str, video_id: str) -> str:
    rows = material.store.query.run(sql, video_ids=[video_id]).rows
    value = rows[0][0] if rows and rows[0] else None
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _property(asked: str, chinese: bool) -> tuple[str, str, str]:
    """What to select from ``videos``, and the words before and after its value."""
    if _SIZE.search(asked):
        return "width || '×' || height", "", ""
    if _RATE.search(asked):
        return "round(frame_rate, 2)", "", " 帧/秒" if chinese else " fps"
    if _SOUND.search(asked):
        words = ("有声音", "没有声音") if chinese else ("with sound", "without sound")
        return f"CASE WHEN has_audio THEN '{words[0]}' ELSE '{words[1]}' END", "", ""
    if _SHAPE.search(asked):
        words = ("竖屏", "横屏") if chinese else ("vertical", "horizontal")
        return f"CASE WHEN height > width THEN '{words[0]}' ELSE '{words[1]}' END", "", ""
    if _BYTES.search(asked):
        return "round(size_bytes / 1000000.0, 1)", "", " MB"
    if _CODEC.search(asked):
        return "video_codec", "", ""
    return "seconds", "", ""


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
        return _by_length(material, among, least)
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


def _by_length(material: Material, among: Sequence[str], least: bool) -> list[Claim]:
    """The longest, or shortest, of some videos, with the length of each."""
    seconds = {one: video.seconds for one in among if (video := material.video(one)) is not None}
    ordered = sorted(seconds, key=lambda one: seconds[one] if least else -seconds[one])[:MOST_LISTED]
    cited = [whole for one in ordered if (whole := material.whole(one)) is not None]
    if not cited:
        return []
    sql = f"SELECT name FROM videos ORDER BY seconds{'' if least else ' DESC'} LIMIT 1"
    if material.named:
        listed = ", ".join(f"'{one}'" for one in among)
        sql = sql.replace("videos ", f"videos WHERE video_id IN ({listed}) ")
    first = Claim(material.name(ordered[0]), (cited[0],), "computed", sql, material.name(ordered[0]))
    rest = [
        Claim(f"{material.name(one.video_id)}: {text}", (one,), "computed", value=text)
        for one in cited
        if (text := length(seconds[one.video_id], material.chinese))
    ]
    return [first, *rest]


def _won(
    material: Material, counted: dict[str, float], shown: dict[str, str], proof: dict[str, Citation], least: bool
) -> Claim:
    """The video with most, or least, of a thing."""
    ordered = sorted(counted, key=lambda one: counted[one] if least else -counted[one])
    name = material.name(ordered[0])
    return Claim(name, tuple(proof[one] for one in ordered if one in proof), "computed", value=name)
