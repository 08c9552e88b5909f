"""The pages name what there is: files, links, commands, and in docs/design.md each room's public names."""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kinodex.cli.app import app
from pipeline.perception import PerceptionConfig

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
ROOMS = ("kinodex", "workflows", "agents", "pipeline", "encoders", "stores")
ELSEWHERE = {
    *("reports/run-000001.json", "reports/latest.json", "logs/ingest.jsonl"),  # of a library
    *("../shared/golden", "mosaic/__init__.py", "mosaic/models.toml"),  # beside the checkout; the worked example
    "deploy/.env",  # made from .env.example
}
SPAN = re.compile(r"`([^`\n]+)`")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(
    r"^(?:\./)?(?:(?:kinodex|workflows|agents|pipeline|encoders|stores|benchmarks|deploy|docs|tests)/|\.ci/)\S*$"
)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


def spans(page: Path) -> Iterator[str]:
    """What stands between backticks, outside fenced blocks; a row of files counts as several."""
    for span in SPAN.findall(FENCED.sub("", page.read_text(encoding="utf-8"))):
        yield from span.split()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_and_folders_are_where_a_page_says(page: Path):
    named = {span.rstrip(",;:") for span in spans(page) if FILE.match(span)} - ELSEWHERE
    assert [name for name in sorted(named) if not list(ROOT.glob(name.rstrip("/")))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@cache
def names_of(room: str) -> frozenset[str]:
    """Every name in the sources of a room, and those of its modules."""
    files = list((ROOT / room).rglob("*.py"))
    words = re.findall(r"\w+", "\n".join(file.read_text(encoding="utf-8") for file in files))
    return frozenset([*words, *(file.stem for file in files)])


def rows() -> Iterator[tuple[str, str, str]]:
    """(room, files, public names) of docs/design.md: the rows of the first table of each room's section."""
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        room = section.partition(":")[0].split()[0]
        for row in section.partition("| file |")[2].partition("\n\n")[0].splitlines()[2:]:
            _, files, names, _ = re.split(r"(?<!\\)\|", row)
            yield room, files, names


def test_the_design_page_names_files_that_are_there():
    named = [f"{room}/{file}" for room, files, _ in rows() for span in SPAN.findall(files) for file in span.split()]
    assert len(named) > 100
    assert [file for file in named if not (ROOT / file).exists()] == []


def test_the_design_page_names_what_is_public_in_each_room():
    unknown = {
        f"{room}: {name}"
        for room, _, names in rows()
        for span in SPAN.findall(names)
        for name in re.findall(r"[A-Za-z_]\w+", span)
        if name not in names_of(room) and not any(name in names_of(other) for other in ROOMS if f"{other}." in span)
    }
    assert sorted(unknown) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tables_of_settings_are_ones_that_exist(page: Path):
    text = page.read_text(encoding="utf-8").partition("## Former names")[0]
    tables = {field.name for field in dataclasses.fields(PerceptionConfig)}
    assert set(re.findall(r"\[perception\.([a-z_]+)\]", text)) <= tables


def command_lines(page: Path) -> Iterator[list[str]]:
    """Arguments of the command lines of a page; several of a line stand far apart."""
    text = page.read_text(encoding="utf-8")
    lines = [line for block in FENCED.findall(text) for line in block.splitlines()]
    for piece in (*lines, *SPAN.findall(FENCED.sub("", text))):
        for line in re.split(r"\s{3,}", piece.partition("#")[0]):
            if re.match("kinodex [a-z]", line):
                yield shlex.split(line)[1:]


def test_command_lines_of_the_readme_are_ones_that_exist():
    said = list(command_lines(ROOT / "README.md"))
    assert len(said) > 20
    assert [line for line in said if CliRunner().invoke(app, [*line, "--help"]).exit_code] == []
