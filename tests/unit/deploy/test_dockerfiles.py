"""The Dockerfiles: linted, copying what is there, installing what is pinned."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from .support import DEPLOY, ROOT, pins

DOCKERFILES = [DEPLOY / "Dockerfile", DEPLOY / "Dockerfile.cuda"]
each = pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)


def instructions(path: Path) -> list[tuple[str, str]]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in joined.splitlines()]


def copied(path: Path) -> list[str]:
    return [
        source
        for name, rest in instructions(path)
        if name == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]


@each
def test_hadolint_has_nothing_to_say(path: Path):
    hadolint = Path(sys.executable).with_name("hadolint")
    said = subprocess.run([hadolint, "--no-color", path], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout) == (0, "")


@each
def test_what_is_copied_is_there_and_goes_to_the_builder(path: Path):
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").split() if line.startswith("!")]
    for source in copied(path):
        assert (ROOT / source).exists(), source
        assert any(fnmatch(source, pattern) for pattern in kept), f"{source} is ignored by .dockerignore"


def test_the_builder_gets_nothing_else():
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").split() if line.startswith("!")}
    assert kept == {source for path in DOCKERFILES for source in copied(path)}


@each
def test_every_room_is_in_the_image(path: Path):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    rooms = {pattern.rstrip("*") for pattern in project["tool"]["setuptools"]["packages"]["find"]["include"]}
    assert rooms <= set(copied(path))


@each
def test_the_web_app_comes_built_and_without_node(path: Path):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "web/dist/**" in project["tool"]["setuptools"]["package-data"]["kinodex"]
    assert (ROOT / "kinodex" / "web" / "dist" / "index.html").is_file()
    assert not re.search(r"\b(node|npm)\b", path.read_text(encoding="utf-8"))
    assert "**/node_modules" in (ROOT / ".dockerignore").read_text(encoding="utf-8").split()


@each
def test_pip_installs_what_is_pinned(path: Path):
    runs = [part for name, rest in instructions(path) if name == "RUN" for part in rest.split("&&")]
    installs = [part for part in runs if "pip install" in part]
    assert len(installs) == 4
    assert all("-c constraints.txt" in part for part in installs)


@each
def test_the_container_is_nobody_and_writes_only_to_its_folders(path: Path):
    lines = instructions(path)
    assert ("USER", "10001:10001") in lines
    environment = " ".join(rest for name, rest in lines if name == "ENV")
    for folder in ("KINODEX_CACHE=/cache", "KINODEX_LIBRARY=/library", "XDG_CACHE_HOME=/cache"):
        assert folder in environment
    assert not re.search(r"(?i)(password|secret|_key)\s*=", path.read_text(encoding="utf-8"))


@each
def test_the_version_is_ours(path: Path):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert ("ARG", f"VERSION={project['version']}") in instructions(path)


def test_the_two_images_differ_only_where_it_is_meant():
    first, second = (instructions(path) for path in DOCKERFILES)
    only = [line for line in first if line not in second] + [line for line in second if line not in first]
    assert [name for name, _ in only] == ["ARG", "RUN", "ENV", "RUN", "ENV"]


def test_pins_of_the_dashboard_do_not_contradict_ours():
    extra = re.findall(r"^([\w.-]+)==", (DEPLOY / "constraints-ray.txt").read_text(encoding="utf-8"), re.M)
    assert extra
    assert not {name.lower() for name in extra} & {name.lower() for name in pins()}
