"""The chart's dashboards for Grafana: what each panel asks and says. `make chart` writes them as JSON.

`operations` is read from the top at 3 a.m.; `job` leads from a complaint to its cause.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from grafana_foundation_sdk.builders import common as shared
from grafana_foundation_sdk.builders import dashboard as board
from grafana_foundation_sdk.builders import heatmap, logs, loki, prometheus, stat, table, tempo, text, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from grafana_foundation_sdk.cog.builder import Builder

RUNBOOKS = "https://github.com/qwenedit/qwenedit/blob/main/docs/runbooks"
PROMISE = 300
"""Seconds within which an answer is in time: the chart's `monitoring.alerts.objectives.answerSeconds`."""
CHOSEN = 'namespace="$namespace",job=~"$job",instance=~"$instance"'
LEADER = "and on (namespace, instance) qwenedit_bot_leader{*} == 1"
"""Of several bots, only the one that leads counts the queue."""
COLOURS = {
    "accepted": "blue",
    "done": "green",
    "failed": "red",
    "delayed": "orange",
    "cancelled": "gray",
    "editing": "green",
    "loading": "orange",
    "starting": "red",
    "idle": "blue",
}

Query = tuple[str, str]
"""Legend, with labels in `{{}}`, and PromQL. There `*` stands for what is chosen at the top of the dashboard, and `[]`
for the range that Grafana finds long enough for a rate.
"""


def _per_minute(metric: str, labels: str, *, more: str = "") -> str:
    return f"60 * sum by ({labels}) (rate({metric}{{*{more}}}[]))"


def _quantile(share: float, metric: str, labels: str = "le") -> str:
    return f"histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket{{*}}[])))"


def _ratio(above: str, below: str) -> str:
    return f"{above} / ({below} > 0)"


def _source(kind: str) -> dashboard.DataSourceRef:
    return dashboard.DataSourceRef(kind, f"${{{kind}_datasource}}")


def _query(name: int, query: Query) -> prometheus.Dataquery:
    legend, promql = query
    filled = promql.replace("{*", f"{{{CHOSEN}").replace("[]", "[$__rate_interval]")
    return (
        prometheus.Dataquery()
        .ref_id(chr(ord("A") + name))
        .datasource(_source("prometheus"))
        .expr(filled)
        .legend_format(legend)
        .range()
        .exemplar("_bucket" in promql)
    )


def _steps(steps: Mapping[float | None, str]) -> board.ThresholdsConfig:
    return board.ThresholdsConfig().steps([dashboard.Threshold(value, colour) for value, colour in steps.items()])


def number(
    title: str,
    description: str,
    unit: str,
    promql: str,
    steps: Mapping[float | None, str],
    *,
    empty: str = "",
    mappings: Iterable[dashboard.ValueMap] = (),
) -> stat.Panel:
    """One number, whose background says whether it is good: `steps` are its colours from a value on."""
    panel = (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(_source("prometheus"))
        .height(4)
        .span(4)
        .unit(unit)
        .thresholds(_steps(steps))
        .mappings(list(mappings))
        .color_scheme(board.FieldColor().mode(dashboard.FieldColorModeId.THRESHOLDS))
        .color_mode(common.BigValueColorMode.BACKGROUND)
        .graph_mode(common.BigValueGraphMode.NONE)
        .reduce_options(shared.ReduceDataOptions().calcs(["lastNotNull"]))
        .with_target(_query(0, ("__auto", promql)).instant())
    )
    return panel.no_value(empty) if empty else panel


def graph(
    title: str, description: str, unit: str, *queries: Query, stacked: bool = False, limit: float | None = None
) -> timeseries.Panel:
    """Lines over time; `limit` is drawn as a dashed one."""
    mode = common.StackingMode.NORMAL if stacked else common.StackingMode.NONE
    style = common.GraphTresholdsStyleMode.OFF if limit is None else common.GraphTresholdsStyleMode.DASHED
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(_source("prometheus"))
        .height(8)
        .span(12)
        .unit(unit)
        .min(0)
        .color_scheme(board.FieldColor().mode(dashboard.FieldColorModeId.PALETTE_CLASSIC))
        .fill_opacity(60 if stacked else 10)
        .show_points(common.VisibilityMode.NEVER)
        .stacking(shared.StackingConfig().mode(mode))
        .thresholds_style(shared.GraphThresholdsStyleConfig().mode(style))
        .thresholds(_steps({None: "transparent"} if limit is None else {None: "transparent", limit: "red"}))
        .legend(
            shared.VizLegendOptions()
            .display_mode(common.LegendDisplayMode.TABLE)
            .placement(common.LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["mean", "lastNotNull"])
        )
        .tooltip(shared.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING))
        .targets([_query(number, query) for number, query in enumerate(queries)])
    )
    for name, colour in COLOURS.items():
        fixed = dashboard.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour})
        panel.override_by_name(name, [fixed])
    return panel


