"""Claims about a video or the library as a whole."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from agents.answering.claims import Claim, cite
from agents.answering.drafting.material import Material
from agents.answering.drafting.things import confident, named
from agents.answering.wording import clock, listed
from agents.evidence import RECOGNISED
from agents.tools.video_topics import VideoTopics
from stores.core.records import Channel, Evidence

MOST_SEEN = 5
"""Things named of one video."""

MOST_SAID = 3
"""Spoken lines quoted of one video: those nearest to all others say most of what it is about."""

MOST_WRITTEN = 6
SHORTEST_LINE = 4
"""Characters of a line on screen worth quoting: shorter ones are page numbers and fragments."""

MOST_VIDEOS = 5

MOST_TO_SUM_UP = 7
"""Lines heard, and as many read, that a model is shown of one video beside what the rules tell. Ours: some 300 tokens.
"""

MOST_NAMES = 2
"""Names of things that it is shown where as many lines were heard or read. Ours."""

_WHOLE = frozenset(
    "library collection archive everything all video summary overview short brief give content topic "
    "库 视频库 内容 概括 总结 全部 主要".split()
)


_ABOUT = re.compile(r"\babout\b|讲|介绍|关于|内容")
"""What a video tells of is also what it shows."""

_SOURCES: dict[str, tuple[Channel, ...]] = {"speech": ("speech",), "screen": ("screen",)}
"""What counts where it is asked what is said, or what is written."""


def draft_summary(material: Material) -> list[Claim]:
    """What was seen, said and written in the videos in question; of the library, what there is most of."""
    videos = (
        list(material.named)[:2] or _described(material) or (list(material.scope or ())[:2] if material.scope else [])
    )
    if not videos:
        return [] if _about_something(material) else _library(material)
    claims = []
    about = material.question.intent == "summarise" or bool(_ABOUT.search(material.question.text))
    channels = None if about else _SOURCES.get(material.question.source)
    for video_id in videos:
        if channels == ("speech",) and not _speaks(material, video_id):
            continue
        lines = material.lines(video_id, channels) if channels else material.lines(video_id)
        claims += _video(material, lines, f"{material.name(video_id)}: " if len(videos) > 1 else "")
    return claims


def video_in_short(material: Material, video_id: str) -> list[Claim]:
    """What a video shows most, the line that says most of it, and what is written longest, each with its name."""
    return _video(material, material.lines(video_id), f"{material.name(video_id)}: ", brief=True)


def lines_to_sum_up(material: Material, video_id: str, cited: Sequence[Evidence]) -> list[Evidence]:
    """What a model is shown of a video to sum it up: what the rules tell of it, and more that was said and written, by
    time; where that is enough, few names of things, which it would list.

    Args:
        cited: the lines that the rules cite.
    """
    lines = material.lines(video_id)
    words = [line for line in cited if line.channel not in RECOGNISED]
    spoken = _central(material, [line for line in lines if line.channel == "speech"], MOST_TO_SUM_UP)
    words += [line for line in (*spoken, *_written(lines, MOST_TO_SUM_UP)) if line not in words]
    seen = [line for line in cited if line.channel in RECOGNISED]
    words = sorted(words[: 2 * MOST_TO_SUM_UP], key=lambda line: line.span.seconds)
    return words + (seen[:MOST_NAMES] if len(words) >= MOST_NAMES else seen)


def quoted_line(material: Material, line: Evidence, before: str = "") -> Claim:
    """A claim that repeats a line; ``before``: the name of its video, say."""
    text = line.text.strip()
    if line.channel in RECOGNISED:
        name = named(line, material.chinese)
        return Claim(f"{before}看到：{name}" if material.chinese else f"{before}Seen: {name}", (cite(line),), "seen")
    if line.channel == "speech":
        text = f"听到：“{text}”" if material.chinese else f"Said: “{text}”"
    elif line.channel == "screen":
        text = f"画面文字：“{text}”" if material.chinese else f"On screen: “{text}”"
    else:
        text = f"“{text}”"
    return Claim(before + text, (cite(line),), "quote")


def _speaks(material: Material, video_id: str) -> bool:
    """Whether somebody who is asked about by what they look like ("the elephant") is seen; people may stay unseen."""
    known = [thing for thing in material.things() if thing.recognisable and not thing.person]
    return all(material.seen(video_id, thing) for thing in known)


def _about_something(material: Material) -> bool:
    return any(term.text not in _WHOLE for term in material.question.terms)


def _described(material: Material) -> list[str]:
    """The video that has most of the question's words, at least half of them."""
    terms = [term for term in material.question.terms if term.text not in _WHOLE]
    ranked = VideoTopics(material.store, material.encoders).ranked(terms, material.found, material.scope)
    return [ranked[0].video_id] if ranked and ranked[0].share >= 0.5 else []


