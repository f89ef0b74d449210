"""Each alert fires on what it is for, says what it should, and is silent in a normal hour."""

from __future__ import annotations

import re
import subprocess

import yaml

from tests.observability.alert_cases import CASES, LEADER, MINUTES, OURS, RUNBOOKS, SILENT, UP, expect
from tests.observability.chart import ALERTS, CHART, NAMESPACE, monitored


def check(promtool, folder, tests):
    """Have promtool judge tests, by name, each with its rules. It names those that fail."""
    for number, (name, (rules, test)) in enumerate(tests.items()):
        (folder / f"rules-{number}.yaml").write_text(yaml.safe_dump(rules))
        whole = {"rule_files": [f"rules-{number}.yaml"], "evaluation_interval": "1m", "tests": [test]}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(whole))
    files = [f"{name}.yaml" for name in tests]
    done = subprocess.run([promtool, "test", "rules", *files], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def only(rules, *names):
    """Leave the other alerts out, so that they are not evaluated for each minute of each test."""
    groups = [
        {**group, "rules": [one for one in group["rules"] if "record" in one or one["alert"] in names]}
        for group in rules["groups"]
    ]
    return {"groups": groups}


def silent(series, *names):
    return expect(
        series,
        [
            {"eval_time": f"{minute}m", "alertname": name, "exp_alerts": []}
            for name in names
            for minute in range(0, MINUTES, 3)
        ],
    )


def test_every_alert_has_its_case():
    assert list(CASES) == ALERTS


def test_prometheus_takes_the_rules(promtool, rules, tmp_path):
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rules))
    done = subprocess.run(
        [promtool, "check", "rules", "--lint=all", "--lint-fatal", tmp_path / "rules.yaml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def fires(rules, name):
    case = CASES[name]
    (rule,) = (one for group in rules["groups"] for one in group["rules"] if one.get("alert") == name)
    told = {
        "exp_labels": {"severity": case.severity, "namespace": NAMESPACE, **case.labels},
        "exp_annotations": {
            "summary": rule["annotations"]["summary"],
            "description": case.description,
            "runbook_url": f"{RUNBOOKS}/{name}.md",
        },
    }
    return expect(case.series, [{"eval_time": case.at, "alertname": name, "exp_alerts": [told]}])


def test_alert_fires_and_says_what_is_wrong(promtool, rules, tmp_path):
    check(promtool, tmp_path, {name: (only(rules, name), fires(rules, name)) for name in CASES})


def test_no_alert_in_a_normal_hour_and_when_it_is_none(promtool, rules, tmp_path):
    strange = {
        name.replace(OURS, 'namespace="others"'): values
        for case in CASES.values()
        for name, values in case.series.items()
        if name not in {LEADER, UP}
    }
    cases = {"a normal hour": ({}, ""), "a release in another namespace": (strange, ""), **SILENT}
    named = {case: (series, [name for name in ALERTS if about in name]) for case, (series, about) in cases.items()}
    tests = {case: (only(rules, *names), silent(series, *names)) for case, (series, names) in named.items()}
    check(promtool, tmp_path, tests)


def test_bill_of_the_page_is_all_seconds_of_all_gpus_at_their_price(promtool, rules, tmp_path):
    def of(name, worker, **labels):
        told = {"namespace": NAMESPACE, "pod": worker, "instance": worker, **labels}
        return f"{name}{{{','.join(f'{key}={value!r}' for key, value in told.items())}}}".replace("'", '"')

    page = (CHART.parents[1] / "docs/complaints-and-costs.md").read_text()
    [bill] = re.findall(r"```promql\n(.*?)```", page, re.DOTALL)
    seconds = "qwenedit_gpu_seconds_total"
    series = {
        of(seconds, "a", activity="editing"): "0+15x{n}",
        of(seconds, "a", activity="idle"): "0+15x{n}",
        of(seconds, "b", activity="editing"): "0+30x{n}",
    }
    test = expect(series, []) | {
        "promql_expr_test": [
            # Half an hour and an hour of edits, and half an hour idle, at 0.80 an hour.
            {
                "expr": f"round({bill.replace('30d', '1h')}, 0.01)",
                "eval_time": "110m",
                "exp_samples": [
                    {"labels": f'{{namespace="{NAMESPACE}",activity="{activity}"}}', "value": value}
                    for activity, value in (("editing", 1.2), ("idle", 0.4))
                ],
            }
        ]
    }  # fmt: skip
    check(promtool, tmp_path, {"bill": (rules, test)})


def test_alerts_can_be_left_out_relabelled_and_set():
    alerts = {
        "labels": {"release": "stack"},
        "alertLabels": {"team": "photos"},
        "runbookBaseUrl": "https://wiki.example.com/",
        "selector": 'cluster="a",namespace="{{ .Release.Namespace }}"',
        "objectives": {"success": 99.5, "answerSeconds": 60},
        "rules": {
            "QweneditSetAside": {"enabled": False},
            "QweneditPictureStoreFails": {"threshold": 0},
            "QweneditRedisNearlyFull": {"severity": "page", "for": "1h", "threshold": 95},
        },
    }
    (rule,) = (one for one in monitored({"alerts": alerts}) if one["kind"] == "PrometheusRule")
    found = {one["alert"]: one for group in rule["spec"]["groups"] for one in group["rules"] if "alert" in one}
    assert list(found) == [name for name in ALERTS if name != "QweneditSetAside"]
    assert rule["metadata"]["labels"]["release"] == "stack"
    redis = found["QweneditRedisNearlyFull"]
    assert redis["labels"] == {"namespace": NAMESPACE, "severity": "page", "team": "photos"}
    assert redis["for"] == "1h"
    assert "> 0) > 0 and" in found["QweneditPictureStoreFails"]["expr"].replace("\n", " ")
    assert redis["expr"].endswith("> 95")
    assert 'cluster="a",namespace="photos"' in redis["expr"]
    assert redis["annotations"]["runbook_url"] == "https://wiki.example.com/QweneditRedisNearlyFull.md"
    assert "> 7.2 " in found["QweneditJobsFailFast"]["expr"]
    assert "> 72 " in found["QweneditAnswersLateFast"]["expr"]
    late = [
        one["expr"]
        for group in rule["spec"]["groups"]
        for one in group["rules"]
        if "jobs_late" in one.get("record", "")
    ]
    assert all('le="60.0"' in expr for expr in late)


def test_prometheus_without_the_operator_gets_the_same_rules(rules):
    everything = monitored({"alerts": {"kind": "ConfigMap", "labels": {"prometheus_rules": "1"}}})
    (kept,) = (one for one in everything if "prometheus_rules" in one["metadata"]["labels"])
    (text,) = kept["data"].values()
    assert kept["kind"] == "ConfigMap"
    assert yaml.safe_load(text) == rules
