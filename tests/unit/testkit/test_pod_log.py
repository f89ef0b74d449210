"""The watch of pods in `tests/e2e` has each line of a container once, whatever becomes of its streams."""

from __future__ import annotations

import pytest
from aiohttp import ClientError

from tests.e2e.cluster import pod_log
from tests.e2e.cluster.kube import Pod
from tests.e2e.cluster.pod_log import whole_log

RUNNING: dict[str, dict[str, str]] = {"running": {}}
ENDED: dict[str, dict[str, str]] = {"terminated": {}}


def a_pod(state=RUNNING, restarts=0):
    container = {"name": "bot", "state": state, "restartCount": restarts}
    labels = {"app.kubernetes.io/component": "bot"}
    return Pod({"metadata": {"name": "bot-1", "labels": labels}, "status": {"containerStatuses": [container]}})


class Cluster:
    """What the API says of a pod, look by look, and what comes of each stream of its log."""

    def __init__(self, *looks):
        self.looks = list(looks)
        self.asked = []

    async def pod(self, _name):
        return self.looks[0][0]

    async def log(self, _pod, _container, *, since="", previous=False):
        self.asked.append((since, previous))
        _pod, lines, error = self.looks.pop(0)
        for line in lines:
            yield line
        if error:
            raise error


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(pod_log, "LOOK_EVERY", 0)


FIRST, SECOND, THIRD = "2026-11-27T10:00:00.1Z a", "2026-11-27T10:00:00.2Z b c", "2026-11-27T10:00:01.0Z a"


async def test_log_whose_stream_breaks_goes_on_after_its_last_line():
    cluster = Cluster(
        (a_pod(), [FIRST, SECOND], TimeoutError()),
        (a_pod(), [], ClientError("the node is cut off")),
        (a_pod(), [FIRST, SECOND, THIRD], None),  # whole seconds are asked for, so lines come again
        (a_pod(ENDED), [THIRD], None),
    )
    assert [line async for line in whole_log(cluster, a_pod())] == ["a", "b c", "a"]
    assert [since for since, _previous in cluster.asked] == [
        "",
        "2026-11-27T10:00:00.2Z",
        "2026-11-27T10:00:00.2Z",
        "2026-11-27T10:00:01.0Z",
    ]


async def test_log_of_a_restarted_container_ends_with_that_container():
    cluster = Cluster((a_pod(), [FIRST], None), (a_pod(restarts=1), [FIRST, SECOND], None))
    assert [line async for line in whole_log(cluster, a_pod())] == ["a", "b c"]
    assert [previous for _since, previous in cluster.asked] == [False, True]


async def test_log_of_a_pod_that_is_gone_ends():
    cluster = Cluster((a_pod(), ["unable to retrieve", FIRST], None), (None, [], ClientError("not found")))
    assert [line async for line in whole_log(cluster, a_pod())] == ["a"]
