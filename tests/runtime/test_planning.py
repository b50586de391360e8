"""Plans: what would run, what is up to date, and why."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from small_nodes import Number, ReadText, Train, computed, small_registry

from understudy.graph.document import Graph
from understudy.graph.errors import GraphError
from understudy.runtime.context import Settings
from understudy.runtime.planning import State, Step
from understudy.runtime.running import planned, run, work_folder

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.runtime.scheduler import Outcome


def job(folder: Path, **knobs: Any) -> Graph:
    """A text that is read, and a sum beside it."""
    (folder / "text.txt").write_text("hello")
    graph = Graph(folder / "job.toml")
    graph.add("Number", "one", **knobs)
    graph.add("Add", "sum", inputs={"input": ["one", "one"]})
    graph.add("ReadText", "read")
    graph.add("WriteText", "write", inputs={"input": "read"})
    return graph


def plan(graph: Graph, *to: str, **settings: Any) -> dict[str, Step]:
    """The plan for a graph of the tests."""
    return planned(graph, small_registry(), to=to, settings=Settings(**settings))


def ran(graph: Graph, *to: str, **settings: Any) -> Outcome:
    """What a run of a graph of the tests ended with."""
    return run(graph, small_registry(), to=to, settings=Settings(**settings))


def states(steps: dict[str, Step]) -> dict[str, str]:
    """The state of each node."""
    return {name: str(step.state) for name, step in steps.items()}


def test_at_first_everything_runs(tmp_path: Path) -> None:
    """Nothing has run before, and the plan says so of each node, parents first; nothing is computed."""
    steps = plan(job(tmp_path))

    assert [(step.state, step.why) for step in steps.values()] == [(State.RUN, "it has not run before")] * 4
    assert list(steps) == ["one", "read", "sum", "write"]
    assert computed == []


def test_after_a_run_everything_is_up_to_date(tmp_path: Path) -> None:
    """The same graph does nothing the second time; what only feeds it is not even looked at."""
    ran(job(tmp_path))

    assert states(plan(job(tmp_path))) == {
        "one": "not needed",
        "read": "not needed",
        "sum": "up to date",
        "write": "up to date",
    }
    assert ran(job(tmp_path)).ran == []


def test_only_what_targets_need_is_planned(tmp_path: Path) -> None:
    """A target brings its parents along and nobody else."""
    assert list(plan(job(tmp_path), "sum")) == ["one", "sum"]


def test_an_unknown_target_names_the_nearest(tmp_path: Path) -> None:
    """All unknown targets are told at once."""
    with pytest.raises(GraphError, match=r'found "sun"\. Did you mean "sum"') as raised:
        plan(job(tmp_path), "sun", "zzz")
    assert len(raised.value.faults) == 2


def test_a_changed_knob_runs_it_and_what_is_below(tmp_path: Path) -> None:
    """The plan says which knob changed, and which input of the child."""
    ran(job(tmp_path, value=1))
    steps = plan(job(tmp_path, value=2))

    assert (steps["one"].state, steps["one"].why) == (State.RUN, "value was 1, is 2")
    assert (steps["sum"].state, steps["sum"].why) == (State.RUN, "its input changed")
    assert steps["write"].state is State.UP_TO_DATE


def test_a_knob_that_does_not_matter_runs_nothing(tmp_path: Path) -> None:
    """Another number of threads leaves every result as it is."""
    ran(job(tmp_path))

    assert State.RUN not in states(plan(job(tmp_path, threads=8))).values()


def test_going_back_to_an_earlier_value_runs_nothing(tmp_path: Path) -> None:
    """Results of earlier knobs are kept beside the newer ones."""
    ran(job(tmp_path, value=1))
    ran(job(tmp_path, value=2))

    assert states(plan(job(tmp_path, value=1), "sum")) == {"one": "not needed", "sum": "up to date"}


def test_changed_content_of_a_file_runs_its_reader(tmp_path: Path) -> None:
    """A file of the same size with other bytes is noticed, and named."""
    ran(job(tmp_path))
    graph = job(tmp_path)
    (tmp_path / "text.txt").write_text("world")
    steps = plan(graph)

    assert (steps["read"].state, steps["read"].why) == (State.RUN, "text.txt changed")
    assert steps["write"].why == "its input changed"


def test_a_restored_time_stamp_does_not_hide_a_change(tmp_path: Path) -> None:
    """Other bytes under the old size and time stamp are noticed all the same."""
    ran(job(tmp_path))
    graph, text = job(tmp_path), tmp_path / "text.txt"
    plan(graph)
    before = text.stat()
    text.write_text("world")
    os.utime(text, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert plan(graph)["read"].why == "text.txt changed"


def test_a_touched_file_runs_nothing(tmp_path: Path) -> None:
    """The same bytes with a new time stamp are the same content."""
    ran(job(tmp_path))
    graph = job(tmp_path)
    os.utime(tmp_path / "text.txt", ns=(1, 1))

    assert State.RUN not in states(plan(graph)).values()


def test_a_missing_file_is_planned_and_told_by_its_node(tmp_path: Path) -> None:
    """A file that is gone does not stop the plan; the node itself says what is wrong when it runs."""
    graph = job(tmp_path)
    (tmp_path / "text.txt").unlink()

    assert plan(graph)["read"].state is State.RUN
    assert "read" in ran(graph).failed


def test_a_changed_result_file_is_not_used(tmp_path: Path) -> None:
    """When somebody edits a file that a node wrote, that node runs again, and says why."""
    ran(job(tmp_path))
    (tmp_path / "out.txt").write_text("HELLO")
    steps = plan(job(tmp_path))

    assert (steps["write"].state, steps["write"].why) == (State.RUN, f"{tmp_path / 'out.txt'} was changed")
    assert steps["read"].state is State.UP_TO_DATE


def test_a_deleted_result_file_is_made_again(tmp_path: Path) -> None:
    """When a file that a node wrote is gone, that node runs again."""
    ran(job(tmp_path))
    (tmp_path / "out.txt").unlink()

    assert plan(job(tmp_path))["write"].why == f"{tmp_path / 'out.txt'} is gone"
    ran(job(tmp_path))
    assert (tmp_path / "out.txt").read_text() == "hello"


def test_a_new_version_of_the_code_runs_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code's version is part of the key, and the plan names it."""
    ran(job(tmp_path))
    monkeypatch.setattr(Number, "version", 2)

    assert plan(job(tmp_path))["one"].why == "its code was 1, is 2"


