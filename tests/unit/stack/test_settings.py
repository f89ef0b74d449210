"""What may be chosen for `make run`."""

from __future__ import annotations

import pytest

from local_stack.processes.errors import StackError
from local_stack.run.settings import StackSettings


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "8090.5"])
def test_port_that_is_none_is_refused_by_name(port: str):
    with pytest.raises(StackError, match=f"PORT is '{port}': it must be a number from 1 to 65535"):
        StackSettings.from_environment({"PORT": port})


def test_workflow_file_becomes_absolute(tmp_path, monkeypatch):
    (tmp_path / "mine.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    assert StackSettings.from_environment({"WORKFLOW": "mine.json"}).workflow == str(tmp_path / "mine.json")


def test_workflow_file_that_is_missing_is_said():
    with pytest.raises(StackError, match=r"WORKFLOW is 'gone\.json': there is no such file"):
        StackSettings.from_environment({"WORKFLOW": "gone.json"})
