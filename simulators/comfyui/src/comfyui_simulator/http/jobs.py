"""A prompt as `/api/jobs/{id}` shows it: one view of queue and history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfyui_simulator.execution.queue import Prompt, PromptQueue

ENDINGS = ("execution_success", "execution_error", "execution_interrupted")


def job(queue: PromptQueue, prompt_id: str) -> dict[str, Any] | None:
    """The job of this id, or None if the server knows none."""
    entry = queue.history(prompt_id)
    if entry is not None:
        return _ended(entry) | _details(entry)
    for status, prompts in (("in_progress", queue.running()), ("pending", queue.waiting())):
        for prompt in prompts:
            if prompt.id == prompt_id:
                return _unended(prompt, status)
    return None


def all_jobs(queue: PromptQueue) -> list[dict[str, Any]]:
    """All jobs, newest first."""
    jobs = [_unended(prompt, "in_progress") for prompt in queue.running()]
    jobs += [_unended(prompt, "pending") for prompt in queue.waiting()]
    jobs += [_ended(entry) for entry in queue.all_history().values()]
    return sorted(jobs, key=lambda job: job["create_time"], reverse=True)


def cancel(queue: PromptQueue, prompt_id: str, interrupt: Any) -> bool:
    """Take a waiting prompt away or interrupt a running one; False if it is neither."""
    return queue.if_running(prompt_id, interrupt) or queue.delete(prompt_id) or queue.if_running(prompt_id, interrupt)


def _unended(prompt: Prompt, status: str) -> dict[str, Any]:
    return {
        "id": prompt.id,
        "status": status,
        "priority": prompt.number,
        "create_time": prompt.extra_data["create_time"],
        "outputs_count": 0,
        "previewable_outputs_count": 0,
    }


def _ended(entry: Mapping[str, Any]) -> dict[str, Any]:
    number, prompt_id, _, extra_data, _ = entry["prompt"]
    messages = dict(entry["status"]["messages"])
    ending = next((name for name in reversed(messages) if name in ENDINGS), None)
    pictures = [
        {**picture, "nodeId": node_id, "mediaType": "images"}
        for node_id, shown in entry["outputs"].items()
        for picture in shown.get("images", ())
    ]
    found = {
        "id": prompt_id,
        "status": _status(entry["status"]["status_str"], messages),
        "priority": number,
        "create_time": extra_data["create_time"],
        "execution_start_time": messages.get("execution_start", {}).get("timestamp"),
        "execution_end_time": messages[ending]["timestamp"] if ending else None,
        "execution_error": messages.get("execution_error"),
        "outputs_count": len(pictures),
        "previewable_outputs_count": len(pictures),
        "preview_output": next(iter(pictures), None),
    }
    return {key: value for key, value in found.items() if value is not None}


def _status(status: str, messages: Mapping[str, Any]) -> str:
    if status == "success":
        return "completed"
    return "cancelled" if "execution_interrupted" in messages else "failed"


def _details(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "outputs": entry["outputs"],
        "execution_status": entry["status"],
        "workflow": {"prompt": entry["prompt"][2], "extra_data": entry["prompt"][3]},
    }
