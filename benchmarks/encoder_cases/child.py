"""What one measuring process does: prepare weights, time both sides, or build one side and tell its peak memory.

Run by `benchmarks/encoders.py` as ``python -m benchmarks.encoder_cases.child``; writes JSON into ``--result``.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.encoder_cases import chosen
from benchmarks.encoder_cases.case import HALF, Case, MissingError, Setting, Side
from benchmarks.encoder_cases.measuring import agreement, in_turn

ROLES = ("prepare", "measure", "ours", "theirs")


def sides_of(case: Case, setting: Setting) -> tuple[Side, Side]:
    """Ours and the reference's."""
    import torch

    ours, theirs = case.ours(setting), case.theirs(setting)
    torch.set_num_threads(setting.threads)  # building a side may have said otherwise
    return ours, theirs


def measured(case: Case, setting: Setting, repeats: int, bare: bool) -> dict[str, Any]:
    """Seconds of a call of each side, how far their results lie apart, and the bare compiled forward if wanted."""
    half = setting.device == "cuda" and case.tolerance > 0
    ours, theirs = sides_of(case, setting if half else replace(setting, exact=True))
    found = agreement(ours.numbers(ours.run()), theirs.numbers(theirs.run()))
    if setting.device == "cuda" and not half:
        ours, theirs = sides_of(case, setting)
    sides = {"ours": ours.run, "theirs": theirs.run}
    if bare and ours.bare is not None:
        sides["bare"] = ours.bare()
    if setting.device == "cuda":
        sides = {name: _waited(run) for name, run in sides.items()}
    # Whoever else uses the machine takes from a wall clock; a GPU is waited for, which takes no processor.
    clock = time.process_time if setting.device == "cpu" else time.perf_counter
    return {
        "seconds": in_turn(sides, repeats, clock=clock),
        "count": ours.count,
        "difference": found.difference,
        "same": found.within(max(HALF, case.tolerance) if half else case.tolerance),
    }


def peak(case: Case, setting: Setting, role: str) -> dict[str, Any]:
    """Peak bytes of this process, and of the GPU, that built one side and called it twice."""
    side = (case.ours if role == "ours" else case.theirs)(setting)
    for _ in range(2):
        side.run()
    found = {"memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, "gpu_memory": 0}
    if setting.device == "cuda":
        import torch

        found["gpu_memory"] = torch.cuda.max_memory_allocated()
    return found


def _waited(run: Any) -> Any:
    """A call that ends when the GPU has."""
    import torch

    def waited() -> None:
        run()
        torch.cuda.synchronize()

    return waited


def main() -> None:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", choices=ROLES)
    parser.add_argument("case")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--bare", action="store_true")
    parser.add_argument("--result", type=Path, required=True)
    given = parser.parse_args()
    (case,) = (found for found in chosen(None) if found.name == given.case)
    setting = Setting(given.device if case.on_gpu else "cpu", given.threads, given.folder, given.clip)
    try:
        if given.role == "prepare":
            result: dict[str, Any] = {}
            if case.prepare is not None:
                case.prepare(given.folder)
        elif given.role == "measure":
            result = measured(case, setting, given.repeats, given.bare)
        else:
            result = peak(case, setting, given.role)
    except MissingError as why:
        result = {"missing": str(why)}
    except ModuleNotFoundError as why:
        result = {"missing": f"the package {why.name} is not installed: pip install -e '.[dev]'"}
    given.result.write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
