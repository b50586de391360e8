"""The picture of losses: green and blue, of one run or several, on either scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from understudy.nodes.learning.loss_graph import Curve, draw_loss_graph, draw_loss_graphs, smoothed
from understudy.runtime.runs.summary import Summary

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def summary_of(losses: NDArray[np.float64], held_out: NDArray[np.float64]) -> Summary:
    """Losses of all steps, and held-out losses of every tenth."""
    steps = np.arange(1, len(losses) + 1)
    points = steps[9::10][: len(held_out)]
    return Summary(steps, losses, np.ones(len(steps)), steps * 0.1, points, held_out, [], None)


FALLING = summary_of(1 / np.arange(1.0, 101.0), 2 / np.arange(10.0, 101.0, 10.0))


def pixels(path: Path) -> NDArray[np.int64]:
    """The picture's colours, shape (H, W, 3), 0 to 255."""
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"), dtype=np.int64)


def share_of(picture: NDArray[np.int64], channel: int) -> float:
    """The share of pixels in which one channel stands out."""
    others = np.delete(picture, channel, axis=-1).max(-1)
    return float(np.mean(picture[..., channel] > others + 40))


def test_training_is_green_and_held_out_is_blue(tmp_path: Path) -> None:
    """A curve of either colour is some hundred pixels long, so both take more than a thousandth."""
    draw_loss_graph(FALLING, tmp_path / "a.png", "run", None)
    draw_loss_graph(summary_of(FALLING.losses, np.array([])), tmp_path / "b.png", "run", None)
    both, green = pixels(tmp_path / "a.png"), pixels(tmp_path / "b.png")

    assert share_of(both, 1) > 0.001
    assert share_of(both, 2) > 0.001
    assert share_of(green, 2) == 0


def test_several_runs_are_told_apart(tmp_path: Path) -> None:
    """Each has a shade of its own and lines in the legend, which stands beside the curves."""
    curves = [Curve(f"run {number}", FALLING, 100) for number in range(3)]
    draw_loss_graphs(curves[:2], tmp_path / "two.png", "2 runs")
    draw_loss_graphs(curves, tmp_path / "three.png", "3 runs")
    two, three = pixels(tmp_path / "two.png"), pixels(tmp_path / "three.png")

    assert two.shape[1] > 1200
    assert np.unique(three.reshape(-1, 3), axis=0).shape[0] > np.unique(two.reshape(-1, 3), axis=0).shape[0]


def test_a_linear_scale_is_another_picture(tmp_path: Path) -> None:
    """And the same picture as the logarithmic one where a loss is zero, which has no logarithm."""
    touching = summary_of(FALLING.losses * 0, np.array([]))
    for name, summary in (("falling", FALLING), ("zero", touching)):
        for linear in (False, True):
            draw_loss_graphs([Curve("", summary)], tmp_path / f"{name}{linear}.png", "run", linear=linear)
    same = {
        name: np.array_equal(pixels(tmp_path / f"{name}True.png"), pixels(tmp_path / f"{name}False.png"))
        for name in ("falling", "zero")
    }

    assert same == {"falling": False, "zero": True}


@pytest.mark.parametrize(
    "losses", [np.array([]), np.array([np.nan, 1.0]), np.array([0.0]), np.array([-1.0, 1.0])]
)
def test_any_losses_can_be_drawn(tmp_path: Path, losses: NDArray[np.float64]) -> None:
    """None yet, ones that are no numbers, zeros and negative ones."""
    draw_loss_graph(summary_of(losses, np.array([])), tmp_path / "a.png", "run", 1)
    draw_loss_graphs([Curve("a", summary_of(losses, np.array([])), 1)] * 2, tmp_path / "b.png", "runs")

    assert pixels(tmp_path / "a.png").size
    assert pixels(tmp_path / "b.png").size


def test_smoothing_keeps_the_level_and_the_place() -> None:
    """A constant stays what it is up to both ends, and a lone peak stays centred."""
    flat, peak = np.full(200, 3.0), np.zeros(200)
    peak[100] = 1.0

    assert smoothed(flat).tolist() == pytest.approx(flat.tolist(), rel=1e-12)
    assert np.flatnonzero(smoothed(peak) > 1e-12).mean() == 100
