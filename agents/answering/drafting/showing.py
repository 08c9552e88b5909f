"""Which videos show a thing, whatever a search says of the question as a whole."""

from __future__ import annotations

from agents.answering.drafting.material import Material
from agents.answering.drafting.things import LEAST_OBJECT, Thing

_SEEING = frozenset(
    "appear visible present total altogether together somewhere anywhere anything 出现 看到 一共 总共 同时".split()
)

MOST_NAMES_ASKED = 100
"""Names of a thing by which its videos are looked up."""


def showing(material: Material, thing: Thing, most: int) -> list[str]:
    """Videos in which a thing was tracked by the very name that models give it, those that show most of it first."""
    names = ["person"] if thing.person else sorted(thing.names)[:MOST_NAMES_ASKED]
    alike = [f"category IN ({', '.join(_literal(name) for name in names)})"] if names else []
    # A broad noun: "vehicle" is a kind of what models name, and 车 a part of the names of many kinds.
    alike += [
        f"category_zh LIKE {_literal(f'%{term.text}%')}" if term.cjk else f"kinds = {_literal(term.text)}"
        for term in (() if thing.person else thing.terms)
    ]
    if not alike:
        return []
    sql = (
        f"SELECT video_id FROM tracklets WHERE ({' OR '.join(alike)}) AND confidence >= {LEAST_OBJECT} "
        "GROUP BY video_id ORDER BY COUNT(*) DESC, video_id"
    )
    scope = material.within
    return [str(row[0]) for row in material.store.query.run(sql, scope, max_rows=most).rows]


def says_more(material: Material) -> bool:
    """Whether a question says more than what is seen, so that it may be told rather than seen."""
    counted = {term.text for thing in material.things() for term in thing.terms}
    return any(
        term.text not in counted and term.text not in _SEEING and not term.text.isdigit()
        for term in material.question.terms
    )


def videos_with_things(material: Material, most: int) -> list[str]:
    """The videos of the best moments, else those in which a thing was tracked that is all that a question names."""
    best = material.best_videos(most)
    for thing in () if best or says_more(material) else material.things():
        if thing.recognisable and (found := showing(material, thing, most)):
            return found
    return best


def _literal(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
