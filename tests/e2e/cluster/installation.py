"""The product on the cluster, as `helm install` leaves it, and what tests do with it."""

from __future__ import annotations

import base64
import secrets
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from redis.exceptions import RedisError

from comfyui_simulator.client import SimulatorControl
from qwenedit_jobs import Edit, Job, Keys, RedisPictureStore
from qwenedit_jobs.picture_refs import input_ref
from qwenedit_jobs.queue.intake import QueueLimits
from qwenedit_jobs.sample_picture import gradient
from tests.e2e.cluster.kube import Kube, Pod, eventually, run
from tests.e2e.cluster.port_forward import forwarded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

    from qwenedit_testkit.job_queue import JobQueue
    from telegram_simulator.client import Person, TelegramSimulator
    from tests.e2e.cluster.pod_watch import Watch

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
CHART = REPOSITORY / "charts" / "qwenedit"
VALUES = (CHART / "examples" / "simulators" / "values.yaml", HERE / "values.yaml")
LONG = "qwen-image-edit-2511-quality"
"""A workflow of many steps; the default one has 4."""
LONG_STEPS = 20
SIDE = 256
"""Pixels of the test's own photos."""
PAUSED = "autoscaling.keda.sh/paused-replicas"
PICTURE_TTL = 3600
RED = (200, 60, 20)
"""The colour of users' photos."""


async def helm(*argv: str) -> str:
    """Run helm to its end; returns what it printed."""
    return await run("helm", *argv)


def values(*sets: str) -> list[str]:
    """Return helm's arguments for the tests' values, and for single ones on top of them."""
    return [*(f"--values={path}" for path in VALUES), *(f"--set={pair}" for pair in sets)]