def _dashboard(uid: str, title: str, description: str, *sources: str) -> board.Dashboard:
    links: list[Builder[dashboard.DashboardLink]] = [
        board.DashboardLink("Dashboards")
        .type(dashboard.DashboardLinkType.DASHBOARDS)
        .tags(["qwenedit"])
        .as_dropdown(True)
        .include_vars(True)
        .keep_time(True),
        board.DashboardLink("Runbooks")
        .type(dashboard.DashboardLinkType.LINK)
        .icon("doc")
        .url(f"{RUNBOOKS}/README.md")
        .target_blank(True),
    ]
    whole = board.Dashboard(title).uid(uid).description(description).tags(["qwenedit"]).readonly().links(links)
    whole.tooltip(dashboard.DashboardCursorSync.CROSSHAIR).refresh("30s").time("now-3h", "now").timezone("browser")
    for kind in sources:
        variable = board.DatasourceVariable(f"{kind}_datasource").type(kind)
        whole.with_variable(variable.label(f"{kind.capitalize()} data source"))
    whole.with_variable(_labels("namespace", ""))
    whole.with_variable(_labels("job", '{namespace="$namespace"}').multi(True).include_all(True).all_value(".+"))
    instances = _labels("instance", '{namespace="$namespace",job=~"$job"}')
    return whole.with_variable(instances.multi(True).include_all(True).all_value(".+"))


def _labels(label: str, chosen: str) -> board.QueryVariable:
    return (
        board.QueryVariable(label)
        .label(label.capitalize())
        .datasource(_source("prometheus"))
        .query(f"label_values(qwenedit_build_info{chosen}, {label})")
        .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dashboard.VariableSort.ALPHABETICAL_ASC)
    )


def _add(whole: board.Dashboard, row: str, *panels: Builder[dashboard.Panel]) -> None:
    if row:
        whole.with_row(board.Row(row))
    for panel in panels:
        whole.with_panel(panel)


