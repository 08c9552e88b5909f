"""Which videos show a thing, whatever a search says of the question as a whole."""

from __future__ import annotations

from agents.answering.drafting.material import Material
from agents.answering.drafting.things import LEAST_OBJECT, Thing

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
    scope = list(material.named or material.scope or ()) or None
    return [str(row[0]) for row in material.store.query.run(sql, scope, max_rows=most).rows]


def videos_with_things(material: Material, most: int) -> list[str]:
    """The videos of the best moments, else those in which one of the things was tracked."""
    best = material.best_videos(most)
    for thing in () if best else material.things():
        if thing.recognisable and (found := showing(material, thing, most)):
            return found
    return best


def _literal(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