def _video(material: Material, lines: Sequence[Evidence], before: str, brief: bool = False) -> list[Claim]:
    """What a video tells. ``brief``: one claim of each kind."""
    chinese = material.chinese
    source = material.question.source
    if material.question.intent != "summarise" and source in ("speech", "screen") and not brief:
        lines = [line for line in lines if line.channel == source]
    scripts = [line for line in lines if line.channel == "script"]
    if scripts:
        return [Claim(f"{before}{scripts[0].text}", (cite(scripts[0]),), "quote")]
    claims = []
    seen = _most_seen(lines)
    if seen:
        names = listed((named(line, chinese) for line in seen), chinese)
        claims.append(
            Claim(f"{before}看到：{names}" if chinese else f"{before}Seen: {names}", tuple(map(cite, seen)), "seen")
        )
    spoken = [line for line in lines if line.channel == "speech"]
    some = _central(material, spoken, 1 if brief else MOST_SAID) + _written(lines, 1 if brief else MOST_WRITTEN)
    claims += [quoted_line(material, line, before) for line in some]
    return claims


def _most_seen(lines: Sequence[Evidence]) -> list[Evidence]:
    """The things that are seen for longest and most surely, one line each; captions before labels."""
    by_name: dict[str, list[Evidence]] = defaultdict(list)
    for line in confident([line for line in lines if line.channel in ("object", "picture", "caption")]):
        by_name[line.text.casefold()].append(line)
    weight = {name: sum(line.confidence * line.span.duration for line in same) for name, same in by_name.items()}
    best = sorted(by_name, key=lambda name: (by_name[name][0].channel != "caption", -weight[name]))
    return [max(by_name[name], key=lambda line: line.confidence) for name in best[:MOST_SEEN]]


def _central(material: Material, spoken: Sequence[Evidence], most: int = MOST_SAID) -> list[Evidence]:
    """The spoken lines nearest to all others, in order of time."""
    usable = [line for line in spoken if len(line.text.strip()) >= SHORTEST_LINE]
    if len(usable) <= most:
        return list(usable)
    some = usable[:: max(1, len(usable) // 200)]
    vectors = material.encoders.text.encode_passages([line.text for line in some])
    centre = vectors.mean(axis=0)
    chosen = np.argsort(-(vectors @ centre))[:most]
    return [some[i] for i in sorted(chosen)]


def _written(lines: Sequence[Evidence], most: int = MOST_WRITTEN) -> list[Evidence]:
    """Text on screen that stands longest, each once, in order of time."""
    best: dict[str, Evidence] = {}
    for line in lines:
        text = line.text.strip()
        if line.channel == "screen" and len(text) >= SHORTEST_LINE and line.confidence >= 0.7:
            known = best.get(text.casefold())
            if known is None or line.span.duration > known.span.duration:
                best[text.casefold()] = line
    chosen = sorted(best.values(), key=lambda line: -line.span.duration * len(line.text))[:most]
    return sorted(chosen, key=lambda line: line.span.start)


def _library(material: Material) -> list[Claim]:
    """Number and length of all videos, and what is seen in most of them."""
    chinese = material.chinese
    scope = list(material.scope) if material.scope is not None else None
    where = "SELECT count(*) AS videos, sum(seconds) AS seconds FROM videos"
    rows = material.store.query.run(where, video_ids=scope).rows
    count, seconds = int(rows[0][0] or 0), float(rows[0][1] or 0.0)
    first = material.store.query.run("SELECT video_id FROM videos ORDER BY name LIMIT 5", video_ids=scope).rows
    whole = tuple(one for row in first if (one := material.whole(str(row[0]))) is not None)
    if not count or not whole:
        return []
    total = clock(seconds)
    text = f"共{count}个视频" if chinese else f"{count} video{'s' * (count != 1)}"
    claims = [
        Claim(text, whole, "computed", "SELECT COUNT(*) FROM videos", str(count)),
        Claim(
            f"总长{total}" if chinese else f"{total} in all",
            whole,
            "computed",
            "SELECT SUM(seconds) FROM videos",
            total,
        ),
    ]
    rows = material.store.query.run("SELECT name, video_id FROM videos ORDER BY name LIMIT 10", video_ids=scope).rows
    named_ones = [(str(row[0]), one) for row in rows if (one := material.whole(str(row[1]))) is not None]
    listing = "SELECT group_concat(name, ', ') FROM (SELECT name FROM videos ORDER BY name LIMIT 10)"
    names = str(material.store.query.run(listing, video_ids=scope).rows[0][0])
    claims.append(Claim(names, tuple(one for _, one in named_ones), "listed", listing, names))
    common = (
        "SELECT category, count(DISTINCT video_id) AS videos FROM tracklets GROUP BY category "
        "ORDER BY videos DESC, category LIMIT 6"
    )
    most = Counter({str(row[0]): int(row[1] or 0) for row in material.store.query.run(common, video_ids=scope).rows})
    cited = [line for name in most if (line := _witness(material, name, scope)) is not None][:MOST_VIDEOS]
    if cited:
        shown = listed((named(line, chinese) for line in cited), chinese)
        claims.append(
            Claim(f"最常看到：{shown}" if chinese else f"Seen in most: {shown}", tuple(map(cite, cited)), "seen")
        )
    return claims


def _witness(material: Material, category: str, scope: list[str] | None) -> Evidence | None:
    quoted = category.replace("'", "''")
    sql = f"SELECT evidence_id FROM tracklets WHERE category = '{quoted}' ORDER BY confidence DESC LIMIT 1"
    rows = material.store.query.run(sql, video_ids=scope).rows
    return material.store.catalog.evidence([str(rows[0][0])]).get(str(rows[0][0])) if rows else None
