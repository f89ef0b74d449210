"""What `POST /prompt` accepts, and the words in which it refuses.

The rules are the server's own (`validate_prompt` and `validate_inputs` in ComfyUI's execution.py, 0.33). An output
whose branch fails is dropped. Only if no output is left does the whole prompt fail.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from comfyui_simulator.nodes.graph import ancestors_first, is_link

if TYPE_CHECKING:
    from collections.abc import Callable

    from comfyui_simulator.nodes.catalog import Catalog, InputSpec, NodeSpec

CONVERTERS: dict[str, Callable[[Any], Any]] = {"INT": int, "FLOAT": float, "STRING": str, "BOOLEAN": bool}


@dataclass(frozen=True)
class ValidationResult:
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
        self._specs: dict[str, NodeSpec] = {}

    def verdict(self) -> ValidationResult:
        """Check everything."""
        for node_id, raw in self._prompt.items():
            spec = self._catalog.spec(str(raw.get("class_type")))
            if spec is None:
                message = f"Node '{raw.get('class_type')}' not found. The custom node may not be installed."
                return ValidationResult(_error("missing_node_type", message, f"Node ID '#{node_id}'"))
            self._specs[node_id] = spec
        outputs = [node_id for node_id, spec in self._specs.items() if spec.is_output]
        if not outputs:
            return ValidationResult(_error("prompt_no_outputs", "Prompt has no outputs", ""))
        needed = {output: ancestors_first(self._prompt, (output,)) for output in outputs}
        problems = {node_id: self._problems(node_id) for node_ids in needed.values() for node_id in node_ids}
        node_errors: dict[str, Any] = {}
        for output, node_ids in needed.items():
            for node_id in node_ids:
                if problems[node_id]:
                    entry = {"errors": problems[node_id], "dependent_outputs": []}
                    entry["class_type"] = self._prompt[node_id]["class_type"]
                    node_errors.setdefault(node_id, entry)["dependent_outputs"].append(output)
        good = tuple(output for output, node_ids in needed.items() if not any(problems[each] for each in node_ids))
        if good:
            return ValidationResult(None, good, node_errors)
        reasons = [f"{each['message']}: {each['details']}" for output in outputs for each in problems[output]]
        title = "Prompt outputs failed validation"
        error = _error("prompt_outputs_failed_validation", title, "\n".join(reasons))
        return ValidationResult(error, node_errors=node_errors)

    def _problems(self, node_id: str) -> list[dict[str, Any]]:
        spec, inputs = self._specs[node_id], self._prompt[node_id].setdefault("inputs", {})
        found: list[dict[str, Any]] = []
        for wanted in spec.inputs:
            if wanted.name not in inputs:
                if wanted.required:
                    found.append(_problem("required_input_missing", "Required input is missing", wanted))
            elif isinstance(inputs[wanted.name], list):
                found += self._check_link(wanted, inputs[wanted.name])
            elif spec.name == "LoadImage" and wanted.name == "image":  # which checks its own file
                if not self._picture_exists(str(inputs["image"])):
                    details = f"image - Invalid image file: {inputs['image']}"
                    message = "Custom validation failed for node"
                    found.append(_problem("custom_validation_failed", message, wanted, details=details))
            else:
                found += _check_value(inputs, wanted)
        return found

    def _check_link(self, wanted: InputSpec, link: list[Any]) -> list[dict[str, Any]]:
        more: dict[str, Any] = {"received_value": link}
        if not is_link(link) or link[0] not in self._specs:
            message = "Bad linked input, must be a length-2 list of [node_id, slot_index]"
            return [_problem("bad_linked_input", message, wanted, **more)]
        received = self._specs[link[0]].outputs[link[1]]
        if received == wanted.kind:
            return []
        details = f"{wanted.name}, received_type({received}) mismatch input_type({wanted.kind})"
        return [
            _problem(
                "return_type_mismatch", "Return type mismatch between linked nodes", wanted, details=details, **more
            )
        ]


def _check_value(inputs: dict[str, Any], wanted: InputSpec) -> list[dict[str, Any]]:
    received = inputs[wanted.name]
    more: dict[str, Any] = {"received_value": received}
    try:
        value = inputs[wanted.name] = CONVERTERS.get(wanted.kind, lambda same: same)(received)
    except (TypeError, ValueError) as error:
        message = f"Failed to convert an input value to a {wanted.kind} value"
        return [_problem("invalid_input_type", message, wanted, details=f"{wanted.name}, {received}, {error}", **more)]
    low, high = wanted.options.get("min"), wanted.options.get("max")
    if low is not None and value < low:
        return [_problem("value_smaller_than_min", f"Value {value} smaller than min of {low}", wanted, **more)]
    if high is not None and value > high:
        return [_problem("value_bigger_than_max", f"Value {value} bigger than max of {high}", wanted, **more)]
    if wanted.kind == "COMBO" and value not in wanted.choices:
        details = f"{wanted.name}: {value!r} not in {list(wanted.choices)}"
        return [_problem("value_not_in_list", "Value not in list", wanted, details=details, **more)]
    return []


def _problem(kind: str, message: str, wanted: InputSpec, *, details: str = "", **extra: Any) -> dict[str, Any]:
    return _error(kind, message, details or wanted.name, input_name=wanted.name, **extra)


def _error(kind: str, message: str, details: str, **extra: Any) -> dict[str, Any]:
    return {"type": kind, "message": message, "details": details, "extra_info": extra}
