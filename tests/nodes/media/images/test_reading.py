"""Reading frames, on files as hosts write them and as accidents leave them."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import OpenImageIO
import pytest

from understudy.graph.errors import MediaError
from understudy.nodes.media.images.frame import Window
from understudy.nodes.media.images.reading import read_frame, read_spec

if TYPE_CHECKING:
    from pathlib import Path

UNSTABLE = "exr_gaffer_nuke/rgb.100x100.dpx"
"""OpenImageIO 3.2 leaves the last value of each row of this 10-bit RGBA file to chance."""


@cache
def _truth(folder: Path) -> dict[str, Any]:
    truth: dict[str, Any] = json.loads((folder / "image_reader_truth.json").read_text())
    return truth


def test_every_good_file_reads_as_openimageio_says(shared_data: Path) -> None:
    """Windows, channels, smallest, largest and mean value, and the count of NaN and infinity agree."""
    for name, expected in _truth(shared_data).items():
        parts = expected.get("parts", [])
        if not expected["ok"] or len(parts) > 1 or parts[0]["deep"] or name == UNSTABLE:
            continue
        frame, part = read_frame(shared_data / name), parts[0]
        finite = frame.pixels[np.isfinite(frame.pixels)]
        assert _listed(frame.data) == part["data"], name
        assert _listed(frame.display) == part["display"], name
        assert list(frame.channels) == part["channels"], name
        assert frame.pixels.size - finite.size == part["nonfinite"], name
        assert (finite.min(), finite.max()) == pytest.approx((part["min"], part["max"]), rel=1e-6), name
        if abs(part["max"]) < 1e30:
            assert finite.mean(dtype=float) == pytest.approx(part["mean"], rel=1e-5, abs=1e-6), name


def _listed(window: Window) -> list[int]:
    return [window.x, window.y, window.width, window.height]


def test_every_bad_file_is_refused_with_a_sentence(shared_data: Path) -> None:
    """Damaged, cut, subsampled, deep and boundless files raise one kind of error that names the file."""
    for name, expected in _truth(shared_data).items():
        deep = any(part["deep"] for part in expected.get("parts", []))
        if expected["ok"] and not deep:
            continue
        with pytest.raises(MediaError, match=r"can't be read|deep") as refused:
            read_frame(shared_data / name, frame=7)
        assert refused.value.frame == 7
        assert len(str(refused.value)) < len(str(shared_data / name)) + 300


def test_every_byte_less_is_noticed(shared_data: Path, tmp_path: Path) -> None:
    """An EXR that is cut short anywhere is refused, and so is an empty one."""
    whole = (shared_data / "exr_gaffer_nuke" / "checkerWithNegWindows.200x150.exr").read_bytes()
    cut = tmp_path / "cut.exr"
    for length in (0, 3, 100, 400, len(whole) // 2, len(whole) - 1):
        cut.write_bytes(whole[:length])
        with pytest.raises(MediaError, match=r"cut\.exr: (can't be read|the file is empty)"):
            read_frame(cut)


def test_parts_are_merged_under_their_layers_names(shared_data: Path) -> None:
    """A part per layer, as Nuke writes it, has the channels that the same script has in a single part."""
    folder = shared_data / "exr_gaffer_nuke"
    parts = read_frame(folder / "channelTestNukePartPerLayer.exr")
    single = read_frame(folder / "channelTestNukeSinglePart.exr", parts.channels)
    assert set(parts.channels) == set(read_spec(folder / "channelTestNukeSinglePart.exr").channels)
    assert np.array_equal(parts.pixels, single.pixels)


@pytest.mark.parametrize(
    ("name", "channels"),
    [
        ("arnoldCombinedID.exr", "R G B A id instanceID"),
        ("multipart.exr", "customRgb.R customRgb.G customRgb.B customRgba.R customRgba.G customRgba.B"),
        ("weirdPartNames.exr", "R G B layer.R A layer.G layer.B layer.A"),
        ("singlePartBogusName.exr", "R G B"),
        ("imitateProductionLayers1.exr", "R G B character.red character.green character.blue"),
    ],
)
def test_part_names_become_layers_only_where_they_are_meant_so(
    shared_data: Path, name: str, channels: str
) -> None:
    """Automatic and main part names, and those of a single part, add nothing to a channel's name."""
    found = read_spec(shared_data / "exr_gaffer_nuke" / name).channels
    assert " ".join(found).startswith(channels)


def test_parts_with_unlike_windows_share_their_union(tmp_path: Path) -> None:
    """Where a part has no pixels its channels are 0."""
    path = tmp_path / "parts.exr"
    specs = []
    for name, x in (("rgba", 0), ("depth", 2)):
        spec = OpenImageIO.ImageSpec(4, 1, 1, "half")
        spec.x, spec.channelnames = x, ("Z",) if name == "depth" else ("R",)
        spec.attribute("oiio:subimagename", name)
        specs.append(spec)
    file = OpenImageIO.ImageOutput.create(str(path))
    file.open(str(path), tuple(specs))
    file.write_image(np.ones((1, 4, 1), np.float32))
    file.open(str(path), specs[1], "AppendSubimage")
    file.write_image(np.full((1, 4, 1), 2, np.float32))
    file.close()
    frame = read_frame(path)
    assert (frame.channels, frame.data) == (("R", "depth.Z"), Window(0, 0, 6, 1))
    assert frame.pixels[0].tolist() == [[1, 0], [1, 0], [1, 2], [1, 2], [0, 2], [0, 2]]


def test_chosen_channels_come_in_the_order_asked_for(shared_data: Path) -> None:
    """A selection equals the same channels of the whole frame."""
    path = shared_data / "exr_sequence_beachball" / "Beachball__singlepart.0002.exr"
    whole = read_frame(path)
    some = read_frame(path, ("A", "left.R", "R"))
    assert np.array_equal(some.pixels, whole.select(("A", "left.R", "R")).pixels)


def test_a_missing_channel_is_named_with_the_nearest(shared_data: Path) -> None:
    """The sentence says what there is and what was most likely meant."""
    path = shared_data / "exr_sequence_beachball" / "Beachball__singlepart.0002.exr"
    with pytest.raises(MediaError, match=r'no channel "left\.r" among .*; did you mean "left\.R"'):
        read_frame(path, ("left.r",))


def test_a_ten_bit_file_says_so(shared_data: Path) -> None:
    """The precision of the source is kept beside the pixels."""
    assert read_spec(shared_data / "dpx_tiff_oiio_images" / "dpx__dpx_nuke_10bits_rgb.dpx").dtype == "uint10"


def test_a_header_that_asks_for_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded before anything is allocated."""
    path = tmp_path / "large.exr"
    spec = OpenImageIO.ImageSpec(64, 64, 3, "half")
    file = OpenImageIO.ImageOutput.create(str(path))
    file.open(str(path), spec)
    file.write_image(np.zeros((64, 64, 3), np.float32))
    file.close()
    monkeypatch.setattr("understudy.nodes.media.images.reading.MOST_BYTES", 64 * 64 * 3 * 4 - 1)
    with pytest.raises(MediaError, match="64 x 64 pixels of 3 channels"):
        read_frame(path)


def test_a_file_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    """Not every trouble is damage."""
    with pytest.raises(MediaError, match="there is no such file"):
        read_frame(tmp_path / "gone.exr")
    with pytest.raises(MediaError, match="can't be read: Is a directory"):
        read_frame(tmp_path)
