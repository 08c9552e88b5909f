"""Rows, a table and a verdict from the results of the measuring processes."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

LEAST_RATIO = 1.0
"""Ours must not be slower than the reference, beyond the scatter between rounds."""
LEAST_SHARE = 0.6
"""Of a bare compiled forward pass at the same batch size, on a GPU."""
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Row:
    """One case.

    Attributes:
        ours, theirs: units a second, by the median call.
        ratio: median over the rounds of reference's time ÷ ours; above 1, ours is faster.
        lowest, highest: the smallest and the largest ratio of one round.
        share: our speed as a share of the bare compiled forward pass; None where that was not measured.
        our_memory, their_memory: peak bytes of the process of one side; with a GPU, the GPU's in ``…_gpu``.
        difference: largest absolute difference of the results.
        same: whether that is within the case's tolerance.
    """

    name: str
    reference: str
    unit: str
    cut: str
    ours: float
    theirs: float
    ratio: float
    lowest: float
    highest: float
    share: float | None
    our_memory: int
    their_memory: int
    our_gpu: int
    their_gpu: int
    difference: float
    same: bool

    @property
    def slow(self) -> bool:
        """Whether ours is slower than the reference, beyond the scatter between rounds."""
        return self.ratio < LEAST_RATIO and self.highest < LEAST_RATIO

    @property
    def faults(self) -> list[str]:
        """Why the case fails."""
        faults = [] if self.same else ["different results"]
        faults += ["slower than the reference"] if self.slow else []
        faults += ["far from the bare forward pass"] if self.share is not None and self.share < LEAST_SHARE else []
        return faults


def row(case: Any, measured: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]) -> Row:
    """A row from the results of ``measure``, ``ours`` and ``theirs`` (see `child`)."""
    seconds: dict[str, list[float]] = measured["seconds"]
    ratios = [other / own for own, other in zip(seconds["ours"], seconds["theirs"], strict=True)]
    bare = seconds.get("bare")
    count = float(measured["count"])
    return Row(
        name=case.name,
        reference=case.reference,
        unit=case.unit,
        cut=case.cut,
        ours=count / statistics.median(seconds["ours"]),
        theirs=count / statistics.median(seconds["theirs"]),
        ratio=statistics.median(ratios),
        lowest=min(ratios),
        highest=max(ratios),
        share=statistics.median([b / own for own, b in zip(seconds["ours"], bare, strict=True)]) if bare else None,
        our_memory=int(ours["memory"]),
        their_memory=int(theirs["memory"]),
        our_gpu=int(ours["gpu_memory"]),
        their_gpu=int(theirs["gpu_memory"]),
        difference=float(measured["difference"]),
        same=bool(measured["same"]),
    )


def markdown(rows: Sequence[Row], left_out: dict[str, str], failed: dict[str, str]) -> str:
    """The table, the cases that were not measured, and those that fail."""
    shares = any(each.share is not None for each in rows)
    head = ["case", "reference", "ours a second", "reference a second", "ratio (rounds)"]
    head += ["of bare forward"] if shares else []
    head += ["peak MiB ours", "peak MiB reference", "largest difference", "smaller than official"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for each in rows:
        cells = [each.name, each.reference, f"{each.ours:.3g} {each.unit}", f"{each.theirs:.3g}"]
        cells.append(f"**{each.ratio:.2f}** ({each.lowest:.2f} … {each.highest:.2f})")
        if shares:
            cells.append("" if each.share is None else f"{each.share:.0%}")
        cells += [_memory(each.our_memory, each.our_gpu), _memory(each.their_memory, each.their_gpu)]
        cells += [f"{each.difference:.1e}", each.cut or "no"]
        lines.append("| " + " | ".join(cells) + " |")
    wrong = [f"- {each.name}: {', '.join(each.faults)}" for each in rows if each.faults]
    wrong += [f"- {name}: {why}" for name, why in failed.items()]
    if left_out:
        lines += ["", "Not measured:", *(f"- {name}: {why}" for name, why in left_out.items())]
    if wrong:
        lines += ["", "Not as it should be:", *wrong]
    return "\n".join(lines)


def document(rows: Sequence[Row], left_out: dict[str, str], failed: dict[str, str]) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "cases": [asdict(each) | {"faults": each.faults} for each in rows],
        "not_measured": left_out,
        "failed": failed,
    }


def _memory(peak: int, gpu: int) -> str:
    return f"{peak / _MIB:.0f}" + (f" + {gpu / _MIB:.0f} GPU" if gpu else "")
