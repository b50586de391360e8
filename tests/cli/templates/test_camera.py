"""The camera of the rendered shots."""

from __future__ import annotations

import numpy as np

from understudy.cli.templates.camera import Camera
from understudy.nodes.media.images.frame import Window


def test_a_pixel_s_ray_leads_back_to_the_pixel() -> None:
    """A point on the line of sight of a pixel is projected to the middle of that pixel."""
    camera = Camera(position=(0.3, 1.1, -5.0), pan=0.1, tilt=-0.05, roll=0.2, focal=500.0)
    window = Window(-7, 3, 20, 10)

    points = np.array(camera.position) + 4.2 * camera.rays(window)[6, 11].astype(np.float64)

    np.testing.assert_allclose(camera.project(points[None])[0, :2], [-7 + 11.5, 3 + 6.5], atol=1e-3)
