from pathlib import Path
from types import SimpleNamespace

import pytest

from stores.core.errors import UsageError
from workflows.planning.budget import Budget, Estimate, Meter, Spent

GB = 10**9


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("90m", Budget(seconds=5400)),
        ("2h", Budget(seconds=7200)),
        ("1h30m", Budget(seconds=5400)),
        ("30s", Budget(seconds=30)),
        ("5GB", Budget(bytes=5 * GB)),
        ("500MB", Budget(bytes=GB / 2)),
        ("1 GiB", Budget(bytes=1 << 30)),
        ("2.50USD", Budget(money=2.5)),
        ("$2.50", Budget(money=2.5)),
        ("1M tokens", Budget(tokens=1e6)),
        ("20k tokens", Budget(tokens=2e4)),
        ("2h, 5GB,1usd", Budget(seconds=7200, bytes=5 * GB, money=1)),
    ],
)
def test_budgets_are_parsed_as_people_write_them(text: str, budget: Budget):
    assert Budget.parse(text) == budget


@pytest.mark.parametrize("text", ["", "soon", "90", "2h,", "-1h", "0s", "1h,30m", "5 GB tokens", "nan USD", "1e9B"])
def test_an_invalid_budget_is_a_usage_error_with_examples(text: str):
    with pytest.raises(UsageError, match="USAGE") as error:
        Budget.parse(text)
    assert "90m" in error.value.hint


def test_the_limit_that_would_be_exceeded_is_named():
    budget = Budget(seconds=60, bytes=10**6)
    assert budget.allows(Spent(30, 0), Estimate(30, 10**6)) == ""
    assert "1 min 1 s" in budget.allows(Spent(30), Estimate(31))
    assert "1.0 MB" in budget.allows(Spent(), Estimate(0, 2 * 10**6))


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def unit(number: int, seconds: float) -> SimpleNamespace:
    return SimpleNamespace(name=(f"vid_{number}", None, "x"), stages={"x": "1"}, seconds=seconds)


def meter(tmp_path: Path, clock: Clock, workers: int = 2, free: int = 10**12, **limits: float) -> Meter:
    def cost(unit) -> Estimate:
        return Estimate(unit.seconds, unit.seconds * 1000)

    return Meter(tmp_path, cost, workers, Budget(**limits), clock, lambda _: free)


def test_running_work_counts_against_the_limit(tmp_path):
    measured = meter(tmp_path, Clock(), bytes=25_000)
    first, second, third = (unit(number, 10) for number in range(3))
    assert measured.may_begin(first)
    assert measured.may_begin(second)
    assert not measured.may_begin(third)
    assert "25.0 kB" in measured.stopped
    assert measured.left_out == 1
    measured.ended(first, Spent(bytes=1000))
    assert measured.may_begin(third)  # the first cost less than estimated
    assert measured.stopped == ""


def test_a_shorter_unit_may_still_fit(tmp_path):
    measured = meter(tmp_path, Clock(), seconds=60)
    assert not measured.may_begin(unit(1, 61))
    assert measured.may_begin(unit(2, 59))


def test_workers_share_the_time_and_queued_units_wait(tmp_path):
    clock = Clock()
    measured = meter(tmp_path, clock, workers=2, seconds=100)
    begun = [measured.may_begin(unit(number, 40)) for number in range(6)]
    assert begun == [True] * 5 + [False]  # 5 x 40 s on two workers are 100 s
    assert measured.spent.seconds == 0
    clock.now += 30
    assert measured.spent.seconds == 30


def test_a_slow_machine_raises_later_estimates(tmp_path):
    clock = Clock()
    measured = meter(tmp_path, clock, workers=1, seconds=1000)
    slow = unit(1, 240)
    assert measured.may_begin(slow)
    clock.now += 540  # 2.25 times as long; 2 with the minute assumed to go as expected
    measured.ended(slow)
    assert not measured.may_begin(unit(2, 240))
    assert measured.may_begin(unit(3, 220))


def test_exceeding_a_limit_in_spite_of_the_estimate_is_reported(tmp_path):
    clock = Clock()
    measured = meter(tmp_path, clock, seconds=10)
    assert measured.may_begin(unit(1, 5))
    assert measured.over() == ""
    clock.now += 11
    assert "10 s" in measured.over()


def test_part_of_the_disk_is_kept_free(tmp_path):
    measured = meter(tmp_path, Clock(), free=(512 << 20) + 5_000)
    assert measured.may_begin(unit(1, 4))
    assert not measured.may_begin(unit(2, 4))
    assert measured.disk_full
    assert "nearly full" in measured.stopped


def test_finding_and_hashing_files_counts_as_time(tmp_path):
    clock = Clock()
    measured = meter(tmp_path, clock, seconds=60)
    measured.start()
    clock.now += 61
    assert not measured.may_begin(unit(1, 1.0))
    assert measured.spent.seconds == 61
