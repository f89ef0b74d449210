"""Jaeger, asked as its own page asks it."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import aiohttp

from qwenedit_testkit.traces.model import Span, SpanEvent, Trace
from tests.e2e.cluster.kube import eventually

ITS_OWN = ("otel.", "internal.", "span.", "error", "w3c.")
"""Beginnings of the tags that Jaeger makes of what is no attribute; `error.type` is one."""
ARRIVES_WITHIN = 30.0
"""Seconds; services export each five."""


class Jaeger:
    """A client of the query service's HTTP API, as https://www.jaegertracing.io/docs/1.76/architecture/apis/ has it.

    Args:
        session: With the service's address as its base.
    """

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def answers(self) -> bool:
        """Whether it can be asked."""
        with suppress(aiohttp.ClientError):
            await self._get("/api/services")
            return True
        return False

    async def trace_of(self, short_id: str, *, spans: int) -> Trace:
        """Find a job's trace by the digits that its user sees, as soon as it has so many spans.

        Raises:
            AssertionError: it has not, after `ARRIVES_WITHIN` seconds.
        """
        seen: Trace | None = None

        async def whole() -> Trace | None:
            nonlocal seen
            tags = json.dumps({"qwenedit.job.short_id": short_id})
            found = await self._get("/api/traces", service="qwenedit-bot", tags=tags, limit="2")
            if not found:
                return None
            [one] = found
            seen = _trace(one)
            return seen if len(seen.spans) >= spans else None

        try:
            return await eventually(f"{spans} spans of job {short_id}", whole, within=ARRIVES_WITHIN)
        except AssertionError as error:
            raise AssertionError(f"{error}; these came:\n{seen.drawn() if seen else None}") from None

    async def _get(self, path: str, **query: str) -> Any:
        async with self._session.get(path, params=query) as answer:
            answer.raise_for_status()
            return (await answer.json())["data"]


def _trace(found: dict[str, Any]) -> Trace:
    processes = {
        key: {"service.name": process["serviceName"], **_values(process["tags"])}
        for key, process in found["processes"].items()
    }
    return Trace(tuple(_span(span, processes[span["processID"]]) for span in found["spans"]))


def _span(span: dict[str, Any], resource: dict[str, Any]) -> Span:
    tags = _values(span["tags"])
    referred = [(one["refType"], one["spanID"]) for one in span["references"]]
    start = span["startTime"] / 1e6
    return Span(
        resource=resource,
        name=span["operationName"],
        kind=str(tags.get("span.kind", "internal")).upper(),
        trace_id=span["traceID"],
        span_id=span["spanID"],
        parent_id=_parent(referred),
        links=tuple(span_id for kind, span_id in referred if kind == "FOLLOWS_FROM"),
        attributes={name: value for name, value in tags.items() if _is_attribute(name)},
        events=tuple(_event(_values(entry["fields"])) for entry in span["logs"] or ()),
        failed=tags.get("error") is True,
        start=start,
        end=start + span["duration"] / 1e6,
    )


def _parent(referred: list[tuple[str, str]]) -> str:
    """Return the parent as Jaeger sees it: of one that is linked as well it keeps the link alone, before all others."""
    children_of = [span_id for kind, span_id in referred if kind == "CHILD_OF"]
    return [*children_of, *(span_id for _kind, span_id in referred), ""][0]


def _event(fields: dict[str, Any]) -> SpanEvent:
    return SpanEvent(str(fields.pop("event")), fields)


def _is_attribute(name: str) -> bool:
    return name == "error.type" or not name.startswith(ITS_OWN)


def _values(tags: list[dict[str, Any]]) -> dict[str, Any]:
    return {tag["key"]: tag["value"] for tag in tags}
