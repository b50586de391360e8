"""`understudy plan`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from small_nodes import computed

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Command


def test_a_plan_is_a_table_with_reasons(understudy: Command, graph: Path) -> None:
    """Each node's type, state and why; nothing is computed."""
    understudy("run", "job.toml")
    computed.clear()
    said = understudy("plan", "job.toml", "--set", "one.value=4", "--to", "sum")

    assert said.status == 0
    assert said.out.splitlines() == [
        "node  type    state     why",
        "----  ------  --------  -----------------",
        "one   Number  will run  value was 3, is 4",
        "sum   Add     will run  its input changed",
    ]
    assert computed == []


def test_json_has_an_object_for_each_node(understudy: Command, graph: Path) -> None:
    """With the key that identifies its result."""
    records = understudy("plan", "job.toml", "--json").records

    assert [record["node"] for record in records] == ["one", "sum", "write", "wait"]
    assert set(records[0]) == {"node", "type", "state", "why", "key"}


def test_an_unknown_target_is_told(understudy: Command, graph: Path) -> None:
    """With the nearest name and status 2."""
    said = understudy("plan", "job.toml", "--to", "sun")

    assert (said.status, said.err) == (2, 'there is no node of this name; found "sun". Did you mean "sum"?\n')
