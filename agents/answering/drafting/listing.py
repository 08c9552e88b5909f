"""Claims that list: moments, videos with a moment each, tags, properties of files, comparisons."""

from __future__ import annotations

import re
from dataclasses import replace

from agents.answering.claims import Basis, Claim, cite
from agents.answering.drafting.counting import asks_for_videos, is_video
from agents.answering.drafting.material import Material
from agents.answering.drafting.showing import showing
from agents.answering.drafting.things import MOST_ALIASES, PICTURED, Thing, named, thing_of
from agents.answering.drafting.told_kinds import lines_telling, told_kind
from agents.answering.wording import length, there_is
from agents.search.finder import Moment
from agents.tools.moments import lines_of
from agents.words import coverage
from stores.core.records import CHANNELS, Channel, Evidence, Tag

LEAST_OF_LISTED = 0.25
"""Confidence of a label or object for its video to be listed: a list is read as a whole."""

_BUT_FORMATS: tuple[Channel, ...] = tuple(one for one in CHANNELS if one != "format")

MOST_HITS = 100
"""Lines with words of the question that videos are listed by. Ours."""

MOST_LISTED = 10
"""Videos or moments of one answer."""

SUPPORT = 0.5
"""Share of a question's words that a line must have where the thing that it names is not there. Ours."""

_IDLE = re.compile(
    r"videos?|clips?|films?|files?|see|seen|show\w*|appear\w*|visible|contain\w*|feature\w*|list|find|there|mention\w*|"
    "talk|say|said|speak|about|视频|片段|出现|看到|看见|看得|可以|哪些|哪个|哪几|几个|提到|说到|讲到",
    re.I,
)
"""Words that say that something is to be found, and not what."""

_TAG_WORD = re.compile(r"tags?|tagged|videos?|all|the|show|标签|视频", re.I)
_WITHOUT = re.compile(r"\b(?:no|without|silent|not)\b|没有|没|无", re.I)
_SIZE = re.compile(r"\bresolution|\bwide|\bwidth|\bheight|\bpixels?|\bdimension|分辨率|像素|宽|高清|尺寸", re.I)
_RATE = re.compile(r"\bframe ?rate|\bfps\b|帧率|每秒.*帧", re.I)
_SOUND = re.compile(r"\b(?:sound|audio|silent)\b|声音|音轨|有声|无声", re.I)
_SHAPE = re.compile(r"\b(?:vertical|horizontal|portrait|landscape|orientation)\b|竖屏|横屏|竖版|横版", re.I)
_BYTES = re.compile(r"\b(?:file size|bytes|megabytes|mb)\b|文件大小|多大", re.I)
_CODEC = re.compile(r"\b(?:codec|format|container)\b|编码|格式", re.I)


def draft_moments(material: Material) -> list[Claim]:
    """Moments that show or say what is looked for; for a yes-or-no question, its ground."""
    if material.question.yes_or_no:
        return _ground(material)
    if (kind := told_kind(material.question.text)) is not None and (lines := lines_telling(material, kind)):
        about = [line for line in lines if material.named or line.video_id in material.best_videos(MOST_LISTED)]
        return material.not_shown(line_of_video(material, line) for line in about or lines)[:MOST_LISTED]
    found = material.found
    if found is None or found.verdict == "no_match":
        return _ground(material)
    likely = [moment for moment in found.moments if moment.score >= 0.5]
    moments = [claim for moment in likely if (claim := _moment(material, moment)) is not None]
    return material.not_shown(moments)[:MOST_LISTED]


def _moment(material: Material, moment: Moment) -> Claim | None:
    """A moment by what shows or says one of the things, or a word of the question; by what it shows at all only where
    its pictures are what is alike."""
    lines = material.telling(lines_of(material.store, moment))
    known = [*material.things(), thing_of(material.question.text, material.encoders.concepts)]
    things = [one for one in known if one.names and not (one.person and one.names & {"person"})]
    bearing = [line for line in lines if any(_bears(thing, line) for thing in things)]
    if not bearing:
        other_colours = [replace(one, colours=()) for one in known if one.colours]
        lines = [line for line in lines if not any(one.shown_by(line) for one in other_colours)]
        least = SUPPORT if things else 0.01
        bearing = [line for line in lines if coverage(material.question.terms, line.search_text) >= least]
    if not bearing and (things or _told_of(moment)):
        return None
    return line_of_video(material, (bearing or lines)[0]) if bearing or lines else None


