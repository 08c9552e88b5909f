"""Claims that compare: which video is longer, which thing costs more, of which there are more, who has won."""

from __future__ import annotations

import re

from agents.answering.claims import Citation, Claim, cite
from agents.answering.drafting.listing import MOST_LISTED, evidence_for
from agents.answering.drafting.material import Material
from agents.answering.drafting.narrowing import draft_asked
from agents.answering.drafting.showing import showing
from agents.answering.drafting.side_by_side import draft_side_by_side
from agents.answering.drafting.things import at_once, thing_of
from agents.answering.wording import length
from agents.tools.video_topics import VideoTopics
from agents.words import content_terms, coverage

_LENGTH = re.compile(r"\blong(?:er|est)?\b|\bshort(?:er|est)?\b|更长|最长|更短|最短|长一?些|短一?些", re.I)
_PRICE = re.compile(r"\bexpensive\b|\bcheap\w*\b|\bcosts? (?:more|less)\b|\bpric\w+\b|贵|便宜|价格", re.I)
_LEAST = re.compile(r"\bshort\w*\b|\bcheap\w*\b|\bfew\w*\b|\bless\b|\bleast\b|短|便宜|更少|最少|少还是", re.I)
_WON = re.compile(r"\bwon\b|\bwins?\b|\bwinner\b|\bbeat\b|\bscored? more\b|\blost\b|赢|获胜|胜|输", re.I)
_WHO_WON = re.compile(r"\bwho\b|\bwhich\b|\bwhat (?:team|side|club)\b|\bwinner\b|谁|哪|是不是|吗", re.I)
_LOST = re.compile(r"\blost\b|\bloser\b|输", re.I)
_SCORE = re.compile(r"(?P<home>[^\W\d][\w .'’-]*?)\s*(?P<a>\d+)\s*[:：–-]\s*(?P<b>\d+)\s*(?P<away>[^\W\d][\w .'’-]*)")
_MORE = re.compile(r"\b(?:more|fewer|less)\b.*\b(?:or|than)\b|[多少]还是|更[多少]", re.I)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


_SECONDS = "SELECT seconds FROM videos WHERE video_id = '{}'"


def draft_comparison(material: Material) -> list[Claim]:
    """The one of two things, or of all videos, that has more of what is asked; where two videos are compared in
    general, what each tells. None if it cannot be told of both."""
    text = material.question.text
    if asks_who_won(text):
        return _by_score(material)
    least = material.question.relation == "least" or bool(_LEAST.search(text))
    if _LENGTH.search(text):
        return _by_length(material, least)
    if _PRICE.search(text):
        return _by_price(material, least) or draft_side_by_side(material)
    if material.question.wants == "number":
        return _by_count(material, least) or draft_side_by_side(material)
    return draft_side_by_side(material) or _by_count(material, least)


def asks_for_length(text: str) -> bool:
    """Whether videos are to be put in order by their length."""
    return bool(_LENGTH.search(text))


def asks_which_more(text: str) -> bool:
    """Whether two numbers are to be compared."""
    return bool(_MORE.search(text))


def asks_who_won(text: str) -> bool:
    """Whether a question is about the end of a game."""
    return bool(_WON.search(text) and _WHO_WON.search(text))


def _by_length(material: Material, least: bool) -> list[Claim]:
    """The longest, or shortest, of some videos, with the length of each."""
    among = list(material.named)
    if len(among) < 2 and len(material.question.things) >= 2:
        topics = VideoTopics(material.store, material.encoders)
        among = [
            one.video_id for thing in material.question.things if (one := topics.meant(thing, None, material.scope))
        ]
        if len(among) < 2:
            return []
    scope = list(material.scope) if material.scope is not None else None
    listed = ", ".join(f"'{one}'" for one in among)
    where = f" WHERE video_id IN ({listed})" if among else ""
    ordered = f"FROM videos{where} ORDER BY seconds{'' if least else ' DESC'}"
    chosen = f"SELECT video_id {ordered} LIMIT {max(3, len(among))}"
    rows = [str(row[0]) for row in material.store.query.run(chosen, video_ids=scope).rows]
    cited = [whole for one in rows if (whole := material.whole(one)) is not None]
    if not cited:
        return []
    name = material.name(cited[0].video_id)
    first = Claim(
        _extreme(material, name, least, len(among)), (cited[0],), "computed", f"SELECT name {ordered} LIMIT 1", name
    )
    if not among:
        cited = cited[:1]  # the others are not asked for
    rest = [
        Claim(f"{material.name(one.video_id)}: {text}", (one,), "computed", _SECONDS.format(one.video_id), text)
        for one in cited[:MOST_LISTED]
        if (video := material.video(one.video_id)) is not None and (text := length(video.seconds, material.chinese))
    ]
    if material.question.yes_or_no and among:
        yes = rows[0] == among[0]
        word = ("是的" if yes else "不是") if material.chinese else ("Yes" if yes else "No")
        first = Claim(f"{word}: {name}", first.citations, "computed", first.sql, name)
    return [first, *rest]


