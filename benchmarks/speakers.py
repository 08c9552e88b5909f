"""Who speaks when: diarisation error, number of voices and speed on dialogues whose truth is known.

    python benchmarks/speakers.py [--few] [--report FILE] [--json]

The dialogues are spoken by the voices of espeak-ng and, where wasmtime is installed, of flite
(``tests/planted/dialogues.py``): one to four voices, short and long turns, in quiet, with white noise 20 and 10 dB and
with pink noise 10 dB below the speech. Errors by NIST's rules, with a collar of 0.25 s
(``benchmarks/speaker_error/diarization.py``). ``--few`` runs three of them.
"""

from __future__ import annotations

import argparse
import importlib.util
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
from tests.planted.flite import VOICES as FLITE  # noqa: E402

SHORT: dict[str, tuple[float, float] | tuple[int, int]] = {"sentences": (1, 1), "pauses": (0.05, 0.2)}
LONG: dict[str, tuple[float, float] | tuple[int, int]] = {"sentences": (2, 4), "pauses": (0.5, 3.0)}
HARDLY_WRONG = 0.1
"""Error below which a dialogue with the right number of voices is not listed."""
NOISES: dict[str, tuple[float | None, bool]] = {
    "quiet": (None, False),
    "noise": (20.0, False),
    "loud noise": (10.0, False),
    "loud pink noise": (10.0, True),
}
"""How much quieter than the speech it is, in decibels, and whether it is pink."""
WHO = ((MAN,), (WOMAN,), (OTHER,), (MAN, WOMAN), (OTHER, MAN), (MAN, WOMAN, OTHER))
KAL, SLT, AWB, RMS = FLITE
WHO_OF_FLITE = (
    (KAL,),
    (SLT,),
    (AWB,),
    (RMS,),
    (RMS, SLT),
    (RMS, AWB),
    (SLT, KAL),
    (RMS, SLT, AWB),
    (RMS, SLT, MAN),
    (MAN, WOMAN, RMS, SLT),
)
"""Two men of one kind of recording among them (RMS, AWB), made alike by noise."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One dialogue: how many voices there are and were found, the error, seconds of sound and of work."""

    name: str
    voices: int
    found: int
    error: DiarizationError
    seconds: float
    spent: float


def dialogues(flite: bool = False) -> dict[str, Dialogue]:
    """All dialogues by name; with ``flite`` those of its voices, too."""
    found = {}
    for number, voices in enumerate((*WHO, *WHO_OF_FLITE) if flite else WHO):
        turns = 6 if len(voices) == 1 else 5 * len(voices)
        for kind, how in (("short turns", SHORT), ("turns", {}), ("long turns", LONG)):
            for noise, (decibels, pink) in NOISES.items():
                name = f"{len(voices)} voices ({', '.join(voices)}), {kind}, {noise}"
                found[name] = Dialogue(voices, turns, noise_db=decibels, pink=pink, seed=number, **how)  # type: ignore[arg-type]
    return found


def condition(name: str) -> str:
    """The synthesisers and the noise of a dialogue, by its name."""
    synthesiser = "flite" if any(voice in name for voice in FLITE) else "espeak-ng"
    return f"{synthesiser}, {name.rsplit(', ', 1)[1]}"


def measure(chosen: dict[str, Dialogue]) -> list[Measured]:
    """Each of the dialogues, heard by the embedded profile on one thread."""
    sentences = sentences_of(list(dict.fromkeys(voice for one in chosen.values() for voice in one.voices)))
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
    """The sums of the rows as Markdown, after those rows that are wrong."""
    total = reduce(add, (row.error for row in rows))
    seconds, spent = sum(row.seconds for row in rows), sum(row.spent for row in rows)
    lines = [
        "| dialogue | voices | found | missed s | false s | confused s | spoken s | error |",
        "|---|" + "---:|" * 7,
    ]
    for row in rows:
        if row.voices == row.found and row.error.rate < HARDLY_WRONG:
            continue
        e = row.error
        lines.append(
            f"| {row.name} | {row.voices} | {row.found} | {e.missed:.1f} | {e.false_alarm:.1f} | {e.confusion:.1f} | "
            f"{e.spoken:.1f} | {e.rate:.3f} |"
        )
    lines += ["", "| | error | worst | right number of voices |", "|---|" + "---:|" * 3]
    for name in dict.fromkeys(condition(row.name) for row in rows):
        some = [row for row in rows if condition(row.name) == name]
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
    flite = importlib.util.find_spec("wasmtime") is not None
    if not flite:
        print("The voices of flite are left out: wasmtime is not installed.", file=sys.stderr)
    every = dialogues(flite and not given.few)
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