def _bears(thing: Thing, line: Evidence) -> bool:
    return thing.shown_by(line) if line.channel in PICTURED else thing.said_by(line.text)


def line_of_video(material: Material, line: Evidence) -> Claim:
    """A line as what its video holds."""
    text = f"{material.name(line.video_id)}: {_told(line, material.chinese, material.question.text)}"
    return Claim(text, (cite(line),), "seen" if line.channel in PICTURED else "quote")


def _told(line: Evidence, chinese: bool, asked: str = "") -> str:
    if line.channel in ("speech", "screen", "script"):
        return f"“{line.text.strip()}”"
    return named(line, chinese, asked)


def _ground(material: Material) -> list[Claim]:
    """What in the best videos is, says or shows the thing in question."""
    for video_id in material.best_videos() or list(material.scope or ())[:1]:
        for thing in material.things():
            lines = evidence_for(material, video_id, thing)
            if lines:
                text = _told(lines[0], material.chinese, material.question.text)
                pictured = lines[0].channel in PICTURED
                yes = there_is(text, material.chinese) if pictured else _yes(text, material.chinese)
                basis: Basis = "seen" if pictured else "quote"
                return [Claim(yes if material.question.yes_or_no else text, (cite(lines[0]),), basis)]
    return []


def _yes(text: str, chinese: bool) -> str:
    return f"是的：{text}" if chinese else f"Yes: {text}"


def evidence_for(material: Material, video_id: str, thing: Thing) -> list[Evidence]:
    """Lines of a video that show a thing or say its words, the most certain first."""
    if not thing.terms:
        return []
    # What has the very name comes before what has it as a broader noun.
    shown = sorted(
        material.seen(video_id, thing),
        key=lambda line: (coverage(thing.terms, _names_of(line)) < 1.0, -line.confidence),
    )
    said = [line for line in material.lines(video_id, ("speech", "screen")) if thing.said_by(line.text)]
    return [*shown, *said] if material.question.source == "picture" else [*said, *shown]


def _names_of(line: Evidence) -> str:
    """The names of a line's thing, without broader nouns: the English one and the Chinese ones."""
    parts = [part.strip() for part in line.search_text.split(";")]
    return "; ".join([line.text, *(part for part in parts if not part.isascii())])


def is_idle(word: str) -> bool:
    """Whether a word of a question says that something is to be found, and not what."""
    return bool(_IDLE.fullmatch(word))


def draft_videos(material: Material) -> list[Claim]:
    """The videos that show or say something, each with a moment; how many, if that is asked."""
    claims = _by_property(material) or _by_content(material)
    if not asks_for_videos(material.question.text) or not claims or claims[0].sql:
        return claims
    cited = tuple(claim.citations[0] for claim in claims)
    count = str(len(cited))
    names = ", ".join(material.name(one.video_id) for one in cited)
    text = f"{count}个视频：{names}" if material.chinese else f"{count} video{'s' * (count != '1')}: {names}"
    return [Claim(text, cited, "computed", value=count)]


def _by_property(material: Material) -> list[Claim]:
    """All videos, or those with or without sound, upright or not; none if something else is asked."""
    text = material.question.text
    others = [one for one in material.things() if one.recognisable]
    if _SOUND.search(text) and not others:
        where = "WHERE NOT has_audio" if _WITHOUT.search(text) else "WHERE has_audio"
    elif _SHAPE.search(text) and not others:
        where = "WHERE height > width" if re.search("vertical|portrait|竖", text, re.I) else "WHERE width >= height"
    elif asks_for_videos(text) and all(is_video(one) for one in material.question.things):
        where = ""
    else:
        return []
    scope = list(material.scope) if material.scope is not None else None
    listed = f"FROM videos {where} ORDER BY name LIMIT 50"
    rows = material.store.query.run(f"SELECT video_id, name {listed}", scope).rows
    whole = {str(row[0]): one for row in rows if (one := material.whole(str(row[0]))) is not None}
    if not whole:
        return []
    if asks_for_videos(text):
        sql = f"SELECT count(*) FROM videos {where}".strip()
        count = str(material.store.query.run(sql, scope).rows[0][0])
        said = f"{count}个视频" if material.chinese else f"{count} video{'s' * (count != '1')}"
        return [Claim(said, tuple(whole.values())[:MOST_LISTED], "computed", sql, count)]
    return [
        Claim(str(row[1]), (whole[str(row[0])],), "listed", f"SELECT name {listed}", str(row[1]))
        for row in rows
        if str(row[0]) in whole
    ][:MOST_LISTED]


