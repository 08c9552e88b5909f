"""Encoders side by side with their reference libraries, one module a family; `benchmarks/encoders.py` runs them."""

from __future__ import annotations

from benchmarks.encoder_cases import blip, clip, detectors, embedded, hf_clip, languagebind, qformer, transnet
from benchmarks.encoder_cases.case import Case

CASES: tuple[Case, ...] = (
    *clip.CASES,
    *hf_clip.CASES,
    *blip.CASES,
    *qformer.CASES,
    *languagebind.CASES,
    *transnet.CASES,
    *detectors.CASES,
    *embedded.CASES,
)


def chosen(names: list[str] | None) -> list[Case]:
    """The cases of these names or families, all without any.

    Raises:
        ValueError: if a name is neither.
    """
    known = {case.name for case in CASES} | {case.family for case in CASES}
    if unknown := [name for name in names or () if name not in known]:
        raise ValueError(f"no such case: {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    return [case for case in CASES if not names or case.name in names or case.family in names]
