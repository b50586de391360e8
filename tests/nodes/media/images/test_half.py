"""Half floats to floats and back: the same bits with torch and without."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from understudy.nodes.media.images.half import as_float, as_half

HALVES = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
FINITE = HALVES[np.isfinite(HALVES)].astype(np.float32)


@pytest.fixture(params=["torch", "numpy"])
def _by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether torch is loaded."""
    if request.param == "torch":
        import torch  # noqa: F401 - only that it is there
    else:
        monkeypatch.delitem(sys.modules, "torch", raising=False)


@pytest.mark.usefixtures("_by")
def test_every_half_is_itself_as_a_float() -> None:
    """All 65,536 of them, what is no number included; a float is given back as it is."""
    np.testing.assert_array_equal(as_float(HALVES.copy()), HALVES.astype(np.float32))
    assert as_float(FINITE) is FINITE


@pytest.mark.usefixtures("_by")
def test_floats_become_the_nearest_half() -> None:
    """Halves themselves, what lies in the middle of two, and a little beside the middle."""
    middle = (np.sort(FINITE)[1:] + np.sort(FINITE)[:-1]) / 2
    values = np.concatenate([FINITE, middle, np.nextafter(middle, np.float32(0))])
    expected = values.astype(np.float16)
    np.testing.assert_array_equal(as_half(values).view(np.uint16), expected.view(np.uint16))


def test_what_may_not_be_written_to_is_converted_too() -> None:
    """A frame from a memory map is read-only."""
    values = FINITE.copy()
    values.flags.writeable = False
    np.testing.assert_array_equal(as_half(values), values.astype(np.float16))
