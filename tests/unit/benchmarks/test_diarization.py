"""The error rate of diarisation counts what NIST's evaluation counts."""

import pytest

from benchmarks.speaker_error.diarization import DiarizationError, diarization_error

TRUTH = [(0.0, 10.0, "ann"), (10.0, 20.0, "bob")]


def test_names_do_not_matter_and_ends_are_forgiven_a_quarter_of_a_second():
    assert diarization_error(TRUTH, [(0.0, 10.2, 7), (10.2, 19.8, 3)]).rate == 0
    assert diarization_error(TRUTH, TRUTH).spoken == pytest.approx(20 - 4 * 0.25)
    assert diarization_error(TRUTH, [(0.0, 10.2, 7), (10.2, 19.8, 3)], collar=0.0).confusion == pytest.approx(0.2)


def test_what_is_missed_invented_and_confused():
    missed = diarization_error(TRUTH, [(0.0, 5.0, 1), (10.0, 20.0, 2)], collar=0.0)
    assert missed == DiarizationError(missed=5.0, false_alarm=0.0, confusion=0.0, spoken=20.0)
    assert missed.rate == 0.25
    invented = diarization_error(TRUTH, [(0.0, 10.0, 1), (10.0, 24.0, 2)], collar=0.0)
    assert (invented.false_alarm, invented.rate) == (4.0, 0.2)
    one = diarization_error(TRUTH, [(0.0, 20.0, 1)], collar=0.0)
    assert (one.confusion, one.rate) == (10.0, 0.5)
    split = diarization_error([(0.0, 10.0, "ann")], [(0.0, 6.0, 1), (6.0, 10.0, 2)], collar=0.0)
    assert split.confusion == 4.0


def test_the_best_mapping_counts_and_speakers_may_overlap():
    found = [(0.0, 4.0, 1), (4.0, 10.0, 2), (10.0, 20.0, 1)]
    assert diarization_error(TRUTH, found, collar=0.0).confusion == 4.0, "1 is bob, 2 is ann"
    both = [(0.0, 10.0, "ann"), (5.0, 10.0, "bob")]
    assert diarization_error(both, [(0.0, 10.0, 1)], collar=0.0) == DiarizationError(5.0, 0.0, 0.0, 15.0)


def test_nothing_said():
    assert diarization_error([], []).rate == 0
    assert diarization_error([], [(0.0, 1.0, 1)]).rate == 1
    assert diarization_error(TRUTH, []).rate == 1
    assert (diarization_error(TRUTH, []) + diarization_error(TRUTH, TRUTH)).rate == 0.5
