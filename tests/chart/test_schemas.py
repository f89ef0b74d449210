"""Every render is what Kubernetes, KEDA and the Prometheus operator take."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from unittest.mock import patch

import jsonschema
import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml
from kubernetes_validate import utils

from tests.chart.conftest import every_render
from tests.chart.goldens import reproducible

DATA = Path(__file__).parent / "data"
OLDEST, NEWEST = "1.29", "1.34"
CUSTOM = {
    "ScaledObject": "keda.sh_scaledobjects",
    "TriggerAuthentication": "keda.sh_triggerauthentications",
    "HTTPRoute": "gateway.networking.k8s.io_httproutes",
    "PodMonitor": "monitoring.coreos.com_podmonitors",
    "PrometheusRule": "monitoring.coreos.com_prometheusrules",
}


def closed(schema):
    """The API server drops fields that a definition does not know; a test must not."""
    if isinstance(schema, dict):
        schema = {key: closed(value) for key, value in schema.items()}
        if schema.get("properties") and not schema.get("x-kubernetes-preserve-unknown-fields"):
            schema.setdefault("additionalProperties", False)
    elif isinstance(schema, list):
        schema = [closed(value) for value in schema]
    return schema


def definition(name):
    crd = yaml.load((DATA / f"{name}.yaml").read_text(), Loader=yaml.CSafeLoader)
    schema = closed(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"])
    schema["properties"]["metadata"] = {"type": "object"}
    return jsonschema.Draft202012Validator(schema)


@pytest.fixture(scope="module")
def definitions():
    return {kind: definition(name) for kind, name in CUSTOM.items()}


@pytest.fixture(scope="module", autouse=True)
def _schemas_read_once():
    """The library would read a megabyte of definitions again for each object."""
    with patch.object(utils, "schema_contents", cache(utils.schema_contents)):
        yield


@cache
def validate(text, version):
    """Have an object validated once: most objects are the same in many renders."""
    kubernetes_validate.validate(json.loads(text), version, strict=True)


@every_render
def test_kubernetes_takes_every_object(manifests):
    for one in reproducible(manifests):
        if one["kind"] not in CUSTOM:
            for version in (OLDEST, NEWEST):
                validate(json.dumps(one), version)


def test_operators_take_their_objects(renders, definitions):
    for one in (one for each in renders for one in each.manifests):
        if one["kind"] in definitions:
            definitions[one["kind"]].validate(one)