def _by_content(material: Material) -> list[Claim]:
    """Videos of found moments, and of lines with the words, that show or say the thing."""
    question, found = material.question, material.found
    asked = " ".join([question.text, *(name for one in _listed_things(material) for name in _aliases(one))])
    hits = material.store.fulltext.search(asked, MOST_HITS, video_ids=material.within)
    if any(hit.channel == "format" for hit in hits):  # which are short and many, and may have crowded out all else
        hits += material.store.fulltext.search(asked, MOST_HITS, video_ids=material.within, channels=_BUT_FORMATS)
    moments = {one.video_id: one for one in reversed(found.moments if found else ())}
    claims: dict[str, Claim] = {}
    if (kind := told_kind(question.text)) is not None and question.source != "picture":
        for line in lines_telling(material, kind):
            claims.setdefault(line.video_id, line_of_video(material, line))
        if claims:
            return material.not_shown(claims.values())[:MOST_LISTED]
    seen = [one for thing in _listed_things(material) for one in showing(material, thing, 2 * MOST_LISTED)]
    for video_id in dict.fromkeys([*reversed(moments), *(hit.video_id for hit in hits), *seen]):
        claim = _supported(material, video_id, moments.get(video_id))
        if claim is not None:
            claims[video_id] = claim
    return material.not_shown(claims.values())[:MOST_LISTED]


def _supported(material: Material, video_id: str, moment: Moment | None) -> Claim | None:
    """A video that shows or says one of the things, or all words of the question; a likely moment, if pictures are
    asked for and nothing that they name is known to the models."""
    spoken = material.question.source in ("speech", "screen")
    for thing in _listed_things(material):
        lines = [
            line
            for line in evidence_for(material, video_id, thing)
            if line.channel not in PICTURED or (not spoken and line.confidence >= LEAST_OF_LISTED)
        ]
        inside = [line for line in lines if moment is not None and line.span.overlap(moment.span)]
        if lines:
            best = (inside or lines)[0]
            basis: Basis = "seen" if best.channel in PICTURED else "quote"
            return Claim(f"{material.name(video_id)}: {_told(best, material.chinese)}", (cite(best),), basis)
        if thing.recognisable and not thing.person and not _told_of(moment):
            return None
    if moment is None or moment.score < 0.5 or (spoken and not _told_of(moment)):
        return None
    return _moment(material, moment)


def _aliases(thing: Thing) -> list[str]:
    """What a thing is called in the other language."""
    if len(thing.names) > MOST_ALIASES:
        return []
    return sorted(thing.translations or (thing.names if any(term.cjk for term in thing.terms) else ()))


def _told_of(moment: Moment | None) -> bool:
    """Whether a moment was found by what is said or written, above all."""
    if moment is None or not moment.channels:
        return False
    return max(moment.channels, key=lambda one: moment.channels[one]) in ("speech", "screen", "script")


def _listed_things(material: Material) -> list[Thing]:
    """The things that are looked for; all content words together where the question names only a person or a video."""
    every = [thing for thing in material.things() if thing.terms and not is_video(thing.text)]
    known = {term.text for thing in every for term in thing.terms}
    more = [term for term in material.question.terms if term.text not in known and not is_idle(term.text)]
    things = [thing for thing in every if not thing.person] or ([] if more else every)
    words = " ".join(term.text for term in material.question.terms if not is_idle(term.text))
    return things or ([thing_of(words, material.encoders.concepts)] if words else [])


