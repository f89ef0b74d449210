"""The lines of all parts in a file."""

from __future__ import annotations

import json

from local_stack.keep import log_file
from local_stack.keep.log_file import LogFile


def test_line_of_a_service_keeps_its_fields_and_gets_its_part(tmp_path):
    log = LogFile(tmp_path / "log", on_failure=print)
    log.line("bot", '{"time": "2026-01-01T00:00:00Z", "event": "job.sent", "job": "1"}')
    log.line("redis", "Ready")
    log.close()
    first, second = map(json.loads, (tmp_path / "log").read_text().splitlines())
    assert first == {"part": "bot", "time": "2026-01-01T00:00:00Z", "event": "job.sent", "job": "1"}
    assert (second["part"], second["event"]) == ("redis", "Ready")


def test_file_that_is_full_starts_anew_and_the_oldest_goes(tmp_path, monkeypatch):
    monkeypatch.setattr(log_file, "FILE_BYTES", 1_000)
    monkeypatch.setattr(log_file, "OLDER_FILES", 2)
    log = LogFile(tmp_path / "log", on_failure=print)
    for number in range(100):
        log.line("bot", f"line {number}")
    log.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "log.1", "log.2"]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 3_000
    assert "line 99" in (tmp_path / "log").read_text()


def test_file_that_cannot_be_written_is_said_once_and_works_again(tmp_path):
    said: list[str] = []
    folder = tmp_path / "logs"
    log = LogFile(folder / "log", on_failure=said.append)
    log.line("bot", "lost")
    log.line("bot", "lost too")
    (told,) = said
    assert "Lines are lost" in told
    assert "No such file or directory" in told
    folder.mkdir()
    log.line("bot", "kept")
    log.close()
    assert "kept" in (folder / "log").read_text()
