"""What `kinodex evaluate` prints for people: tables of finding, tagging and answering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from kinodex.cli.render.cells import data, table

Payload = Mapping[str, Any]
_SHARES = {"recall_at_1": "R@1", "recall_at_5": "R@5", "mrr": "MRR"}
_TAG_SHARES = {"precision": "precision", "recall": "recall", "recall_of_true": "of all true", "f1": "F1"}
_TAG_COUNTS = {"accepted": "given", "right": "true", "expected": "expected", "given": "found"}


def evaluation(console: Console, payload: Payload) -> None:
    """Tables of finding (videos, and moments where spans are annotated), tagging and answering."""
    missing = payload["clips"]["missing"]
    console.print(f"{payload['clips']['annotated']} annotated clips, {len(missing)} not in the library")
    console.print("In brackets: 95 % bootstrap intervals over clips or questions.")
    retrieval = payload["retrieval"]
    _ranks(console, "finding videos", retrieval)
    if retrieval.get("moments", {}).get("overall", {}).get("queries"):
        _ranks(console, "finding moments", retrieval["moments"])
    rows = table(
        "tagging", *_TAG_SHARES.values(), *_TAG_COUNTS.values(), right=(*_TAG_SHARES.values(), *_TAG_COUNTS.values())
    )
    for name, each in [("all", payload["tagging"]["overall"]), *payload["tagging"]["by_facet"].items()]:
        shares = [_share(each, key) for key in _TAG_SHARES]
        rows.add_row(data(name or "(none)"), *shares, *(str(each[key]) for key in _TAG_COUNTS))
    console.print(rows)
    if quality := payload["tagging"].get("quality"):
        _quality(console, quality)
    for line in _answers(payload["answers"]):
        console.print(line)


_PERCENT = {
    "recall": "recall of all true tags",
    "micro_f1": "F1 against all true tags, of all decisions",
    "macro_f1": "the same, mean over tags",
    "candidate_recall": "true tags among the candidates",
    "p_at_1": "true among the best candidate",
    "p_at_5": "among the best five",
    "p_at_10": "among the best ten",
    "abstained_true": "true among what is left to people",
}
_PLAIN = {
    "gap_at_20": "global average precision of the best twenty",
    "ece": "expected calibration error",
    "ece_by_chance": "what so few candidates show by chance",
    "ece_debiased": "without what chance adds",
    "ece_of_accepted": "of accepted tags alone",
    "brier": "Brier score",
    "aurc": "area under risk by coverage",
}


def _quality(console: Console, quality: Payload) -> None:
    rows = table("tags and confidences", "measured (interval)", right=("measured (interval)",))
    figures = {**quality["measures"], "intervals": quality["intervals"]}
    for key, name in _PERCENT.items():
        rows.add_row(name, _share(figures, key))
    for key, name in _PLAIN.items():
        value, ends = figures.get(key), figures["intervals"].get(key)
        shown = "–" if value is None else f"{value:.3f}" + (f" ({ends[0]:.2f}–{ends[1]:.2f})" if ends else "")
        rows.add_row(name, shown)
    console.print(rows)
    console.print(
        f"{quality['candidates']} candidates on {quality['clips']} clips; for intervals {quality['groups']} groups of "
        "clips that show the same are drawn"
    )


def _ranks(console: Console, title: str, rankings: Payload) -> None:
    rows = table(title, "queries", *_SHARES.values(), right=("queries", *_SHARES.values()))
    for name, each in [("all", rankings["overall"]), *rankings["by_language"].items()]:
        rows.add_row(data(name), str(each["queries"]), *(_share(each, key) for key in _SHARES))
    console.print(rows)


def _answers(answers: Payload) -> Sequence[str]:
    asked, declined = answers["answerable"], answers["unanswerable"]
    return (
        f"answering: {answers['right']} of {asked} right by one word, {answers.get('strictly_right', 0)} in full "
        f"({_share(answers, 'strict_accuracy')}); "
        f"{answers['valid_citations']} of {answers['citations']} citations hold",
        f"abstention: {answers['abstained']} of {declined} unanswerable questions declined, answered anyway: "
        f"{_share(answers, 'answered_unanswerable')}; answerable ones declined: "
        f"{_share(answers, 'abstained_answerable')}",
    )


def _share(figures: Payload, key: str) -> str:
    """A share with its interval: ``57.4 % (45–70)``, MRR ``0.712 (0.62–0.81)``; a dash where nothing was measured."""
    value = figures.get(key)
    if value is None:
        return "–"
    ends = figures.get("intervals", {}).get(key)
    if key == "mrr":
        return f"{value:.3f}" + (f" ({ends[0]:.2f}–{ends[1]:.2f})" if ends else "")
    return f"{100 * value:.1f} %" + (f" ({100 * ends[0]:.0f}–{100 * ends[1]:.0f})" if ends else "")