def test_fresh_uses_nothing(tmp_path: Path) -> None:
    """`--fresh` runs everything, whatever is kept."""
    ran(job(tmp_path))

    assert {step.why for step in plan(job(tmp_path), fresh=True).values()} == {"--fresh was asked for"}
    assert len(ran(job(tmp_path), fresh=True).ran) == 4


def test_frames_are_kept_apart(tmp_path: Path) -> None:
    """A run of some frames is no result for all frames, nor the other way round."""
    graph = Graph(tmp_path / "job.toml")
    graph.add("Frames", "frames")
    graph.add("WriteFrames", "write", inputs={"input": "frames"})

    assert ran(graph, frames=(2, 3)).values["write"]["output"] == [2, 3]
    assert states(plan(graph)) == {"frames": "on demand", "write": "will run"}
    assert plan(graph)["write"].why == "other frames were asked for"
    assert ran(graph).values["write"]["output"] == list(range(1, 11))
    assert states(plan(graph, frames=(2, 3))) == {"frames": "not needed", "write": "up to date"}


def test_what_is_not_kept_is_made_on_demand(tmp_path: Path) -> None:
    """A cheap description is made again only when something that runs needs it."""
    graph = Graph(tmp_path / "job.toml")
    graph.add("Frames", "frames")
    graph.add("WriteFrames", "write", inputs={"input": "frames"})
    ran(graph)
    computed.clear()
    ran(graph)

    assert computed == []


def test_an_unfinished_run_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that stands somewhere on the way resumes, and says where; `--fresh` begins anew."""
    monkeypatch.setattr(Train, "unfinished", "it stopped at step 20 of 100")
    graph = Graph(tmp_path / "job.toml")
    graph.add("Train", "learn")

    assert (plan(graph)["learn"].state, plan(graph)["learn"].why) == (
        State.RESUME,
        "it stopped at step 20 of 100",
    )
    assert plan(graph, fresh=True)["learn"].state is State.RUN


def test_a_longer_training_has_the_same_lineage(tmp_path: Path) -> None:
    """Epochs change the key and not the lineage; another knob changes both."""
    graph = Graph(tmp_path / "job.toml")
    graph.add("Train", "short", epochs=10)
    graph.add("Train", "long", epochs=20)
    graph.add("Train", "other", epochs=10, steps=2)
    short, long, other = plan(graph).values()

    assert short.lineage == long.lineage != other.lineage
    assert len({short.key, long.key, other.key}) == 3


def test_deleting_the_work_folder_costs_time_only(tmp_path: Path) -> None:
    """Without `.understudy` everything runs again and comes out the same."""
    import shutil

    before = ran(job(tmp_path)).values
    shutil.rmtree(work_folder(job(tmp_path)))

    assert ran(job(tmp_path)).values == before


def test_a_moved_job_is_up_to_date(tmp_path: Path) -> None:
    """Keys don't depend on where a folder lies: a job copied with its work folder is up to date."""
    import shutil

    (tmp_path / "a").mkdir()
    ran(job(tmp_path / "a"), "read")
    shutil.copytree(tmp_path / "a", tmp_path / "b")

    assert plan(job(tmp_path / "b"), "read")["read"].state is State.UP_TO_DATE


def test_names_of_an_old_encoding_are_read(tmp_path: Path) -> None:
    """A folder whose name is no UTF-8 text serves like any other."""
    folder = tmp_path / b"caf\xe9".decode("utf-8", "surrogateescape")
    folder.mkdir()
    ran(job(folder))

    assert State.RUN not in states(plan(job(folder))).values()


def test_a_reader_of_an_unreadable_file_is_keyed_by_that(tmp_path: Path) -> None:
    """A file that appears after all is a change."""
    graph = job(tmp_path)
    (tmp_path / "text.txt").unlink()
    before = plan(graph)["read"].key
    (tmp_path / "text.txt").write_text("hello")

    assert plan(graph)["read"].key != before
    assert ReadText.keeps
