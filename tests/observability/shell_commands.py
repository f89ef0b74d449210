"""Holds a command of a runbook to the objects that the chart makes, and to the command line of the product."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import yaml

from qwenedit_bot.app.settings import BotSettings
from qwenedit_jobs.cli.command_line import make_parser
from qwenedit_testkit.runbooks import PLACEHOLDER
from tests.observability.chart import CHART, monitored

if TYPE_CHECKING:
    from qwenedit_testkit.runbooks import Command

PROGRAMS = {"kubectl", "helm", "grep", "head", "sed", "sort", "tail"}
KINDS = {
    "deploy": "Deployment",
    "deployment": "Deployment",
    "pod": "Pod",
    "scaledobject": "ScaledObject",
    "secret": "Secret",
}
HOOKS = "validatingwebhookconfigurations,mutatingwebhookconfigurations"
OF_THE_CLUSTER = {"namespace", "node", "nodes", "pv", "storageclass", "keda", HOOKS}
OF_THE_OPERATOR = {("Secret", "telegram"), ("Secret", "bucket"), ("Deployment", "keda-operator")}
"""What the chart does not make, and a page says so."""
OF_HELM = "owner=helm,name=edit,status!=deployed"
"""Labels of Helm's own Secrets."""
NODE_VERBS = {"cordon", "uncordon"}
WITH_A_POD = {"exec", "logs"}
"""Verbs whose first word is a pod's name, if it is no flag and names no kind."""


@dataclass(frozen=True, slots=True)
class Product:
    """What there is to name."""

    namespace: str
    release: str
    objects: frozenset[tuple[str, str]]
    """Kind and name; of pods those whose names are known before."""
    containers: frozenset[str]
    labels: frozenset[str]
    """Of pods, as `key=value`."""
    values: dict[str, Any]
    settings: frozenset[str]
    """Variables of the bot."""


def reading(namespace: str, release: str) -> Product:
    """Read all that the chart makes."""
    manifests = monitored()
    templates = [one["spec"]["template"] for one in manifests if one["kind"] in {"Deployment", "StatefulSet", "Job"}]
    stateful = {("Pod", f"{one['metadata']['name']}-0") for one in manifests if one["kind"] == "StatefulSet"}
    return Product(
        namespace=namespace,
        release=release,
        objects=frozenset({(one["kind"], one["metadata"]["name"]) for one in manifests} | stateful | OF_THE_OPERATOR),
        containers=frozenset(
            each["name"]
            for one in templates
            for each in (*one["spec"].get("initContainers", ()), *one["spec"]["containers"])
        ),
        labels=frozenset(f"{key}={value}" for one in templates for key, value in one["metadata"]["labels"].items())
        | {OF_HELM},
        values=yaml.safe_load((CHART / "values.yaml").read_text()),
        settings=frozenset(name.upper() for name in BotSettings.model_fields),
    )


def checked(command: Command, product: Product) -> None:
    """Check each program of a command.

    Raises:
        AssertionError: it names something that does not exist.
    """
    for stage in command.stages:
        argv = [word for word in stage if word != "2>&1"]
        assert argv[0] in PROGRAMS, command.text
        if argv[0] == "kubectl":
            _kubectl(argv[1:], product, command.text)
        elif argv[0] == "helm":
            _helm(argv[1:], product, command.text)


def _kubectl(argv: list[str], product: Product, text: str) -> None:
    options, inside = (argv[: argv.index("--")], argv[argv.index("--") + 1 :]) if "--" in argv else (argv, [])
    words = [word for word in options if word not in ("-n", product.namespace)]
    anywhere = words[0] in NODE_VERBS or any(word in OF_THE_CLUSTER for word in words)
    anywhere |= words[0] in ("get", "events") and "-A" in words
    assert anywhere or options[:2] in (["-n", product.namespace], ["-n", "WORD"]), text
    for flag, known in (("-l", product.labels), ("-c", product.containers)):
        for at in (place for place, word in enumerate(words) if word == flag):
            assert words[at + 1] in known, f"{words[at + 1]}: {text}"
    for kind, name in _named(words):
        assert PLACEHOLDER.fullmatch(name) or (KINDS[kind], name) in product.objects, f"{kind} {name}: {text}"
    if words[:2] == ["set", "env"]:
        for variable in re.findall(r"\b([A-Z_]+)(?:=\S+|-)(?= |$)", " ".join(words[3:])):
            assert variable in product.settings, f"{variable}: {text}"
    if inside[:1] == ["qwenedit"]:
        _qwenedit(inside[1:], text)


def _named(words: list[str]) -> list[tuple[str, str]]:
    """Return the kinds and names of a command, as `kind/name` or `kind name`."""
    named = [tuple(word.split("/")) for word in words if word.split("/")[0] in KINDS and word.count("/") == 1]
    after = pairwise(words)
    named += [(kind, name) for kind, name in after if kind in KINDS and re.fullmatch(r"[A-Za-z0-9-]+", name)]
    if words[0] in WITH_A_POD and "/" not in words[1] and not words[1].startswith("-"):
        named.append(("pod", words[1]))
    return [(kind, name) for kind, name in named if not name.startswith("-") and name != "tls"]


def _qwenedit(argv: list[str], text: str) -> None:
    try:
        make_parser().parse_args(argv)
    except SystemExit as error:
        raise AssertionError(f"no command of qwenedit: {text}") from error


def _helm(argv: list[str], product: Product, text: str) -> None:
    assert argv[:2] == ["-n", product.namespace], text
    assert product.release in argv[2:], text
    for flag, pair in pairwise(argv):
        if flag == "--set":
            value: Any = product.values
            for key in pair.partition("=")[0].split("."):
                assert key in value, f"{pair}: {text}"
                value = value[key]
