"""Mel energies are Kaldi's: number of frames, filters, what a tone, silence and loudness become."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

from encoders.reference.fbank import EPSILON, fbank, hertz_to_mel, mel_filters

RATE = 16000


def tone(hertz: float, seconds: float = 2.0, rate: int = RATE):
    return torch.sin(2 * math.pi * hertz * torch.arange(int(seconds * rate), dtype=torch.float64) / rate).float()


@pytest.mark.parametrize(
    ("samples", "frames"), [(2 * RATE, 198), (400, 1), (399, 0), (0, 0), (559, 1), (560, 2), (166000, 1036)]
)
def test_frames_lie_wholly_within_the_samples(samples, frames):
    assert fbank(torch.zeros(samples)).shape == (frames, 128)


@pytest.mark.parametrize(("samples", "frames"), [(2 * RATE, 200), (79, 0), (80, 1), (240, 2), (50, 0)])
def test_mirrored_edges_give_a_frame_for_each_shift(samples, frames):
    assert fbank(torch.ones(samples), snip_edges=False).shape == (frames, 128)


def test_mirrored_edges_repeat_the_outermost_sample():
    torch.manual_seed(0)
    samples = torch.randn(1600)
    # 120 samples before the first frame's place, mirrored, make the same frame a whole one.
    whole = torch.cat([samples[:120].flip(0), samples, samples[-200:].flip(0)])
    torch.testing.assert_close(fbank(samples, snip_edges=False), fbank(whole)[:10])


@pytest.mark.filterwarnings("ignore:At least one mel filter:UserWarning")
@pytest.mark.parametrize("mel_bins", [112, 128])
def test_the_numbers_are_those_of_another_implementation(mel_bins):
    torch.manual_seed(1)
    samples = torch.randn(8000) * 0.1 + tone(700, 0.5) + 0.05
    filters = mel_filter_bank(
        257, mel_bins, 20, RATE // 2, RATE, norm=None, mel_scale="kaldi", triangularize_in_mel_space=True
    )
    theirs = spectrogram(
        samples.numpy(),
        window_function(400, "hann", periodic=False),
        frame_length=400,
        hop_length=160,
        fft_length=512,
        power=2.0,
        center=False,
        preemphasis=0.97,
        mel_filters=filters,
        log_mel="log",
        mel_floor=EPSILON,
        remove_dc_offset=True,
    ).T
    np.testing.assert_allclose(fbank(samples, mel_bins=mel_bins).numpy(), theirs, atol=1e-3)


def test_filters_follow_the_mel_formula():
    filters = mel_filters(23, 512, RATE, 20.0, 7600.0).double()
    step = (hertz_to_mel(7600) - hertz_to_mel(20)) / 24
    for row in (0, 7, 22):
        centre = hertz_to_mel(20) + (row + 1) * step
        wanted = [max(0.0, 1 - abs(hertz_to_mel(RATE / 512 * place) - centre) / step) for place in range(256)]
        torch.testing.assert_close(filters[row, :256], torch.tensor(wanted, dtype=torch.float64), atol=1e-6, rtol=0)
    assert not filters[:, 256].any()
    assert hertz_to_mel(1000) == pytest.approx(999.99, abs=0.01)


def test_filters_between_the_steps_of_the_transform_hear_nothing():
    deaf = torch.where(mel_filters(128, 512).sum(1) == 0)[0].tolist()
    assert deaf == [3]
    torch.manual_seed(4)
    heard = fbank(torch.randn(4000))
    assert (heard[:, deaf] == math.log(EPSILON)).all()
    assert (heard == math.log(EPSILON)).sum() == heard[:, deaf].numel()


def test_between_two_centres_the_filters_add_up_to_one():
    filters = mel_filters(40, 512)
    first, last = int(filters[0].argmax()) + 1, int(filters[-1].argmax())
    torch.testing.assert_close(filters.sum(0)[first:last], torch.ones(last - first))


@pytest.mark.parametrize("hertz", [250, 1000, 3000, 7000])
@pytest.mark.parametrize("window", ["hanning", "povey"])
def test_a_tone_is_heard_where_it_is(hertz, window):
    step = (hertz_to_mel(8000) - hertz_to_mel(20)) / 41
    wanted = round((hertz_to_mel(hertz) - hertz_to_mel(20)) / step) - 1
    loudest = fbank(tone(hertz), mel_bins=40, window=window).argmax(dim=1)
    assert (loudest == wanted).all()


def test_other_sample_rates_keep_the_tone_in_its_place():
    assert fbank(tone(1000, rate=8000), sample_rate=8000, mel_bins=40, high_freq=-200.0).shape == (198, 40)
    at_48k = fbank(tone(1000, rate=48000), sample_rate=48000, mel_bins=40, high_freq=8000.0)
    assert (at_48k.argmax(1) == fbank(tone(1000), mel_bins=40).argmax(1)).all()


def test_ten_times_louder_is_a_constant_more():
    torch.manual_seed(2)
    samples = torch.randn(4000)
    louder = fbank(10 * samples, mel_bins=40) - fbank(samples, mel_bins=40)
    torch.testing.assert_close(louder, torch.full((23, 40), 2 * math.log(10)))


def test_silence_and_a_constant_are_the_floor():
    floor = torch.full((2, 128), math.log(EPSILON))
    torch.testing.assert_close(fbank(torch.zeros(560)), floor)
    torch.testing.assert_close(fbank(torch.full((560,), 0.5)), floor)
    assert fbank(torch.full((560,), 0.5), remove_dc_offset=False).max() > -10


def test_pre_emphasis_lifts_high_tones_over_low_ones():
    both = tone(200) + tone(6000)
    with_it, without = fbank(both, mel_bins=40), fbank(both, mel_bins=40, preemphasis=0.0)
    change = (with_it - without).mean(0)
    low, high = (int(fbank(tone(hertz), mel_bins=40)[0].argmax()) for hertz in (200, 6000))
    # The filter 1 - 0.97 z^-1 at both frequencies.
    gain = [2 * math.log(abs(1 - 0.97 * np.exp(-2j * math.pi * hertz / RATE))) for hertz in (200, 6000)]
    assert change[low].item() == pytest.approx(gain[0], abs=0.3)
    assert change[high].item() == pytest.approx(gain[1], abs=0.1)


def test_energy_is_the_last_column_and_does_not_depend_on_the_window():
    torch.manual_seed(3)
    samples = torch.randn(400)
    both = fbank(samples, mel_bins=8, use_energy=True)
    assert both.shape == (1, 9)
    assert both[0, -1].item() == pytest.approx(math.log((samples - samples.mean()).square().sum()), abs=1e-5)
    assert torch.equal(both[:, :8], fbank(samples, mel_bins=8))
    assert torch.equal(both[:, 8], fbank(samples, mel_bins=8, use_energy=True, window="povey")[:, 8])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"window": "hamming"}, "hanning or povey"),
        ({"frame_length_ms": 0.0}, "too short"),
        ({"frame_shift_ms": 0.01}, "too short"),
        ({"preemphasis": 1.5}, "pre-emphasis"),
        ({"mel_bins": 0}, "not possible"),
        ({"high_freq": 9000.0}, "not possible"),
        ({"low_freq": -1.0}, "not possible"),
        ({"low_freq": 8000.0}, "not possible"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        fbank(torch.zeros(800), **options)


@pytest.mark.parametrize("samples", [torch.zeros(2, 800), torch.zeros(800, dtype=torch.int16)])
def test_what_are_no_samples_is_refused(samples):
    with pytest.raises(ValueError, match="samples must be"):
        fbank(samples)
