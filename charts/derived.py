"""Write what is derived from the chart's alerts and from `dashboards.py`.

    python -m charts.derived            write it
    python -m charts.derived --check    fail if a file is older than its source

From `qwenedit/alerts.yaml` come the schema of `monitoring.alerts.rules`, the dashboards' links to runbooks, and the
table of docs/runbooks/README.md.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import yaml

from charts import dashboards

CHARTS = Path(__file__).parent
CHART = CHARTS / "qwenedit"
INDEX = CHARTS.parent / "docs/runbooks/README.md"
BEGIN, END = "<!-- alerts: made by charts/derived.py -->", "<!-- end of alerts -->"

Alert = dict[str, Any]


def schema(text: str, alerts: list[Alert]) -> str:
    """Return the values' schema, which refuses other alerts by their names."""
    whole = json.loads(text)
    rules = whole["properties"]["monitoring"]["properties"]["alerts"]["properties"]["rules"]
    rules["propertyNames"] = {"enum": [alert["name"] for alert in alerts]}
    return _json(whole)


def runbooks(alerts: list[Alert]) -> dict[str, dict[str, list[str]]]:
    """Return the alerts that each dashboard's panels are about: dashboard, panel's title, names of alerts."""
    about: dict[str, dict[str, list[str]]] = {}
    for alert in alerts:
        for name, titles in alert["panels"].items():
            for title in titles:
                about.setdefault(name, {}).setdefault(title, []).append(alert["name"])
    return about


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
    parser.add_argument("--check", action="store_true", help="change nothing; fail if a file is older than its source")
    arguments = parser.parse_args()
    alerts = yaml.safe_load((CHART / "alerts.yaml").read_text())["alerts"]
    files = {CHART / "values.schema.json": schema, INDEX: index}
    made = {path: make(path.read_text(), alerts) for path, make in files.items()}
    for name, text in dashboards.made(runbooks(alerts)).items():
        made[CHART / f"dashboards/{name}.json"] = text
    old = [str(path.relative_to(CHARTS.parent)) for path, text in made.items() if path.read_text() != text]
    if arguments.check and old:
        raise SystemExit(f"older than their sources: {', '.join(old)}; run make chart")
    for path, text in made.items():
        if not arguments.check:
            path.write_text(text)


if __name__ == "__main__":
    main()