def operations() -> board.Dashboard:
    """Are users served, and if not, why?"""
    whole = _dashboard(
        "qwenedit-operations",
        "qwenedit / Operations",
        "Are users served, and if not, why. Each panel links to the runbooks of the alerts about it.",
        "prometheus",
    )
    whole.with_variable(
        board.CustomVariable("answer_seconds")
        .label("Promise")
        .description("Seconds within which an answer is in time: monitoring.alerts.objectives.answerSeconds.")
        .values("30.0,60.0,120.0,180.0,300.0,600.0")
        .current(dashboard.VariableOption(text=f"{PROMISE}.0", value=f"{PROMISE}.0", selected=True))
    )
    finished = "sum(increase(qwenedit_jobs_finished_total{*,state%s}[1h]))"
    answers = "sum(increase(qwenedit_job_answer_seconds_%s}[1h]))"
    memory = (
        "max(qwenedit_redis_memory_used_bytes{*} + on (instance) qwenedit_redis_memory_kept_free_bytes{*}"
        f" {LEADER.replace('namespace, ', '')})"
    )
    paused = dashboard.ValueMap(
        {
            "0": dashboard.ValueMappingResult(text="open", color="green", index=0),
            "1": dashboard.ValueMappingResult(text="paused", color="orange", index=1),
        }
    )
    _add(
        whole,
        "Are users served?",
        number(
            "Jobs that succeed",
            "Share of the last hour's jobs that ended with a picture. Cancelled jobs don't count. The promise is "
            "monitoring.alerts.objectives.success.",
            "percent",
            "100 * " + _ratio(finished % '="done"', finished % '!="cancelled"'),
            {None: "red", 94: "orange", 99: "green"},
            empty="no jobs",
        ),
        number(
            "Answers in time",
            "Share of the last hour's answers that came within the promise chosen above.",
            "percent",
            "100 * " + _ratio(answers % 'bucket{*,le="$answer_seconds"', answers % "count{*"),
            {None: "red", 85: "orange", 95: "green"},
            empty="no answers",
        ),
        number(
            "Jobs waiting",
            "Jobs in line now.",
            "short",
            f'max(qwenedit_queue_jobs{{*,place="waiting"}} {LEADER})',
            {None: "green", 20: "orange", 100: "red"},
        ),
        number(
            "Longest wait",
            "How long the next job in line has waited.",
            "s",
            f"max(qwenedit_queue_oldest_wait_seconds{{*}} {LEADER})",
            {None: "green", PROMISE: "orange", 3 * PROMISE: "red"},
        ),
        number(
            "Workers ready",
            "Workers whose ComfyUI answers and has its models. With minReplicas 0 there are none while no job waits.",
            "short",
            "sum(qwenedit_comfyui_up{*}) or vector(0)",
            {None: "blue", 1: "green"},
        ),
        number(
            "Queue",
            "Paused: jobs are accepted, and none starts.",
            "bool",
            f"max(qwenedit_queue_paused{{*}} {LEADER})",
            {None: "green"},
            mappings=[paused],
        ),
        number(
            "Bot",
            "Bots that lead. Exactly one ends leases and draws progress.",
            "short",
            "sum(qwenedit_bot_leader{*}) or vector(0)",
            {None: "red", 1: "green", 2: "orange"},
        ),
        number(
            "Redis",
            "Memory that Redis can't free, with room for the results of unfinished jobs, as a share of its limit. "
            "Above 90 % the bot refuses new jobs. Empty: no limit, or the bot may not ask.",
            "percent",
            "100 * " + _ratio(memory, "max(qwenedit_redis_memory_max_bytes{*})"),
            {None: "green", 80: "orange", 95: "red"},
            empty="no limit",
        ),
        _alerts(),
    )
    _add(
        whole,
        "Jobs",
        graph(
            "Jobs by place",
            "Where the unfinished jobs are. dead: failed for good, and kept for an operator to decide.",
            "short",
            ("{{place}}", f"max by (place) (qwenedit_queue_jobs{{*}} {LEADER})"),
        ),
        graph(
            "Jobs in and out",
            "Jobs accepted, and answered by what became of them, per minute.",
            "cpm",
            ("accepted", "60 * sum(rate(qwenedit_jobs_enqueued_total{*}[]))"),
            ("{{state}}", _per_minute("qwenedit_jobs_finished_total", "state")),
        ),
        graph(
            "Failures by reason",
            "Jobs that ended without a picture, per minute, by the reason that their users read.",
            "cpm",
            ("{{reason}}", _per_minute("qwenedit_jobs_finished_total", "reason", more=',state="failed"')),
            stacked=True,
        ),
        graph(
            "Time to answer",
            "From a job's acceptance to its answer: half of the jobs are faster than the lower line, 95 % faster than "
            "the upper one. Points are jobs, and open their traces.",
            "s",
            ("half", _quantile(0.5, "qwenedit_job_answer_seconds")),
            ("95 %", _quantile(0.95, "qwenedit_job_answer_seconds")),
            limit=PROMISE,
        ),
        graph(
            "Requests refused",
            "Requests that the bot refused in words, per minute, by reason.",
            "cpm",
            ("{{reason}}", _per_minute("qwenedit_bot_refusals_total", "reason")),
            stacked=True,
        ),
        graph(
            "Trouble",
            "Per hour: what users hardly notice and an operator should.",
            "short",
            ("workers lost", '3600 * sum(rate(qwenedit_jobs_reaped_total{*,outcome!="queued"}[]))'),
            ("further attempts", "3600 * sum(rate(qwenedit_redeliveries_total{*}[]))"),
            ("results too late", "3600 * sum(rate(qwenedit_stale_completions_refused_total{*}[]))"),
            ("renewals failed", "3600 * sum(rate(qwenedit_lease_renewals_failed_total{*}[]))"),
            ("ComfyUI hung", "3600 * sum(rate(qwenedit_comfyui_zombie_verdicts_total{*}[]))"),
            ("warm-ups failed", '3600 * sum(rate(qwenedit_warm_up_seconds_count{*,outcome="failed"}[]))'),
        ),
    )
    _add(
        whole,
        "Workers, Telegram, Redis",
        graph(
            "Workers",
            "Workers that Prometheus sees, that could take a job, that have one, that leave, and that reach Redis.",
            "short",
            ("seen", "count(qwenedit_worker_busy{*})"),
            ("ready", "sum(qwenedit_comfyui_up{*})"),
            ("busy", "sum(qwenedit_worker_busy{*})"),
            ("draining", "sum(qwenedit_worker_draining{*})"),
            ("reach Redis", "sum(qwenedit_redis_up{*})"),
        ),
        graph(
            "Attempts by worker",
            "Attempts that ended without a picture, per hour. One pod: a sick GPU or node. All pods: a model, a "
            "workflow, a release.",
            "short",
            (
                "{{instance}} {{outcome}}",
                '3600 * sum by (instance, outcome) (rate(qwenedit_attempts_total{*,outcome!="done"}[]))',
            ),
        ),
        graph(
            "GPU time by activity",
            "What you pay the GPUs for. starting: no job could be taken. loading: a job waits for models.",
            "short",
            ("{{activity}}", "sum by (activity) (rate(qwenedit_gpu_seconds_total{*}[]))"),
            stacked=True,
        ),
        graph(
            "Requests to ComfyUI",
            "By HTTP status, per minute. none: no reply came.",
            "cpm",
            ("{{status}}", _per_minute("qwenedit_comfyui_requests_total", "status")),
        ),
        graph(
            "Calls to Telegram",
            "By status, per minute. Most 4xx but 429 are ordinary: a user blocked the bot, or an edit changed nothing.",
            "cpm",
            ("{{status}}", _per_minute("qwenedit_telegram_requests_total", "status")),
        ),
        graph(
            "Told to wait",
            "Seconds of waiting that Telegram's 429 answers ask for, per minute. Above 60 the bot can't keep up.",
            "s",
            ("__auto", "60 * sum(rate(qwenedit_telegram_retry_after_seconds_total{*}[]))"),
        ),
        graph(
            "Moderation",
            "Calls to the moderation hook per minute, by stage (request: photos and instruction; result: its picture) "
            "and its verdict. While it errs, no job is accepted and no result is shown.",
            "cpm",
            ("{{stage}} {{outcome}}", _per_minute("qwenedit_moderation_checks_total", "stage, outcome")),
        ),
        graph(
            "Redis memory",
            "Above 75 % of the limit the bot deletes pictures of answered jobs, oldest first. Above 90 % it refuses "
            "new jobs.",
            "bytes",
            ("used", "max(qwenedit_redis_memory_used_bytes{*})"),
            ("limit (0: none)", "max(qwenedit_redis_memory_max_bytes{*})"),
            (
                "kept free for results",
                f"max(qwenedit_redis_memory_kept_free_bytes{{*}} {LEADER.replace('namespace, ', '')})",
            ),
        ),
    )
    return whole


