"""Who is seen in a video, and when somebody with a name is seen."""

from __future__ import annotations

import re
from collections.abc import Iterable

from agents.answering.claims import Claim, cite
from agents.answering.drafting.material import Material
from agents.words import contains_phrase
from stores.core.records import Evidence
from stores.people.records import Person, PersonFace

MOST_TOLD = 8
"""People, or times of one, that an answer tells. Ours."""

_WHO = re.compile(
    r"^\W*(?:and |so )?who(?:'s|\u2019s| else| all)?\b(?: (?:is|are|was|were|can be|do you see|appears?|comes?))*"
    r"(?: (?:to be )?(?:seen|shown|visible|there|here))?(?: (?:in|on|at|into))?(?: (?:it|this|that|there|here))?"
    r"(?: (?:the )?(?:video|clip|film|picture|recording))?\W*$|"
    r"^\W*(?:里面?|视频里|画面里|片子里)?(?:都?有(?:谁|哪些人)|出现了?(?:谁|哪些人)|(?:能)?看到(?:谁|哪些人)|是谁|谁在\s*(?:里面|里)?)\W*$",
    re.I,
)
_WHEN = re.compile(r"\bwhen\b|\bwhere\b|\bat what (?:time|point)\b|\bhow often\b|什么时候|何时|哪里|几次|第几秒", re.I)


def asks_who(text: str) -> bool:
    """Whether a question, the name of its video left out, is about who is seen and nothing more."""
    return _WHO.match(text) is not None


def draft_people(material: Material) -> list[Claim]:
    """Who is seen in the videos that are named, those with a name first; or when a person who is named is seen.

    Nothing where no face is known, so that other parts may answer.
    """
    text, store = material.question.text, material.store
    if asks_who(text) and material.named:
        seen = [(person, faces) for video_id in material.named[:2] for person, faces in store.people.of_video(video_id)]
        named = [each for each in seen if each[0].name]
        return _claims(material, [(person, [_longest(faces)]) for person, faces in named or seen])
    if not _WHEN.search(text):
        return []
    videos = list(material.named) or material.within
    people = [one for one in store.people.named(videos) if _is_named(one, text)]
    return _claims(material, [(one, store.people.faces(one.person_id, videos)) for one in people])


def _claims(material: Material, seen: Iterable[tuple[Person, list[PersonFace]]]) -> list[Claim]:
    """One claim for each person and video, with the times at which they are seen."""
    chosen = [face for _, faces in seen for face in faces]
    lines = material.store.catalog.evidence([face.evidence_id for face in chosen])
    claims: dict[tuple[str, str], list[Evidence]] = {}
    for face in chosen:
        if face.evidence_id in lines:
            claims.setdefault((face.video_id, face.person_id), []).append(lines[face.evidence_id])
    return [
        Claim(f"{material.name(video_id)}: {some[0].text}", tuple(map(cite, some[:MOST_TOLD])), "seen")
        for (video_id, _), some in list(claims.items())[:MOST_TOLD]
    ]


def _longest(faces: list[PersonFace]) -> PersonFace:
    return max(faces, key=lambda face: (face.end - face.start, -face.start))


def _is_named(person: Person, text: str) -> bool:
    return any(contains_phrase(name, text) for name in (person.name, *person.also) if name)
