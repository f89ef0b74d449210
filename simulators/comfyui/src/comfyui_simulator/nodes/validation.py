"""What `POST /prompt` accepts, and the words in which it refuses.

The rules are the server's own (`validate_prompt` and `validate_inputs` in ComfyUI's execution.py, 0.33). An output
whose branch fails is dropped. Only if no output is left does the whole prompt fail.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from comfyui_simulator.nodes.catalog import Catalog, InputSpec, NodeSpec

LONGEST_LIST_SHOWN = 20
"""Longer lists of choices are not repeated in an error."""
LINK_LENGTH = 2


@dataclass(frozen=True)
class Verdict:
    """What the validator found.

    Attributes:
        error: Why the whole prompt is refused, or None.
        outputs: The output nodes that can be computed.
        node_errors: What is wrong with the others; not empty although `error` is None when some outputs are good.
    """

    error: dict[str, Any] | None
    outputs: tuple[str, ...] = ()
    node_errors: dict[str, Any] = field(default_factory=dict)


class Validator:
    """Checks one prompt. Converts plain values in place to their declared type, as the server does."""

    def __init__(self, prompt: dict[str, Any], *, catalog: Catalog, picture_exists: Callable[[str], bool]) -> None:
        self._prompt = prompt
        self._catalog = catalog
        self._picture_exists = picture_exists
        self._findings: dict[str, tuple[bool, list[dict[str, Any]]]] = {}
        self._visiting: list[str] = []

    def verdict(self) -> Verdict:
        """Check everything."""
        outputs: list[str] = []
        for node_id, raw in self._prompt.items():
            spec = self._catalog.spec(raw["class_type"]) if raw.get("class_type") else None
            if spec is None:
                return Verdict(_missing_node_type(node_id, raw))
            if spec.is_output:
                outputs.append(node_id)
        if not outputs:
            return Verdict(_error("prompt_no_outputs", "Prompt has no outputs", ""))
        good: list[str] = []
        node_errors: dict[str, Any] = {}
        reasons: list[str] = []
        for output in outputs:
            if self._check_output(output):
                good.append(output)
                continue
            reasons += [f"{problem['message']}: {problem['details']}" for problem in self._findings[output][1]]
            self._collect(output, node_errors)
        if not good:
            title = "Prompt outputs failed validation"
            return Verdict(
                _error("prompt_outputs_failed_validation", title, "\n".join(reasons)), node_errors=node_errors
            )
        return Verdict(None, tuple(good), node_errors)

    def _collect(self, output: str, node_errors: dict[str, Any]) -> None:
        for node_id, (valid, problems) in self._findings.items():
            if valid or not problems:
                continue
            entry = {"errors": problems, "dependent_outputs": [], "class_type": self._prompt[node_id]["class_type"]}
            node_errors.setdefault(node_id, entry)["dependent_outputs"].append(output)

    def _check_output(self, output: str) -> bool:
        try:
            return self._check(output)
        except (KeyError, IndexError, TypeError) as error:
            kind: dict[str, Any] = {"exception_type": type(error).__name__, "traceback": []}
            self._findings[output] = (
                False,
                [_error("exception_during_validation", "Exception when validating node", str(error), **kind)],
            )
            return False

    def _check(self, node_id: str) -> bool:
        if node_id in self._findings:
            return self._findings[node_id][0]
        if node_id in self._visiting:
            return self._report_cycle(node_id)
        raw = self._prompt[node_id]
        inputs = raw["inputs"]
        spec = self._catalog.spec(raw["class_type"])
        if spec is None:
            raise KeyError(raw["class_type"])
        valid = True
        problems: list[dict[str, Any]] = []
        for wanted in spec.inputs:
            if wanted.name not in inputs:
                if wanted.required:
                    problems.append(_problem("required_input_missing", "Required input is missing", wanted))
            elif isinstance(inputs[wanted.name], list):
                problem, upstream_valid = self._check_link(node_id, wanted, inputs[wanted.name])
                problems += [problem] if problem else []
                valid = valid and upstream_valid
            elif not self._answers_for_itself(spec, wanted):
                problems += _check_value(inputs, wanted)
        problems += self._check_picture(spec, inputs)
        # A cycle through this node has already left its own finding.
        already_valid, already = self._findings.get(node_id, (True, []))
        self._findings[node_id] = (valid and already_valid and not problems, already + problems)
        return self._findings[node_id][0]

    def _check_link(self, node_id: str, wanted: InputSpec, link: list[Any]) -> tuple[dict[str, Any] | None, bool]:
        if len(link) != LINK_LENGTH:
            message = "Bad linked input, must be a length-2 list of [node_id, slot_index]"
            more: dict[str, Any] = {"input_config": wanted.config, "received_value": link}
            return _problem("bad_linked_input", message, wanted, **more), True
        source = self._catalog.spec(self._prompt[link[0]]["class_type"])
        received = source.outputs[link[1]] if source else ""
        if received != wanted.kind:
            details = f"{wanted.name}, received_type({received}) mismatch input_type({wanted.kind})"
            more = {"input_config": wanted.config, "received_type": received, "linked_node": link}
            message = "Return type mismatch between linked nodes"
            return _problem("return_type_mismatch", message, wanted, details=details, **more), True
        self._visiting.append(node_id)
        try:
            return None, self._check(link[0])
        except (KeyError, IndexError, TypeError) as error:
            inner = _error("exception_during_inner_validation", "Exception when validating inner node", str(error))
            self._findings[link[0]] = (False, [inner])
            return None, False
        finally:
            self._visiting.pop()

    def _report_cycle(self, node_id: str) -> bool:
        path = [*self._visiting[self._visiting.index(node_id) :], node_id]
        shown = " -> ".join(f"{step} ({self._prompt[step]['class_type']})" for step in path)
        members = list(dict.fromkeys(path))
        for member in members:
            extra = {"node_id": member, "cycle_nodes": members}
            self._findings[member] = (False, [_error("dependency_cycle", "Dependency cycle detected", shown, **extra)])
        return False

    def _answers_for_itself(self, spec: NodeSpec, wanted: InputSpec) -> bool:
        """LoadImage checks its own file, so that files below the input directory can be named too."""
        return spec.name == "LoadImage" and wanted.name == "image"

    def _check_picture(self, spec: NodeSpec, inputs: Mapping[str, Any]) -> list[dict[str, Any]]:
        name = inputs.get("image")
        if spec.name != "LoadImage" or not isinstance(name, str) or self._picture_exists(name):
            return []
        details = f"image - Invalid image file: {name}"
        return [
            _error("custom_validation_failed", "Custom validation failed for node", details, input_name="image"),
        ]


def _check_value(inputs: dict[str, Any], wanted: InputSpec) -> list[dict[str, Any]]:
    received = inputs[wanted.name]
    more: dict[str, Any] = {"input_config": wanted.config, "received_value": received}
    try:
        value = inputs[wanted.name] = _convert(received, wanted.kind)
    except (TypeError, ValueError) as error:
        message = f"Failed to convert an input value to a {wanted.kind} value"
        details = f"{wanted.name}, {received}, {error}"
        return [
            _problem("invalid_input_type", message, wanted, details=details, **more, exception_message=str(error)),
        ]
    more["received_value"] = value
    low, high = wanted.options.get("min"), wanted.options.get("max")
    if low is not None and value < low:
        return [_problem("value_smaller_than_min", f"Value {value} smaller than min of {low}", wanted, **more)]
    if high is not None and value > high:
        return [_problem("value_bigger_than_max", f"Value {value} bigger than max of {high}", wanted, **more)]
    if wanted.kind == "COMBO" and value not in wanted.choices:
        long = len(wanted.choices) > LONGEST_LIST_SHOWN
        choices = f"(list of length {len(wanted.choices)})" if long else str(list(wanted.choices))
        if long:
            more["input_config"] = None
        details = f"{wanted.name}: {value!r} not in {choices}"
        return [_problem("value_not_in_list", "Value not in list", wanted, details=details, **more)]
    return []


def _convert(value: Any, kind: str) -> Any:
    match kind:
        case "INT":
            return int(value)
        case "FLOAT":
            return float(value)
        case "STRING":
            return str(value)
        case "BOOLEAN":
            return bool(value)
        case _:
            return value


def _missing_node_type(node_id: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    class_type = raw.get("class_type")
    title = raw.get("_meta", {}).get("title", class_type)
    if class_type is None:
        message = f"Node '{title or f'ID #{node_id}'}' has no class_type. "
        message += "The workflow may be corrupted or a custom node is missing."
    else:
        message = f"Node '{title}' not found. The custom node may not be installed."
    extra = {"node_id": node_id, "class_type": class_type, "node_title": title}
    return _error("missing_node_type", message, f"Node ID '#{node_id}'", **extra)


def _problem(kind: str, message: str, wanted: InputSpec, *, details: str = "", **extra: Any) -> dict[str, Any]:
    return _error(kind, message, details or wanted.name, input_name=wanted.name, **extra)


def _error(kind: str, message: str, details: str, **extra: Any) -> dict[str, Any]:
    return {"type": kind, "message": message, "details": details, "extra_info": extra}
