"""On which line things stand."""

from __future__ import annotations

from understudy.graph.lines import LineFinder, lines

TEXT = """\
understudy = 1
[vars]
shot = "x"
[ nodes . "a" ]
type = "A"
"quoted" = 1
# b = 1
dotted.key = 2
[nodes.a.inputs]
input = "b"
[nodes.b]
type = "B"
"""


def test_nodes_and_knobs_have_their_lines() -> None:
    """Odd spaces, quotes, dots and sub-tables are understood, comments are not taken for knobs."""
    assert lines(TEXT) == {
        (None, "understudy"): 1,
        ("a", None): 4,
        ("a", "type"): 5,
        ("a", "quoted"): 6,
        ("a", "dotted"): 8,
        ("a", "inputs"): 9,
        ("b", None): 11,
        ("b", "type"): 12,
    }


def test_a_knob_that_is_not_there_stands_where_its_node_does() -> None:
    """A missing knob is pointed at by its node's line; an unknown node has none."""
    line_of = LineFinder(TEXT)

    assert (line_of("a", "missing"), line_of("z", None)) == (4, None)
