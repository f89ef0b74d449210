"""A real Prometheus that reads processes of ours, as one in a cluster reads pods."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import yaml

from local_stack import HOST, Part, bare_environment, by_http, free_port

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.observability.chart import Manifest


@dataclass(frozen=True)
class Rule:
    """A rule as Prometheus has evaluated it last.

    Args:
        name: Of the record or alert.
        trouble: Why it could not be evaluated; empty: it was.
        fires: Whether it is an alert that fires.
    """

    name: str
    trouble: str
    fires: bool


class Prometheus(Part):
    """The server, with exemplars, and what can be asked of it.

    Args:
        program: Path of `prometheus`.
        folder: Where its configuration and its data lie.
        targets: Addresses (`host:port`) by the `job` that they get.
        rules: A rule file.
        namespace: Label of all series, as the pods' namespace is.
        every: Seconds between two scrapes, and between two evaluations of the rules.
    """

    def __init__(
        self,
        program: str,
        folder: Path,
        *,
        targets: Mapping[str, list[str]],
        rules: Manifest,
        namespace: str,
        every: int = 1,
    ) -> None:
        self.url = f"http://{HOST}:{(port := free_port())}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "rules.yaml").write_text(yaml.safe_dump(rules))
        config = {
            "global": {
                "scrape_interval": f"{every}s",
                "scrape_timeout": f"{every}s",
                "evaluation_interval": f"{every}s",
            },
            "rule_files": ["rules.yaml"],
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": addresses, "labels": {"namespace": namespace}}]}
                for job, addresses in targets.items()
            ],
        }
        (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
        super().__init__(
            "prometheus",
            (
                program,
                f"--config.file={folder / 'prometheus.yaml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={HOST}:{port}",
                "--enable-feature=exemplar-storage",
                "--log.level=warn",
            ),
            env=bare_environment(),
            ready=by_http(f"{self.url}/-/ready"),
        )

    async def now(self, expression: str) -> list[float]:
        """Return the numbers of all series at this moment.

        Raises:
            ValueError: Prometheus does not take the expression.
        """
        data = await self._get("query", query=expression)
        found = [data["result"]] if data["resultType"] == "scalar" else [one["value"] for one in data["result"]]
        return _numbers(found)

    async def over(self, expression: str, *, start: float, end: float, step: float) -> list[float]:
        """Return the numbers of all series over a time; raises as `now` does."""
        data = await self._get("query_range", query=expression, start=start, end=end, step=step)
        return _numbers([value for one in data["result"] for value in one["values"]])

    async def exemplars(self, metric: str, *, start: float, end: float) -> list[dict[str, str]]:
        """Return the labels of a metric's exemplars."""
        data = await self._get("query_exemplars", query=metric, start=start, end=end)
        return [exemplar["labels"] for one in data for exemplar in one["exemplars"]]

    async def rules(self) -> list[Rule]:
        """Return all rules."""
        data = await self._get("rules")
        return [
            Rule(name=one["name"], trouble=one.get("lastError", ""), fires=one.get("state") == "firing")
            for group in data["groups"]
            for one in group["rules"]
        ]

    async def _get(self, path: str, **query: object) -> Any:
        params = {name: str(value) for name, value in query.items()}
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.url}/api/v1/{path}", params=params) as answer,
        ):
            body = await answer.json()
        if body["status"] != "success":
            raise ValueError(f"{body['error']}: {query}")
        return body["data"]


def _numbers(samples: list[list[Any]]) -> list[float]:
    """Return what is a number; Grafana shows no NaN, such as that of no jobs divided by none."""
    return [value for _, text in samples if not math.isnan(value := float(text))]
