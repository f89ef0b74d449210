"""Keep what is derived from the chart's alerts equal to them.

    python charts/derived.py            write it
    python charts/derived.py --check    fail when a file is an old one

From `qwenedit/alerts.yaml` come the schema of `monitoring.alerts.rules`, the runbook links of the dashboards, and the
table of docs/runbooks/README.md.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import yaml

CHARTS = Path(__file__).parent
CHART = CHARTS / "qwenedit"
INDEX = CHARTS.parent / "docs/runbooks/README.md"
BEGIN, END = "<!-- alerts: made by charts/derived.py -->", "<!-- end of alerts -->"
RUNBOOKS = "https://github.com/qwenedit/qwenedit/blob/main/docs/runbooks"
LINK = "Runbook: "

Alert = dict[str, Any]


def schema(text: str, alerts: list[Alert]) -> str:
    """Return the values' schema, which refuses other alerts by their names."""
    whole = json.loads(text)
    rules = whole["properties"]["monitoring"]["properties"]["alerts"]["properties"]["rules"]
    rules["propertyNames"] = {"enum": [alert["name"] for alert in alerts]}
    return _json(whole)


def dashboard(text: str, name: str, alerts: list[Alert]) -> str:
    """Return a dashboard whose panels link to the runbooks of the alerts about them.

    Raises:
        SystemExit: an alert names a panel that is not there.
    """
    whole = json.loads(text)
    wanted = {
        title: [a["name"] for a in alerts if title in _titles(a, name)] for a in alerts for title in _titles(a, name)
    }
    for panel in (each for each in whole["panels"] if each["type"] != "row"):
        others = [link for link in panel.get("links", []) if not link["title"].startswith(LINK)]
        runbooks = [
            {"title": f"{LINK}{alert}", "url": f"{RUNBOOKS}/{alert}.md", "targetBlank": True}
            for alert in wanted.pop(panel["title"], [])
        ]
        if "links" in panel or runbooks:
            panel["links"] = [*runbooks, *others]
    if wanted:
        raise SystemExit(f"{name}.json has no panel {', '.join(map(repr, wanted))}, which alerts.yaml names")
    return _json(whole)


def _titles(alert: Alert, name: str) -> list[str]:
    titles: list[str] = alert["panels"].get(name, [])
    return titles


def index(text: str, alerts: list[Alert]) -> str:
    """Return the page on runbooks with the table of all alerts."""
    rows = ["| alert | severity | fires when | for |", "| --- | --- | --- | --- |"]
    for alert in alerts:
        name, threshold = alert["name"], alert.get("threshold")
        when = alert["when"].replace(
            "<threshold>", f"**{threshold['value']}** {threshold['unit']}" if threshold else ""
        )
        rows.append(f"| [{name}]({name}.md) | {alert['severity']} | {when} | {alert['for']} |")
    head, _, rest = text.partition(BEGIN)
    return "\n".join([f"{head}{BEGIN}", *rows, f"{END}{rest.partition(END)[2]}"])


def _json(whole: Any) -> str:
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write or check the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing, fail when a file is an old one")
    arguments = parser.parse_args()
    alerts = yaml.safe_load((CHART / "alerts.yaml").read_text())["alerts"]
    files = {CHART / "values.schema.json": schema, INDEX: index}
    made = {path: make(path.read_text(), alerts) for path, make in files.items()}
    for path in sorted((CHART / "dashboards").glob("*.json")):
        made[path] = dashboard(path.read_text(), path.stem, alerts)
    old = [str(path.relative_to(CHARTS.parent)) for path, text in made.items() if path.read_text() != text]
    if arguments.check and old:
        raise SystemExit(f"made from older alerts or languages: {', '.join(old)}; run make chart")
    for path, text in made.items():
        if not arguments.check:
            path.write_text(text)


if __name__ == "__main__":
    main()
