"""A collector of spans as small as it can be: OTLP over HTTP, kept in memory."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1 import trace_pb2

from qwenedit_testkit.traces.model import Span, SpanEvent, Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

PATIENCE = 60.0


class Collector:
    """Listens inside its block.

    Args:
        keep: Whether to keep what comes; a run of thousands of jobs only wants that somebody takes it.
    """

    def __init__(self, *, keep: bool = True) -> None:
        self._keep = keep
        self.bodies: list[bytes] = []
        self.spans: list[Span] = []
        self._news = asyncio.Condition()
        app = web.Application()
        app.router.add_post("/v1/traces", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        self.url = ""

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    def trace(self, trace_id: str) -> Trace:
        """Return what has come of a trace."""
        return Trace(tuple(span for span in self.spans if span.trace_id == trace_id))

    async def until(self, condition: Callable[[list[Span]], bool]) -> None:
        """Wait until the spans that came are as wanted."""
        try:
            async with asyncio.timeout(PATIENCE), self._news:
                await self._news.wait_for(lambda: condition(self.spans))
        except TimeoutError:
            raise AssertionError("these came: " + ", ".join(sorted(span.label for span in self.spans))) from None

    async def trace_of(self, job_id: str, *, lost_parents: int = 0) -> Trace:
        """Return a job's trace, when its answer was delivered and nothing but the given number of spans is missing.

        A worker cleans up when it has settled the job, so that this span may be the last.
        """

        def whole(spans: Iterable[Span]) -> bool:
            ours = [span for span in spans if span.trace_id in self._traces_of(job_id)]
            ids = {span.span_id for span in ours}
            missing = {span.parent_id for span in ours if span.parent_id} - ids
            names = {span.name for span in ours}
            fetching, tidied = (
                {span.parent_id for span in ours if span.name == name} & ids
                for name in ("comfyui fetch", "comfyui clean up")
            )
            return (
                {"receive update", "deliver answer", "settle"} <= names
                and len(missing) == lost_parents
                and fetching <= tidied
            )

        await self.until(whole)
        (trace_id,) = self._traces_of(job_id)
        return self.trace(trace_id)

    def _traces_of(self, job_id: str) -> set[str]:
        return {span.trace_id for span in self.spans if span.attributes.get("qwenedit.job.id") == job_id}

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not self._keep:
            return web.Response(content_type="application/x-protobuf")
        message = ExportTraceServiceRequest.FromString(body)
        async with self._news:
            self.bodies.append(body)
            for group in message.resource_spans:
                resource = _plain(group.resource.attributes)
                self.spans += [_read(resource, span) for scope in group.scope_spans for span in scope.spans]
            self._news.notify_all()
        return web.Response(content_type="application/x-protobuf")


def _read(resource: dict[str, Any], span: trace_pb2.Span) -> Span:
    return Span(
        resource=resource,
        name=span.name,
        kind=trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        links=tuple(link.span_id.hex() for link in span.links),
        attributes=_plain(span.attributes),
        events=tuple(SpanEvent(event.name, _plain(event.attributes)) for event in span.events),
        failed=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
        start=span.start_time_unix_nano / 1e9,
        end=span.end_time_unix_nano / 1e9,
    )


def _plain(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}