def _alerts() -> board.Panel:
    firing = {"firing": True, "pending": True, "error": True, "noData": False, "normal": False}
    options: dict[str, Any] = {
        "alertName": "Qwenedit",
        "alertInstanceLabelFilter": '{namespace="$namespace"}',
        "datasource": "${prometheus_datasource}",
        "maxItems": 20,
        "sortOrder": 3,
        "stateFilter": firing,
        "viewMode": "list",
    }
    panel = board.Panel().type("alertlist").title("Alerts").height(4).span(16).options(options)
    return panel.description("What fires now. Each alert links to its runbook.")


def job() -> board.Dashboard:
    """From a complaint to its cause."""
    whole = _dashboard(
        "qwenedit-job",
        "qwenedit / Path of a job",
        "Where a job's seconds go, for one job and for all. From a job's id to its trace, log and pod.",
        "prometheus",
        "tempo",
        "loki",
    )
    whole.with_variable(board.TextBoxVariable("job_id").label("Job id").description("A job's id, or how it begins."))
    whole.with_row(board.Row("One job"))
    whole.with_panel(
        text.Panel()
        .title("How to use this")
        .height(3)
        .span(24)
        .content(
            "**From a complaint to the cause.** Type the job's id, or how it begins, into *Job id* above. A failure "
            "names its first eight digits, and so does `/status`. The trace opens by its id; the log lines name pod "
            "and worker. An empty box shows the latest jobs."
        )
    )
    traces = tempo.TempoQuery().ref_id("A").datasource(_source("tempo")).query_type("traceql").limit(20)
    whole.with_panel(
        table.Panel()
        .title("Traces")
        .description("One trace a job, from the update to the answer. Open one to see where its seconds went.")
        .datasource(_source("tempo"))
        .height(9)
        .span(10)
        .no_value("no trace: tracing is off, or the id or the time range is wrong")
        .with_target(traces.query('{ span.qwenedit.job.id =~ "$job_id.*" && name =~ "send .+:job_queue" }'))
    )
    lines = loki.Dataquery().ref_id("A").datasource(_source("loki")).max_lines(200)
    whole.with_panel(
        logs.Panel()
        .title("Log lines")
        .description("What bot and worker said of it. Open a line for its pod, attempt and trace.")
        .datasource(_source("loki"))
        .height(9)
        .span(14)
        .show_time(True)
        .wrap_log_message(True)
        .enable_log_details(True)
        .sort_order(common.LogsSortOrder.DESCENDING)
        .with_target(lines.expr('{namespace="$namespace"} | json id="job" | id =~ "$job_id.*" | id != ""'))
    )
    whole.with_row(board.Row("All jobs: where the seconds go"))
    answers = "sum(rate(qwenedit_job_answer_seconds_%s{*}[]))"
    waits, work = "sum(rate(qwenedit_queue_wait_seconds_sum{*}[]))", "sum(rate(qwenedit_execution_seconds_sum{*}[]))"
    rest = f"({answers % 'sum'} - {waits} - {work})"
    spread = ("{{le}}", "sum by (le) (increase(qwenedit_job_answer_seconds_bucket{*}[]))")
    whole.with_panel(
        heatmap.Panel()
        .title("Time to answer")
        .description("From a job's acceptance to its answer. Points are jobs, and open their traces.")
        .datasource(_source("prometheus"))
        .height(8)
        .span(12)
        .unit("s")
        .y_axis(heatmap.YAxisConfig().unit("s").axis_placement(common.AxisPlacement.LEFT))
        .color(heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Oranges").steps(64))
        .with_target(_query(0, spread).format(PromQueryFormat.HEATMAP))
    )
    _add(
        whole,
        "",
        graph(
            "Where the seconds go",
            "Mean seconds of an answered job: its wait in line, the execution of all its attempts, and the pauses "
            "between attempts.",
            "s",
            ("wait in line", _ratio(waits, answers % "count")),
            ("execution, all attempts", _ratio(work, answers % "count")),
            ("pauses between attempts", f"clamp_min({_ratio(rest, answers % 'count')}, 0)"),
            stacked=True,
        ),
        graph(
            "Wait in line",
            "From acceptance to the first attempt. Long with few workers: scaling. With many: too few GPUs.",
            "s",
            ("half", _quantile(0.5, "qwenedit_queue_wait_seconds")),
            ("95 %", _quantile(0.95, "qwenedit_queue_wait_seconds")),
        ),
        graph(
            "Execution, by outcome",
            "95 % of the attempts take less, from claim to settlement.",
            "s",
            ("{{outcome}}", _quantile(0.95, "qwenedit_execution_seconds", "le, outcome")),
        ),
        graph(
            "GPU seconds a picture, by workflow",
            "Mean GPU time, loading and editing, of the attempts that made a picture.",
            "s",
            (
                "{{workflow}}",
                _ratio(
                    'sum by (workflow) (rate(qwenedit_gpu_job_seconds_sum{*,outcome="done"}[]))',
                    'sum by (workflow) (rate(qwenedit_gpu_job_seconds_count{*,outcome="done"}[]))',
                ),
            ),
        ),
        graph(
            "Model loads",
            "95 % of the loads take less, from the first node that loads to the first step. Points are jobs.",
            "s",
            ("{{workflow}}", _quantile(0.95, "qwenedit_model_load_seconds", "le, workflow")),
        ),
        graph(
            "Attempts by outcome and reason",
            "Per minute. delayed: tried again after a pause. queued: handed back unharmed, as a leaving pod does.",
            "cpm",
            ("{{outcome}} {{reason}}", _per_minute("qwenedit_attempts_total", "outcome, reason")),
            stacked=True,
        ),
    )
    return whole


def made(runbooks: Mapping[str, Mapping[str, list[str]]]) -> dict[str, str]:
    """Return the JSON of each dashboard, one panel a line.

    Args:
        runbooks: dashboard, panel's title, the alerts whose runbooks the panel links to.

    Raises:
        SystemExit: an alert names a panel that isn't there.
    """
    files = {}
    for name, builder in {"operations": operations(), "job": job()}.items():
        whole = builder.build()
        wanted = dict(runbooks.get(name, {}))
        for number, panel in enumerate(whole.panels or [], 1):
            panel.id_val = number
            if isinstance(panel, dashboard.Panel):
                alerts = wanted.pop(panel.title or "", [])
                panel.links = [
                    board.DashboardLink(f"Runbook: {alert}").url(f"{RUNBOOKS}/{alert}.md").target_blank(True).build()
                    for alert in alerts
                ]
        if wanted:
            raise SystemExit(f"{name} has no panel {', '.join(map(repr, wanted))}, which alerts.yaml names")
        flat = json.loads(json.dumps(whole, cls=JSONEncoder))
        panels = ",\n".join(json.dumps(panel, ensure_ascii=False) for panel in flat.pop("panels"))
        files[name] = json.dumps(flat, ensure_ascii=False)[:-1] + f', "panels": [\n{panels}\n]}}\n'
    return files
