"""The words about values and the values are the same."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts/qwenedit"
TOP = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
POD = SCHEMA["$defs"]["pod"]["properties"]
MENTION = re.compile(rf"(?<![/.\w])(?:{'|'.join(TOP)})(?:\.[a-z][A-Za-z0-9]*)+(?![\w.]*/)")
KEY = re.compile(r"^( *)([A-Za-z][A-Za-z0-9]*):")
SET = re.compile(r"--set(?:-file)? ['\"]?([^\s'\"]+)")
SPEAKING = [
    CHART / "README.md",
    CHART / "values.yaml",
    CHART / "templates/_guards.tpl",
    CHART / "templates/models/_guards.tpl",
    CHART / "templates/NOTES.txt",
    *sorted((ROOT / "k8s").rglob("*.md")),
]


def schema_of(node):
    return SCHEMA["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node


def test_schema_links_and_table_are_made_from_the_alerts_and_the_languages():
    done = subprocess.run(
        [sys.executable, "-m", "charts.derived", "--check"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr


def assert_exists(mention, page):
    value = TOP
    for key in mention.split("."):
        if not isinstance(value, dict) or (not value and key not in value):
            break  # inside of what Kubernetes defines
        if value is not TOP and key in POD and key not in value:
            break  # of a part's `pod`, which has more keys than the defaults use
        assert key in value, f"{page.name} speaks of {mention}"
        value = value[key]


def test_every_value_that_is_spoken_of_exists():
    for page in SPEAKING:
        for mention in set(MENTION.findall(page.read_text())):
            assert_exists(mention, page)


def test_every_value_that_a_command_sets_exists():
    for page in sorted((ROOT / "docs").rglob("*.md")):
        for arguments in SET.findall(page.read_text()):
            for mention in re.findall(r"(?:^|,)([\w.]+)=", arguments):
                assert_exists(mention, page)


def test_schema_knows_the_same_keys_as_the_values():
    def compare(path, value, schema):
        schema = schema_of(schema)
        properties = schema.get("properties")
        if properties is None or path == ["global"]:
            return
        assert set(value) <= set(properties), f"the schema lacks keys of {'.'.join(path)}"
        optional = set(properties) if {"pod", "users"} & set(path[-1:]) else set()  # none of these is set by default
        assert set(properties) - set(value) <= optional, f"the values lack keys of {'.'.join(path)}"
        for key, child in value.items():
            if isinstance(child, dict):
                compare([*path, key], child, properties[key])

    compare([], TOP, SCHEMA)


def test_schema_is_closed_everywhere_but_where_others_define_the_keys():
    def open_objects(path, node):
        if isinstance(node, list):
            return [found for child in node for found in open_objects(path, child)]
        if not isinstance(node, dict):
            return []
        found = [path] if node.get("type") == "object" and node.get("additionalProperties", True) is True else []
        return found + [hit for key, child in node.items() for hit in open_objects(f"{path}/{key}", child)]

    assert open_objects("", SCHEMA) == ["/properties/global", "/$defs/kubernetes", "/$defs/kubernetesList/items"]