def draft_tags(material: Material) -> list[Claim]:
    """The accepted tags of the videos in question; if none is named, the videos with a tag that is."""
    if not material.named and (tag := tag_named(material)) is not None:
        chosen = f"tag_id = '{_quoted(tag.tag_id)}' AND decision = 'accepted'"
        sql = f"SELECT DISTINCT video_id FROM tags WHERE {chosen} ORDER BY video_id"
        rows = material.store.query.run(sql, material.scope, max_rows=MOST_LISTED).rows
        only = f"AND tag_id = '{_quoted(tag.tag_id)}'"
        return [claim for row in rows if (claim := _tagged(material, str(row[0]), only)) is not None]
    videos = (material.best_videos(1) or list(material.scope or ()))[:MOST_LISTED]
    return [claim for video_id in videos if (claim := _tagged(material, video_id)) is not None]


def tag_named(material: Material) -> Tag | None:
    """The tag that a question names: the longest words of it that are one."""
    words = re.findall(r"[\w-]+", material.question.text) + [term.text for term in material.question.terms]
    phrases = {" ".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, min(i + 4, len(words)) + 1)}
    phrases |= set(material.question.things)
    for phrase in sorted(phrases, key=len, reverse=True):
        if not _TAG_WORD.fullmatch(phrase) and (tag := material.store.tags.find(phrase)) is not None:
            return tag
    return None


def _tagged(material: Material, video_id: str, only: str = "") -> Claim | None:
    """The accepted tags of a video, with the evidence of the decisions."""
    accepted = [one for one in material.store.tags.decisions(video_id) if one.decision == "accepted"]
    ids = list(dict.fromkeys(one.evidence_ids[0] for one in accepted if one.evidence_ids))
    lines = material.store.catalog.evidence(ids)
    whole = material.whole(video_id)
    cited = tuple(cite(lines[one]) for one in ids if one in lines) or ((whole,) if whole else ())
    chosen = f"SELECT tag FROM tags WHERE video_id = '{video_id}' AND decision = 'accepted' {only} ORDER BY tag"
    sql = f"SELECT group_concat(tag, ', ') FROM ({chosen})"
    text = _computed(material, sql, video_id)
    if not text or not cited:
        return None
    sign = "：" if material.chinese else ": "
    return Claim(f"{material.name(video_id)}{sign}{text}", cited, "listed", sql, text)


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def draft_metadata(material: Material) -> list[Claim]:
    """Properties of the files in question: length, size in pixels, frame rate, sound, shape, bytes, codec."""
    claims = []
    for video_id in (material.named or tuple(material.best_videos(1)))[:MOST_LISTED]:
        whole = material.whole(video_id)
        if whole is None:
            continue
        column, after = _property(material.question.text, material.chinese)
        sql = f"SELECT {column} FROM videos WHERE video_id = '{video_id}'"
        value = _computed(material, sql, video_id)
        if not value:
            continue
        sign = "：" if material.chinese else ": "
        video = material.video(video_id)
        if column == "seconds" and video is not None:
            value, after = length(video.seconds, material.chinese), ""
            claims.append(Claim(f"{material.name(video_id)}{sign}{value}", (whole,), "listed", sql, value))
            continue
        claims.append(Claim(f"{material.name(video_id)}{sign}{value}{after}", (whole,), "listed", sql, value))
    return claims


def _computed(material: Material, sql: str, video_id: str) -> str:
    rows = material.store.query.run(sql, video_ids=[video_id]).rows
    value = rows[0][0] if rows and rows[0] else None
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _property(asked: str, chinese: bool) -> tuple[str, str]:
    """What to select from ``videos``, and the words after its value."""
    if _SIZE.search(asked):
        return "width || '×' || height", ""
    if _RATE.search(asked):
        return "round(frame_rate, 2)", " 帧/秒" if chinese else " fps"
    if _SOUND.search(asked):
        words = ("有声音", "没有声音") if chinese else ("with sound", "without sound")
        return f"CASE WHEN has_audio THEN '{words[0]}' ELSE '{words[1]}' END", ""
    if _SHAPE.search(asked):
        words = ("竖屏", "横屏") if chinese else ("vertical", "horizontal")
        return f"CASE WHEN height > width THEN '{words[0]}' ELSE '{words[1]}' END", ""
    if _BYTES.search(asked):
        return "round(size_bytes / 1000000.0, 1) || ' MB'", ""
    if _CODEC.search(asked):
        return "video_codec", ""
    return "seconds", ""
