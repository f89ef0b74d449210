"""Builds the worker's parts and runs them: the composition root."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import time
from contextlib import AsyncExitStack, aclosing
from typing import TYPE_CHECKING

import structlog
import uvloop

from qwenedit_jobs import Leases, RedisPictureStore, connect, load, shown
from qwenedit_jobs.pictures.opening import open_objects
from qwenedit_jobs.redis.ending import end
from qwenedit_jobs.workers.registry import Presence, Workers
from qwenedit_telemetry import setup
from qwenedit_worker import timeouts
from qwenedit_worker.comfyui import ComfyUI, SharedFolders, Workflow, WorkflowFileError, workflow_path
from qwenedit_worker.health.activity import Activity
from qwenedit_worker.health.comfyui_watch import ComfyUIWatch
from qwenedit_worker.health.heartbeat import Heartbeat
from qwenedit_worker.health.shutdown import Shutdown
from qwenedit_worker.health.warm_up import WarmUp, demanded
from qwenedit_worker.loop.worker import Timings, Worker
from qwenedit_worker.loop.workflow_editor import ComfyUIEditor
from qwenedit_worker.redis_link import RedisLink, translate_errors
from qwenedit_worker.settings import WorkerSettings
from qwenedit_worker.stores import REFUSALS, check_stores
from qwenedit_worker.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from qwenedit_telemetry import Telemetry


log = structlog.get_logger(__name__)


def main() -> None:
    """Run the worker until it has to leave.

    Raises:
        SystemExit: code 2 if a setting or the workflow's file is unusable, 1 if the probes' port is taken.
    """
    settings = load(WorkerSettings)
    try:
        workflow = Workflow.load(workflow_path(settings.workflow, settings.workflows_dir))
    except (WorkflowFileError, OSError) as error:
        print(f"WORKFLOW is {settings.workflow!r}: {error}", file=sys.stderr)  # noqa: T201 - as for bad settings
        raise SystemExit(2) from None
    telemetry = setup(service="worker", level=settings.worker_log_level, constants={"worker": settings.pod_name})
    # These objects stay. The collector would otherwise scan them each time, and wait with a full collection until there
    # is a quarter as much garbage.
    gc.collect()
    gc.freeze()
    try:
        uvloop.run(run(settings, workflow, telemetry))
    except REFUSALS as error:
        log.critical("worker.refused", error=str(error))
        raise SystemExit(2) from None
    finally:
        telemetry.close()


async def run(settings: WorkerSettings, workflow: Workflow, telemetry: Telemetry) -> None:
    """Build the worker, and run it until it has to leave."""
    metrics = Metrics(telemetry.registry)
    shutdown = Shutdown(on_draining=lambda: metrics.draining.set(1))
    activity = Activity(budget=settings.comfyui_timeout, busy=metrics.busy)
    link = RedisLink(on_change=metrics.redis_up.set)
    objects = open_objects(settings.pictures_url, on_call=metrics.on_picture_call)
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(aclosing(connect(settings)))
        waiter = await stack.enter_async_context(aclosing(connect(settings, waits=True)))
        binary = await stack.enter_async_context(aclosing(connect(settings, decode=False)))
        comfyui = await stack.enter_async_context(
            ComfyUI(
                settings.comfyui_url,
                workflows=[workflow],
                timeout=settings.comfyui_timeout,
                poll_interval=settings.comfyui_poll_interval,
                patience=settings.worker_gpu_lock_timeout,
                on_request=lambda route, status: metrics.comfyui_requests.labels(route, status).inc(),
                folders=_folders(settings),
            )
        )
        editor = ComfyUIEditor(
            comfyui,
            default=workflow,
            folder=settings.workflows_dir,
            on_workflow=metrics.expect,
        )
        timings = Timings(
            polling_interval=settings.worker_polling_interval,
            lease=settings.worker_lease,
            budget=settings.comfyui_timeout,
        )
        in_redis = RedisPictureStore(binary, settings.keys, ttl=settings.picture_ttl)
        pictures = translate_errors(objects or in_redis, link)
        queue = translate_errors(Leases(redis, settings.keys, waiter=waiter, picture_ttl=settings.picture_ttl), link)
        register = translate_errors(Workers(redis, settings.keys), link)
        warm_up = WarmUp(
            editor.warm_up,
            workflow=workflow.name,
            budget=timings.budget,
            demanded=lambda: demanded(queue, register, by=settings.pod_name),
            metrics=metrics,
        )
        warms = settings.worker_warm_up and settings.comfyui_base_dir is not None
        watch = ComfyUIWatch(comfyui, activity=activity, metrics=metrics, warm_up=warm_up if warms else None)
        worker = Worker(
            settings.pod_name,
            timings,
            queue=queue,
            pictures=pictures,
            editor=editor,
            watch=watch,
            shutdown=shutdown,
            activity=activity,
            metrics=metrics,
            label=editor.label,
        )
        heartbeat = Heartbeat(
            _about(settings, telemetry),
            register=register,
            server=comfyui,
            watch=watch,
            shutdown=shutdown,
        )
        probes = telemetry.probe_server(
            host=settings.probe_host,
            port=settings.probe_port,
            checks={
                "/livez": activity.health,
                "/readyz": lambda: watch.health() if link.health().ok else link.health(),
                "/comfyui/livez": watch.comfyui_health,
            },
        )
        try:
            await stack.enter_async_context(probes)
        except OSError as error:
            log.critical("probes.cannot_listen", host=settings.probe_host, port=settings.probe_port, error=str(error))
            raise SystemExit(1) from None
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, shutdown.leave)
        # A signal and no path of the probes' port, which every pod that may read metrics reaches.
        loop.add_signal_handler(signal.SIGUSR1, shutdown.drain)
        log.debug("worker.settings", **shown(settings))
        log.info("worker.started", probes=probes.url, comfyui=settings.comfyui_url, workflow=workflow.name)

        await _run_beside(
            worker,
            shutdown,
            check_stores(redis, settings.keys, pictures, link=link),
            watch.keep_checking(),
            watch.keep_judging(),
            heartbeat.run(),
            _lose_patience(shutdown, settings.comfyui_timeout + timeouts.LEAVING_MARGIN),
        )
    log.info("worker.stopped")


async def _run_beside(worker: Worker, shutdown: Shutdown, *helping: Coroutine[None, None, None]) -> None:
    """Run the worker until it has to leave; if a helper fails, return the job and exit."""

    def look(helper: asyncio.Task[None]) -> None:
        if not helper.cancelled() and helper.exception():
            shutdown.abandon()

    helpers = [asyncio.create_task(each) for each in helping]
    for helper in helpers:
        helper.add_done_callback(look)
    try:
        await worker.run()
        # Drained alone, the worker stays: an exit would be a restart, and the next job's.
        await shutdown.leaving.wait()
    finally:
        await end(helpers)
    for helper in helpers:
        if not helper.cancelled():
            helper.result()


async def _lose_patience(shutdown: Shutdown, seconds: float) -> None:
    """Return the running job before the pod's grace period ends."""
    await shutdown.leaving.wait()
    await asyncio.sleep(seconds)
    shutdown.abandon()


def _about(settings: WorkerSettings, telemetry: Telemetry) -> Presence:
    return Presence(
        worker=settings.pod_name,
        version=telemetry.version,
        since=time.time(),
        ready=False,
        draining=False,
        comfyui_url=_without_password(settings.comfyui_url),
    )


def _without_password(url: str) -> str:
    scheme, _colon, rest = url.partition("://")
    address, slash, path = rest.partition("/")
    return f"{scheme}://{address.rpartition('@')[2]}{slash}{path}"


def _folders(settings: WorkerSettings) -> SharedFolders | None:
    base = settings.comfyui_base_dir
    return SharedFolders(input=base / "input", output=base / "output") if base else None
