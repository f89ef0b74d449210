"""`POST /prompt`: from a request body to a queued prompt, or to the answer that refuses it."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from aiohttp import web

from comfyui_simulator.common.faults import FaultName
from comfyui_simulator.execution.queue import Prompt
from comfyui_simulator.nodes.graph import output_prefix, prompt_text, read_graph
from comfyui_simulator.nodes.validation import Validator

if TYPE_CHECKING:
    from comfyui_simulator.server.simulator import Simulator

NODE_ERRORS_ON_DEMAND = {
    "0": {
        "errors": [
            {
                "type": "required_input_missing",
                "message": "Required input is missing",
                "details": "images",
                "extra_info": {"input_name": "images"},
            }
        ],
        "dependent_outputs": ["0"],
        "class_type": "PreviewImage",
    }
}


async def accept(simulator: Simulator, body: dict[str, Any]) -> web.Response:
    """Validate and queue."""
    if "prompt" not in body:
        return _refusal("no_prompt", "No prompt provided", "No prompt provided")
    number = float(body["number"]) if "number" in body else simulator.life.take_number()
    if body.get("front") and "number" not in body:
        number = -number
    prompt_id = body.get("prompt_id") or str(uuid.uuid4())
    if not _is_canonical_uuid(prompt_id):
        details = "prompt_id must be a UUID string in canonical lowercase hyphenated form; "
        details += "omit it to let the server generate one"
        return _refusal("invalid_prompt_id", "prompt_id must be a valid UUID", details)
    raw = body["prompt"]
    verdict = Validator(raw, catalog=simulator.catalog, picture_exists=simulator.files.input_exists).verdict()
    if verdict.error is not None:
        return web.json_response({"error": verdict.error, "node_errors": verdict.node_errors}, status=400)
    extra_data = dict(body.get("extra_data", {}))
    if "client_id" in body:
        extra_data["client_id"] = body["client_id"]
    extra_data["create_time"] = int(time.time() * 1000)
    prompt = Prompt(
        number=number,
        id=prompt_id,
        graph=read_graph(raw, verdict.outputs),
        raw=raw,
        extra_data=extra_data,
        text=prompt_text(raw),
        prefix=output_prefix(raw),
    )
    simulator.ledger.accepted(prompt)
    simulator.life.queue.put(prompt)
    node_errors = verdict.node_errors
    if simulator.faults.take(FaultName.NODE_ERRORS, about=f"{prompt.text}\n{prompt.prefix}\n{prompt.id}"):
        node_errors = node_errors | NODE_ERRORS_ON_DEMAND
    return web.json_response({"prompt_id": prompt_id, "number": number, "node_errors": node_errors})


def _is_canonical_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value
    except ValueError:
        return False


def _refusal(kind: str, message: str, details: str) -> web.Response:
    error = {"type": kind, "message": message, "details": details, "extra_info": {}}
    return web.json_response({"error": error, "node_errors": {}}, status=400)
