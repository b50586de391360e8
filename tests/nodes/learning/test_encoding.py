"""Pixels as the network sees them, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from understudy.nodes.learning.encoding import Encoding, choose_encoding, identity

if TYPE_CHECKING:
    from pathlib import Path


def _frame(least: float, most: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """A ramp between two values with more weight at the dark end, `(64, 32, 3)`."""
    ramp = np.linspace(0, 1, 64 * 32 * 3, dtype=np.float32).reshape(64, 32, 3) ** 4
    return least + (most - least) * ramp


@pytest.mark.parametrize(
    ("least", "most", "curve"),
    [(0, 1, "linear"), (0, 60, "log"), (-0.002, 60, "log"), (-2, 60, "asinh"), (-0.05, 1.05, "linear")],
)
def test_curve_follows_the_data(least: float, most: float, curve: str) -> None:
    """Display values stay linear, scene-linear values are bent, with negatives by an odd curve."""
    assert choose_encoding([_frame(least, most)]).curve == curve


@pytest.mark.parametrize(("least", "most"), [(0, 1), (0, 60), (-2, 60), (-0.001, 65504), (0, 1e-3)])
def test_round_trip_keeps_float_precision(least: float, most: float) -> None:
    """Decoding what was encoded gives every value back to float precision; nothing is clamped."""
    encoding = choose_encoding([_frame(least, most)])
    beyond = torch.tensor([-3.0, -1e-3, 0.0, 1e-4, 0.18, 1.0, 12.0, 65504.0, 1e6])
    values = beyond.view(1, 1, 1, -1).expand(1, 3, 1, -1)
    torch.testing.assert_close(
        encoding.decode(encoding.encode(values)), values, rtol=5e-6, atol=1e-6 * max(1, encoding.scale)
    )


def test_encoded_painted_frames_have_mean_0_and_deviation_1() -> None:
    """That is what the statistics are for, over all frames together."""
    frames = [_frame(0, 1), _frame(0, 30)]
    encoding = choose_encoding(frames)
    encoded = torch.cat([encoding.encode(torch.from_numpy(f).permute(2, 0, 1)) for f in frames], dim=1)
    torch.testing.assert_close(encoded.mean(dim=(1, 2)), torch.zeros(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(encoded.std(dim=(1, 2)), torch.ones(3), atol=1e-3, rtol=0)


def test_not_a_number_and_infinity_become_numbers() -> None:
    """NaN counts as black and infinity as the largest half float; neither spoils the statistics."""
    frame = _frame(0, 10)
    spoilt = frame.copy()
    spoilt[0, :3, 0] = [np.nan, np.inf, -np.inf]
    encoding = choose_encoding([spoilt])
    assert encoding.mean == pytest.approx(choose_encoding([frame]).mean, rel=1e-2)
    decoded = encoding.decode(encoding.encode(torch.from_numpy(spoilt).permute(2, 0, 1)))
    torch.testing.assert_close(
        decoded[0, 0, :3], torch.tensor([0.0, 65504.0, -65504.0]), rtol=1e-4, atol=1e-6
    )


def test_a_channel_that_never_changes() -> None:
    """A constant channel is shifted but not scaled up."""
    encoding = choose_encoding([np.full((4, 4, 1), 0.25, dtype=np.float32)])
    assert (encoding.mean, encoding.deviation) == ((0.25,), (1.0,))


def test_a_checkpoint_keeps_it_whole() -> None:
    """The plain values of the checkpoint give the same encoding back."""
    encoding = choose_encoding([_frame(-1, 20)])
    assert Encoding.from_dict(encoding.as_dict()) == encoding


@pytest.mark.parametrize("change", [{"curve": "gamma"}, {"deviation": [0.0, 1.0, 1.0]}, {"mean": None}])
def test_an_unknown_encoding_is_refused(change: dict[str, object]) -> None:
    """A checkpoint whose encoding makes no sense here is refused rather than decoded wrongly."""
    with pytest.raises(ValueError, match="encoding"):
        Encoding.from_dict(identity(3).as_dict() | change)


def test_identity_changes_nothing() -> None:
    """Mattes reach the loss as they are."""
    values = torch.tensor([[[-0.5, 0.0, 1.5]]])
    assert torch.equal(identity(1).encode(values), values)


def test_frames_that_are_memory_mapped_give_no_warning(tmp_path: Path) -> None:
    """Statistics are taken of float32 maps that can't be written to."""
    path = tmp_path / "frame.npy"
    np.save(path, np.full((8, 8, 3), 0.5, np.float32))
    assert choose_encoding([np.load(path, mmap_mode="r")]).mean == (0.5, 0.5, 0.5)