@dataclass(repr=False)
class Installation:
    """A release and its namespace."""

    kube: Kube
    release: str
    watch: Watch
    telegram: TelegramSimulator
    redis: Redis
    queue: JobQueue
    pictures: RedisPictureStore
    seconds_to_ready: float
    before: set[str]
    """What was in the namespace before, as `Kind/name`."""
    sets: tuple[str, ...] = ()
    """Single values that it has beside those of all tests, now and after upgrades."""
    _photo: bytes = field(default_factory=lambda: gradient(SIDE))

    @property
    def name(self) -> str:
        """What the chart's objects start with."""
        return f"{self.release}-qwenedit"

    async def helm(self, verb: str, *argv: str) -> str:
        """Run a command of helm on this release."""
        return await helm(verb, self.release, f"--namespace={self.kube.namespace}", *argv)

    async def upgrade(self, *sets: str) -> None:
        """Change values, and wait until all is rolled out."""
        await self.helm("upgrade", str(CHART), *values(*self.sets, *sets), "--wait", "--timeout=180s")

    # ------------------------------------------------------------------ workers

    async def workers(self) -> list[Pod]:
        """Return the worker pods that are to stay."""
        return [pod for pod in await self.kube.pods("worker") if not pod.leaving]

    async def desired_workers(self) -> int:
        """Return how many workers the deployment should have."""
        deployment = await self.kube.get("Deployment", f"{self.name}-worker")
        assert deployment is not None
        return int(deployment["spec"]["replicas"])

    async def hold(self, count: int) -> list[Pod]:
        """Keep KEDA's hands off and have so many ready workers; returns them."""
        await self.pause_at(count)
        await eventually(f"{count} workers", lambda: self._exactly(count), within=60)
        return await self.workers()

    async def pause_at(self, count: int) -> None:
        """Keep KEDA's hands off and set the number of workers; does not wait for them."""
        await self.kube("annotate", "scaledobject", f"{self.name}-worker", f"{PAUSED}={count}", "--overwrite")

    async def let_scale(self) -> None:
        """Leave the number of workers to KEDA."""
        await self.kube("annotate", "scaledobject", f"{self.name}-worker", f"{PAUSED}-")

    async def _exactly(self, count: int) -> bool:
        pods = await self.kube.pods("worker")
        return len(pods) == count and all(pod.ready and not pod.leaving for pod in pods)

    @asynccontextmanager
    async def comfyui(self, pod: Pod) -> AsyncIterator[SimulatorControl]:
        """Reach the simulated ComfyUI in a worker pod, which listens on loopback there."""
        async with (
            forwarded(self.kube.namespace, f"pod/{pod.name}", 8188) as port,
            SimulatorControl(f"http://127.0.0.1:{port}") as control,
        ):
            yield control

    async def one(self, part: str) -> Pod:
        """Wait until the only pod of a part that is to stay is ready; returns it."""

        async def ready() -> Pod | None:
            pods = [pod for pod in await self.kube.pods(part) if not pod.leaving]
            return pods[0] if len(pods) == 1 and pods[0].ready else None

        return await eventually(f"one ready {part}", ready, within=120)

    # ------------------------------------------------------------------ jobs

    async def start_job(self, photo: bytes) -> tuple[Person, str]:
        """Let a user send a photo; returns the user and the job's id as soon as its edit goes on."""
        before = await self.job_ids()
        user = await self.telegram.user()
        await user.send(photo=photo, caption="make it snow")

        async def new() -> set[str]:
            return await self.job_ids() - before

        [job] = await eventually("a job", new, within=60)
        await self.until_editing(job)
        return user, job

    async def one_message(self, user: Person) -> None:
        """Wait until a user has one message of the bot: a late picture comes before the job's own message goes."""

        async def one() -> bool:
            return len((await user.snapshot()).from_bot) == 1

        await eventually("one message of the bot", one, within=10)

    async def redis_answers(self) -> None:
        """Wait until the tests reach Redis again, after a restart of its pod."""

        async def answers() -> bool:
            with suppress(RedisError):
                return bool(await self.redis.ping())
            return False

        await eventually("an answer of Redis", answers, within=60)

    async def push(self, *, workflow: str | None = None) -> str:
        """Put a job that is nobody's into the queue; returns its id."""
        job_id = secrets.token_hex(8)
        picture = input_ref(job_id, 0)
        await self.pictures.put(picture, self._photo)
        steps: dict[str, int | float | str] = {"steps": LONG_STEPS} if workflow == LONG else {}
        edit = Edit(prompt="make it snow", pictures=(picture,), seed=1, workflow=workflow, parameters=steps)
        await self.queue.enqueue(
            Job(id=job_id, user_id=0, edit=edit, reply=None), QueueLimits(max_unfinished_per_user=1000)
        )
        return job_id

    async def fields(self, job_id: str) -> dict[str, str]:
        """Return all that Redis knows of a job."""
        return cast("dict[str, str]", await self.redis.hgetall(Keys().job(job_id)))

    async def job_ids(self) -> set[str]:
        """Return the ids of all jobs that Redis knows."""
        prefix = Keys().job_prefix
        return {name.removeprefix(prefix) async for name in self.redis.scan_iter(f"{prefix}*", count=1000)}

    async def until(self, job_id: str, *states: str, within: float = 60) -> dict[str, str]:
        """Wait until a job has one of these states; returns all that Redis knows of it."""

        async def reached() -> dict[str, str] | None:
            fields = await self.fields(job_id)
            return fields if fields.get("state") in states else None

        return await eventually(f"job {job_id} {' or '.join(states)}", reached, within=within)

    async def until_editing(self, job_id: str, *, step: int = 1, within: float = 60) -> dict[str, str]:
        """Wait until a job's edit has done so many steps; returns all that Redis knows of it."""

        async def editing() -> dict[str, str] | None:
            fields = await self.fields(job_id)
            return fields if fields.get("state") == "running" and int(fields["step"]) >= step else None

        return await eventually(f"job {job_id} at step {step}", editing, within=within)


async def password(kube: Kube, secret: str, key: str) -> str:
    """Read one word of a Secret."""
    found = await kube.get("Secret", secret)
    assert found is not None
    return base64.b64decode(found["data"][key]).decode()


def seconds_to_claim(fields: dict[str, Any]) -> float:
    """Return how long a job waited for its (last) claim, by Redis' clock."""
    return (int(fields["started_at"]) - int(fields["enqueued_at"])) / 1000


def pod_of(name: str, image: str, code: str, **labels: str) -> dict[str, Any]:
    """Describe a pod that runs Python and satisfies the restricted standard."""
    container = {
        "name": "main",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python", "-c", code],
        "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 1,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 65532,
                "seccompProfile": {"type": "RuntimeDefault"},
                "sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}],
            },
            "containers": [container],
        },
    }
