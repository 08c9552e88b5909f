"""What a plan looks like, as JSON and for people."""

import io

import pytest
from rich.console import Console

from kinodex.cli.render import results as render
from kinodex.schemas import ingest as schema
from workflows.planning.budget import Estimate
from workflows.planning.plan import Plan, PlannedInput


def shown(made: Plan, **more: object) -> str:
    console = Console(file=io.StringIO(), markup=False, highlight=False, emoji=False, width=160)
    render.plan(console, {**schema.plan(made).payload(), **more})
    return console.file.getvalue()


COST = Estimate(120.0, 5_000_000)


def plan_of(*inputs: PlannedInput, cost: Estimate = COST, priced: bool = False) -> Plan:
    return Plan(
        inputs,
        (("probe", 1), ("speech", 1), ("dream", 1)),
        cost,
        66.0,
        2,
        ("probe",),
        ("speech",),
        ("dream",),
        10**9,
        priced,
    )


NEW = PlannedInput("/films/new.mp4", media_seconds=600.0, stages=("probe", "speech"), cost=COST)
KNOWN = PlannedInput("/films/old.mp4", "vid_1", "known", 60.0)
COPY = PlannedInput("/films/copy.mp4", "vid_1", "copy", 60.0)
BROKEN = PlannedInput("/films/x.mp4", state="problem", error_code="NOT_MEDIA", error_message="[red]\x1b[31mno film")


def test_json_has_each_input_and_the_totals():
    payload = schema.plan(plan_of(NEW, KNOWN, BROKEN)).payload()
    assert [each["state"] for each in payload["videos"]] == ["new", "known", "problem"]
    assert payload["videos"][0]["pending"] == ["probe", "speech"]
    assert payload["videos"][2]["error"]["code"] == payload["videos"][2]["error_code"] == "NOT_MEDIA"
    totals = payload["totals"]
    assert (totals["inputs"], totals["videos"], totals["problems"]) == (3, 1, 1)
    assert (totals["media_seconds"], totals["wall_seconds"], totals["work_seconds"]) == (600.0, 66.0, 120.0)
    assert (totals["bytes"], totals["tokens"], totals["money"], totals["measured"]) == (5_000_000, 0, 0.0, False)
    assert [each["rate"] for each in payload["stages"]] == ["measured", "shipped", "unknown"]


def test_people_read_how_long_how_large_and_how_sure():
    text = shown(plan_of(NEW, KNOWN, COPY, BROKEN))
    assert "1 of 4 inputs to work on, 10:00.0 of video: about 1:06.0 with 2 workers (2:00.0 of work)" in text
    assert "nothing: already known" in text
    assert "nothing: a copy of another file" in text
    assert "NOT_MEDIA: [red]no film" in text
    assert "\x1b" not in text
    assert "about 4.8 MiB" in text
    assert "0 tokens and 0.00 USD" in text
    assert "measured in this library: probe" in text
    assert "another machine: speech" in text
    assert "unknown, so not counted: dream" in text


@pytest.mark.parametrize(("priced", "words"), [(True, "3.00 USD"), (False, "no price is set")])
def test_tokens_are_priced_if_there_are_prices(priced, words):
    text = shown(plan_of(NEW, cost=Estimate(1.0, 1.0, 2e6, 3.0), priced=priced))
    assert "about 2000000 tokens" in text
    assert words in text


def test_nothing_to_do_and_too_much_to_do_are_said():
    assert "Nothing to do." in shown(plan_of(KNOWN))
    assert "over the budget" in shown(plan_of(NEW), over_budget="5 GB would be exceeded")