def _extreme(material: Material, name: str, least: bool, among: int) -> str:
    """That a video is the longest, or the longer of two."""
    if material.chinese:
        return f"{'更' if among == 2 else '最'}{'短' if least else '长'}的是{name}"
    word = "short" if least else "long"
    return f"{name} is {'' if among == 2 else 'the '}{word}{'er' if among == 2 else 'est'}"


def _by_price(material: Material, least: bool) -> list[Claim]:
    found: list[tuple[float, str, Claim]] = []
    for thing in _sides(material):
        question = f"{thing}多少钱？" if material.chinese else f"How much does the {thing} cost?"
        claims = draft_asked(material, question)
        number = _NUMBER.search(claims[0].text) if claims else None
        if number is None:
            return []
        found.append((float(number.group().replace(",", "")), thing, claims[0]))
    if len(found) < 2 or found[0][0] == found[1][0]:
        return []
    best = sorted(found, key=lambda one: one[0] if least else -one[0])
    sign = "：" if material.chinese else ": "
    return [Claim(f"{thing}{sign}{claim.text}", claim.citations, "computed") for _, thing, claim in best]


def _by_count(material: Material, least: bool) -> list[Claim]:
    counted: list[tuple[int, str, tuple[Citation, ...]]] = []
    sides = _sides(material)
    if len(sides) < 2:
        return _video_with_most(material, least)
    for text in sides:
        thing = thing_of(text, material.encoders.concepts)
        best: list[Citation] = []
        for video_id in material.best_videos(5) or showing(material, thing, 5):
            objects = [line for line in evidence_for(material, video_id, thing) if line.channel == "object"]
            there = at_once(objects)
            if len(there) > len(best):
                best = [cite(line) for line in there]
        counted.append((len(best), text, tuple(best)))
    counted.sort(key=lambda one: one[0] if least else -one[0])
    if not counted[0][2] or counted[0][0] == counted[1][0]:
        return []
    sign = "：" if material.chinese else ": "
    more = ("更少" if least else "更多") if material.chinese else ("Fewer " if least else "More ")
    claims = []
    for place, (count, text, cited) in enumerate(counted):
        head = text if place else f"{text}{more}" if material.chinese else f"{more}{text}"
        if cited:
            claims.append(Claim(f"{head}{sign}{count}", cited, "computed", value=str(count)))
    return claims


def _video_with_most(material: Material, least: bool) -> list[Claim]:
    """Of several videos, the one in which most of a thing is seen at one time."""
    for thing in material.things():
        proof: dict[str, tuple[Citation, ...]] = {}
        for one in material.named or tuple(material.best_videos(8)):
            there = at_once([line for line in evidence_for(material, one, thing) if line.channel == "object"])
            if there:
                proof[one] = tuple(cite(line) for line in there)
        ordered = sorted(proof, key=lambda one: len(proof[one]) if least else -len(proof[one]))
        if len(ordered) > 1 and len(proof[ordered[0]]) != len(proof[ordered[1]]):
            return [
                Claim(f"{material.name(one)}: {len(proof[one])}", proof[one], "computed", value=str(len(proof[one])))
                for one in ordered[:2]
            ]
    return []


def _sides(material: Material) -> list[str]:
    """The two things that are compared, in the question's words."""
    return [re.sub("(?:更|比较)?[多少]$", "", text.strip()) for text in material.question.things][-2:]


def _by_score(material: Material) -> list[Claim]:
    """Who won by a score on screen, "Lions 3 : 1 Foxes"."""
    terms = material.question.terms
    # A team is often named for an animal, which is known in both languages.
    things = [thing_of(text, material.encoders.concepts) for text in material.question.things]
    alike = tuple(term for thing in things for name in sorted(thing.names)[:6] for term in content_terms(name))
    scope = material.within
    asked = " ".join([material.question.text, *(term.text for term in alike)])
    hits = material.store.fulltext.search(asked, 50, video_ids=scope, channels=("screen", "speech"))
    for line in material.store.catalog.evidence([hit.evidence_id for hit in hits]).values():
        score = _SCORE.search(line.text)
        if score is None or coverage([*terms, *alike], line.text) == 0:
            continue
        first, second = int(score["a"]), int(score["b"])
        if first == second:
            continue
        won = (first > second) != bool(_LOST.search(material.question.text))
        name = (score["home"] if won else score["away"]).strip()
        if coverage(content_terms(name), asked) == 0 and coverage(alike, line.text) == 0 and len(terms) > 2:
            continue
        return [Claim(f"{name} (“{line.text.strip()}”)", (cite(line),), "quote")]
    return []
