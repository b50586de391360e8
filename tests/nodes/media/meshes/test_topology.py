"""What hangs together in a mesh."""

from __future__ import annotations

import numpy as np

from understudy.nodes.media.meshes import topology

QUAD_AND_TRIANGLE = np.array([[0, 1, 2, 3], [1, 4, 2, -1]], np.int32)


def test_triangles_count_as_three_sides() -> None:
    """Padding of a triangle is neither vertex nor edge."""
    assert len(topology.half_edges(QUAD_AND_TRIANGLE)) == 7
    assert topology.triangles(QUAD_AND_TRIANGLE).tolist() == [[0, 1, 2], [1, 4, 2], [0, 2, 3]]


def test_the_laplacian_of_a_moved_mesh_is_that_of_the_mesh() -> None:
    """Differential coordinates do not see where the mesh stands."""
    points = np.arange(15.0).reshape(5, 3) ** 1.5
    laplacian = topology.umbrella_laplacian(QUAD_AND_TRIANGLE, 5)

    np.testing.assert_allclose(laplacian @ points, laplacian @ (points + 7.0), atol=1e-9)


def test_a_clean_mesh_has_no_notes() -> None:
    """A connected manifold mesh is nothing to write about."""
    assert list(topology.notes(QUAD_AND_TRIANGLE, 5)) == []


def test_loose_parts_and_crowded_edges_are_noted() -> None:
    """A vertex without a face, a second part and an edge of three faces each get a sentence."""
    faces = np.array([[0, 1, 2, -1], [0, 1, 3, -1], [0, 1, 4, -1], [5, 6, 7, -1]], np.int32)

    notes = list(topology.notes(faces, 9))

    assert "belong to no face: 1." in notes[0]
    assert "2 loose parts" in notes[1]
    assert "between vertices 0 and 1" in notes[2]


def test_normals_point_outwards_of_a_sheet() -> None:
    """A counter-clockwise sheet in the xy plane faces z."""
    sheet = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
    faces = np.array([[0, 1, 2, 3]], np.int32)

    np.testing.assert_allclose(np.tile([0.0, 0.0, 1.0], (4, 1)), topology.vertex_normals(sheet, faces))
