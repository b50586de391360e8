"""Takes colours from one space to another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from understudy.graph.knobs import Knob
from understudy.nodes.media.images.operator import Operator
from understudy.nodes.media.images.source import check_colour_space, colour_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from understudy.graph.ports import Outline
    from understudy.graph.report import Report
    from understudy.nodes.media.images.frame import Frame, FrameSpec


class ColorSpace(Operator):
    """Takes R, G and B from one colour space to another; other channels pass through.

    Spaces are named as in the OpenColorIO config of $OCIO, or in the one that is built in: by name, alias or
    role, such as ACEScg, srgb_texture, lin_rec709, scene_linear.
    """

    version = 1
    colorspace_in = Knob("scene_linear", "The colour space that the frames are in.")
    colorspace_out = Knob("scene_linear", "The colour space that they are brought to.")

    def outline(self, inputs: Mapping[str, Sequence[Outline]], report: Report) -> dict[str, Outline]:
        """The input's frames; an unknown colour space is a fault."""
        check_colour_space(report, "colorspace_in", self.colorspace_in)
        check_colour_space(report, "colorspace_out", self.colorspace_out)
        return super().outline(inputs, report)

    def contents(self) -> Iterable[Path]:
        """The colour config's file."""
        return colour_files(self.colorspace_in)

    def signature(self) -> str:
        """Knobs and colour config."""
        from understudy.nodes.media.images.colour import config_identity

        return f"{super().signature()} {config_identity()}"

    def change(self, *frames: Frame) -> Frame:
        """The frame in the other space."""
        from understudy.nodes.media.images.colour import converted

        return converted(frames[0], self.colorspace_in, self.colorspace_out)

    def change_spec(self, *specs: FrameSpec) -> FrameSpec:
        """The input's, in the other space."""
        from understudy.nodes.media.images.colour import canonical

        space = {"oiio:ColorSpace": canonical(self.colorspace_out)}
        return replace(specs[0], metadata={**specs[0].metadata, **space})
