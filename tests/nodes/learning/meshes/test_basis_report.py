"""What is told of principal shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from understudy.nodes.learning.meshes.basis_report import draw_accuracy, sentences
from understudy.nodes.learning.meshes.principal_shapes import PrincipalShapes, principal_shapes

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def shapes() -> PrincipalShapes:
    """Ten shapes of forty poses."""
    draw = np.random.Generator(np.random.Philox(key=3))
    data = draw.standard_normal((40, 30)) * 0.7 ** np.arange(30) @ draw.standard_normal((30, 300))
    return principal_shapes(data, limit=10)


def test_the_shapes_for_each_accuracy_are_told(shapes: PrincipalShapes) -> None:
    """The number for 90 % is the first whose accuracy reaches it."""
    count = int(np.argmax(shapes.accuracies() >= 0.9))
    (told,) = sentences(shapes, 10, 1.0, "cm", 100)

    assert told.startswith("10 principal shapes of 40 poses give back 9")
    assert f"{shapes.residuals()[10]:.3g} cm (rms); {count} for 90 %" in told


@pytest.mark.parametrize(
    ("limit", "accuracy", "points", "said"),
    [
        (10, 0.999, 100, "The limit of 10 shapes ends before the accuracy of 99.9 %"),
        (10, 1.0, 50, "10 shapes are more than the usual 1 to 10 % of 50 vertices (1 to 5)"),
        (10, 1.0, 9000, "10 shapes are fewer than the usual 1 to 10 % of 9,000 vertices (90 to 900)"),
    ],
)
def test_what_may_be_changed_is_told(
    shapes: PrincipalShapes, limit: int, accuracy: float, points: int, said: str
) -> None:
    """An accuracy that the limit doesn't reach, and numbers far from the usual share of the vertices."""
    assert said in "\n".join(sentences(shapes, limit, accuracy, "cm", points))


def test_as_many_shapes_as_poses_are_told() -> None:
    """Nothing is left to see whether they serve for other poses."""
    data = np.random.Generator(np.random.Philox(key=3)).standard_normal((8, 300))
    found = principal_shapes(data, limit=7)
    all_of_them = PrincipalShapes(found.mean, found.shapes, found.variances, found.total, found.squares, 7)

    assert "as many shapes as poses" in "\n".join(sentences(all_of_them, 7, 1.0, "cm", 100))


def test_the_plot_is_a_picture(shapes: PrincipalShapes, tmp_path: Path) -> None:
    """Both curves are on it: green for what is given back, blue for what is left."""
    draw_accuracy(shapes, tmp_path / "report.png", "pca", "cm", 0.99)
    with Image.open(tmp_path / "report.png") as picture:
        seen = set(map(tuple, np.asarray(picture.convert("RGB")).reshape(-1, 3).tolist()))

    assert {(44, 160, 44), (31, 119, 180)} <= seen
