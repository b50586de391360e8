"""Turns motion into features."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.graph.errors import NodeError, UnderstudyError
from understudy.graph.knobs import Knob
from understudy.graph.node import Node
from understudy.graph.ports import Input, Output

if TYPE_CHECKING:
    from understudy.graph.node import Inputs
    from understudy.nodes.media.tables.table import Table
    from understudy.runtime.context import Context


class MotionFeatures(Node):
    """Turns motion into features: joint rotations, speeds, and windows of them.

    Rotations are 6 numbers for each joint. The root's heading and place are left out, so that it does not
    matter where and which way somebody walks; its speed as seen from the root, its turning and its height
    can be given. A window is a row of many frames, or of their summary; it is paired with the label of the
    frame in its middle. To tell what people do whom nobody has seen before, a summary serves best.

    A table goes through it as well, and is cut into windows of neighbouring rows of one group.
    """

    version = 1
    motion = Input("features", "Motion, or a table whose rows are one after another in time.")
    features = Output("features", "A row for each window.")

    window = Knob(
        1.0, "Length of a window, in seconds; in rows for a table. 0 gives single frames.", least=0.0
    )
    hop = Knob(0.25, "From the beginning of a window to that of the next, in seconds, or in rows.", least=0.0)
    give = Knob(
        "frames",
        "What a window is given as: its frames, for Conv1D, GRU and labels that change in it; or a summary, "
        "each number's mean and deviation, for MLP.",
        choices=("frames", "summary"),
    )
    frame_rate = Knob(
        0.0, "Frames a second that are taken of the motion, so that clips of unlike rates fit; 0 takes all.",
        least=0.0,
    )  # fmt: skip
    rotations = Knob(True, "Whether each joint's rotation is given, as 6 numbers.")
    velocities = Knob(True, "Whether each joint's angular velocity is given, in radians a second.")
    root_motion = Knob(
        True,
        "Whether the root's speed as seen from itself, its turning and its relative height are given.",
    )
    mirror = Knob(
        False, "Whether a training with the augmentation flip sees half of the windows with left and right "
        "exchanged, by joint names.",
    )  # fmt: skip
    up_axis = Knob("y", "The axis that points up.", choices=("x", "y", "z"))
    side_axis = Knob("x", "The axis to the side, of a figure that is not turned.", choices=("x", "y", "z"))

    def compute(self, inputs: Inputs, context: Context) -> Table:
        """The windows, or a row for each frame."""
        from understudy.nodes.media.motion.features import Wanted, lines_of, windows_of
        from understudy.nodes.media.motion.motion import Motion
        from understudy.nodes.media.motion.summary import summary_of

        source = inputs["motion"]
        try:
            lines: Table = source
            if isinstance(source, Motion):
                lines = lines_of(
                    source,
                    Wanted(
                        rotations=self.rotations, velocities=self.velocities, root=self.root_motion,
                        up=self.up_axis, lateral=self.side_axis, rate=self.frame_rate, mirror=self.mirror,
                    ),
                )  # fmt: skip
            if not self.window:
                return lines
            windows, short = windows_of(lines, self.window, self.hop)
            length = windows.length
            if self.give == "summary":
                windows = summary_of(windows)
        except UnderstudyError as error:
            raise NodeError(self.name, str(error), knob="window") from None
        if short:
            context.warn(f"{self.name}: {len(short)} clips are shorter than a window: {', '.join(short[:5])}")
        context.say(f"{self.name}: {len(windows):,} windows of {length} frames, "
                    f"{len(windows.columns)} numbers each")  # fmt: skip
        return windows
