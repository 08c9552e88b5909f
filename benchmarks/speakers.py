"""Who speaks when: diarisation error, number of voices and speed on dialogues whose truth is known.

    python benchmarks/speakers.py [--few] [--report FILE] [--json]

The dialogues are spoken by the voices of espeak-ng (``tests/planted/dialogues.py``): one to three voices, short and
long turns, in quiet, with white noise 20 and 10 dB and with pink noise 10 dB below the speech. Errors by NIST's rules,
with a collar of 0.25 s (``benchmarks/speaker_error/diarization.py``). ``--few`` runs three of them.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)

from benchmarks.speaker_error.diarization import DiarizationError, diarization_error  # noqa: E402
from encoders.bundle import Encoders  # noqa: E402
from pipeline.audio.pieces import pieces_of  # noqa: E402
from pipeline.audio.voices import voices_of  # noqa: E402
from tests.planted.dialogues import MAN, OTHER, RATE, WOMAN, Dialogue, sentences_of, speak  # noqa: E402

SHORT: dict[str, tuple[float, float] | tuple[int, int]] = {"sentences": (1, 1), "pauses": (0.05, 0.2)}
LONG: dict[str, tuple[float, float] | tuple[int, int]] = {"sentences": (2, 4), "pauses": (0.5, 3.0)}
QUIET, NOISE, LOUD, PINK = "quiet", "noise", "loud noise", "loud pink noise"
WHO = ((MAN,), (WOMAN,), (OTHER,), (MAN, WOMAN), (OTHER, MAN), (MAN, WOMAN, OTHER))


@dataclass(frozen=True, slots=True)
class Measured:
    """One dialogue: how many voices there are and were found, the error, seconds of sound and of work."""

    name: str
    voices: int
    found: int
    error: DiarizationError
    seconds: float
    spent: float


def dialogues() -> dict[str, Dialogue]:
    """All dialogues by name."""
    found = {}
    for number, voices in enumerate(WHO):
        turns = 6 if len(voices) == 1 else 5 * len(voices)
        for kind, how in (("short turns", SHORT), ("turns", {}), ("long turns", LONG)):
            found[f"{len(voices)} voices ({', '.join(voices)}), {kind}"] = Dialogue(voices, turns, seed=number, **how)  # type: ignore[arg-type]
        who = f"{len(voices)} voices ({', '.join(voices)})"
        found[f"{who}, noise"] = Dialogue(voices, turns, noise_db=20.0, seed=number)
        for kind, how in (("short turns", SHORT), ("long turns", LONG)):
            found[f"{who}, {kind}, noise"] = Dialogue(voices, turns, noise_db=20.0, seed=number, **how)  # type: ignore[arg-type]
        for kind, how in (("short turns", SHORT), ("turns", {}), ("long turns", LONG)):
            for noise, pink in ((LOUD, False), (PINK, True)):
                loud = Dialogue(voices, turns, noise_db=10.0, seed=number, pink=pink, **how)  # type: ignore[arg-type]
                found[f"{who}, {kind}, {noise}"] = loud
    return found


def condition(name: str) -> str:
    """The noise of a dialogue, by its name."""
    last = name.rsplit(", ", 1)[1]
    return last if last in (NOISE, LOUD, PINK) else QUIET


def measure(chosen: dict[str, Dialogue]) -> list[Measured]:
    """Each of the dialogues, heard by the embedded profile on one thread."""
    sentences = sentences_of((MAN, WOMAN, OTHER))
    rows = []
    with Encoders.open("embedded") as encoders:
        encoder = encoders.speaker
        for name, dialogue in chosen.items():
            said = speak(dialogue, sentences)
            speech = encoders.voice.detect(said.samples)
            begun = time.process_time()
            pieces = pieces_of(encoder, said.samples, speech)
            labels = voices_of(pieces)
            spent = time.process_time() - begun
            turns = [(float(a), float(b), int(who)) for (a, b), who in zip(pieces.spans, labels, strict=True)]
            error = diarization_error(said.turns, turns)
            found = len({who for _, _, who in turns})
            rows.append(Measured(name, len(dialogue.voices), found, error, len(said.samples) / RATE, spent))
    return rows


def table(rows: list[Measured]) -> str:
    """The rows as Markdown, their sum last."""
    total = reduce(add, (row.error for row in rows))
    seconds, spent = sum(row.seconds for row in rows), sum(row.spent for row in rows)
    lines = [
        "| dialogue | voices | found | missed s | false s | confused s | spoken s | error |",
        "|---|" + "---:|" * 7,
    ]
    for row in rows:
        e = row.error
        lines.append(
            f"| {row.name} | {row.voices} | {row.found} | {e.missed:.1f} | {e.false_alarm:.1f} | {e.confusion:.1f} | "
            f"{e.spoken:.1f} | {e.rate:.3f} |"
        )
    lines += ["", "| | error | worst | right number of voices |", "|---|" + "---:|" * 3]
    for name in (QUIET, NOISE, LOUD, PINK):
        some = [row for row in rows if condition(row.name) == name]
        if some:
            right = sum(row.voices == row.found for row in some)
            worst = max(row.error.rate for row in some)
            error = reduce(add, (row.error for row in some)).rate
            lines.append(f"| {name} | {error:.3f} | {worst:.3f} | {right} of {len(some)} |")
    right = sum(row.voices == row.found for row in rows)
    lines.append(f"\nDiarisation error of all: **{total.rate:.3f}**. Right number of voices: {right} of {len(rows)}.")
    lines.append(
        f"{seconds:.0f} s of sound took {spent:.1f} s of processor time ({seconds / spent:.0f} x real time), one "
        f"thread, {platform.machine()}, Python {platform.python_version()}."
    )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    """Measure, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--few", action="store_true", help="three dialogues only")
    parser.add_argument("--report", type=Path, help="write the table here, too")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of the table")
    given = parser.parse_args(arguments)
    every = dialogues()
    chosen = {name: every[name] for name in list(every)[1 :: len(every) // 3][:3]} if given.few else every
    rows = measure(chosen)
    if given.report:
        given.report.write_text(f"# Speakers\n\n{table(rows)}\n", encoding="utf-8")
    if given.json:
        total = reduce(add, (row.error for row in rows))
        print(json.dumps({"error": total.rate, "right": sum(r.voices == r.found for r in rows), "of": len(rows)}))
    else:
        print(table(rows))


if __name__ == "__main__":
    main()
