from __future__ import annotations

import pytest

from qwenedit_jobs import load
from qwenedit_worker.settings import WorkerSettings


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("COMFYUI_TIMEOUT", "100", "must be at least 150"),
        ("WORKER_POLLING_INTERVAL", "9", "must be at least 0.5 and at most 5"),
        ("REDIS_URL", "redis//nowhere", ""),
        ("WORKER_LOG_LEVEL", "LOUD", ""),
    ],
)
def test_bad_value_is_named_with_what_it_must_be(
    variable: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit) as caught:
        load(WorkerSettings)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith(f"{variable} is '{value}': {said}")
