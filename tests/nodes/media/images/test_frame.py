"""Windows, channels and frames."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.nodes.media.images.frame import ChannelError, Frame, Window, chosen_channels

NAMES = ("R", "G", "B", "A", "depth.Z", "spec.R", "spec.G")


def _frame(window: Window) -> Frame:
    pixels = np.arange(window.area * 2, dtype=np.float32).reshape(window.height, window.width, 2)
    return Frame(pixels=pixels, channels=("R", "A"), data=window, display=Window(0, 0, 8, 8))


def test_windows_that_do_not_meet_have_nothing_in_common() -> None:
    """The intersection of separate windows holds no pixel."""
    assert Window(0, 0, 4, 4).intersection(Window(10, 10, 4, 4)).area == 0


def test_a_union_holds_both() -> None:
    """Negative origins count."""
    assert Window(-2, 0, 3, 3).union(Window(4, 5, 1, 1)) == Window(-2, 0, 7, 6)


def test_fitting_keeps_every_pixel_in_its_place() -> None:
    """What both windows hold is the same, what is new is 0."""
    frame = _frame(Window(-2, 1, 5, 4))
    fitted = frame.fitted(Window(0, 0, 4, 4))
    assert fitted.data == Window(0, 0, 4, 4)
    assert np.array_equal(fitted.pixels[1:4, 0:3], frame.pixels[0:3, 2:5])
    assert not fitted.pixels[0].any()
    assert not fitted.pixels[:, 3].any()


def test_fitting_to_a_window_elsewhere_gives_black() -> None:
    """Windows that don't meet are no error."""
    assert not _frame(Window(0, 0, 2, 2)).fitted(Window(100, 100, 3, 2)).pixels.any()


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("", NAMES),
        ("A", ("A",)),
        ("rgb", ("R", "G", "B")),
        ("rgba, depth", ("R", "G", "B", "A", "depth.Z")),
        ("spec A spec.R", ("spec.R", "spec.G", "A")),
    ],
)
def test_channels_are_chosen_by_name_or_layer(text: str, chosen: tuple[str, ...]) -> None:
    """Names, layers and the words rgb and rgba can be mixed; nothing comes twice."""
    assert chosen_channels(text, NAMES) == chosen


def test_an_unknown_channel_is_refused_with_the_nearest() -> None:
    """The message lists what is there."""
    with pytest.raises(ChannelError, match=r'"dept".*"depth\.Z"'):
        chosen_channels("dept", NAMES)


def test_selecting_gives_the_channels_in_the_order_asked_for() -> None:
    """Pixels move with their names."""
    frame = _frame(Window(0, 0, 3, 2))
    assert np.array_equal(frame.select(("A", "R")).pixels, frame.pixels[..., ::-1])
