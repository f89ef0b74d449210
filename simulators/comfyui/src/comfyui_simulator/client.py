"""The control endpoint from Python, for tests of those who talk to the simulator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import aiohttp

from comfyui_simulator.faults import FaultName

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["FaultName", "SeenPrompt", "SimulatorControl", "State"]


@dataclass(frozen=True, kw_only=True)
class SeenPrompt:
    """A prompt that the simulator ever accepted.

    Attributes:
        prefix: The start of its picture's name.
        state: accepted, started, success, error or vanished.
        executions: How often the executor took it.
    """

    prefix: str
    state: str
    executions: int


@dataclass(frozen=True, kw_only=True)
class State:
    """A look inside.

    Attributes:
        websockets: Open websockets.
        faults: What is armed: name and times.
        files: By `input`, `output` and `temp`.
    """

    prompts: tuple[SeenPrompt, ...]
    websockets: int
    restarts: int
    executor_alive: bool
    files: dict[str, tuple[str, ...]]
    faults: tuple[dict[str, Any], ...]


class SimulatorControl:
    """Arms faults and asks for the state. An async context manager."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(raise_for_status=_explain)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def fault(self, name: FaultName | str, **parameters: Any) -> None:
        """Arm a fault, or carry it out; parameters are those of `faults.Fault`.

        Raises:
            ValueError: There is no such fault or parameter.
        """
        body = {"fault": str(name), **parameters}
        try:
            async with self._open().post(f"{self._base_url}/simulator/faults", json=body) as answer:
                await answer.read()
        except aiohttp.ClientConnectionError:
            if str(name) not in {FaultName.REFUSE, FaultName.RESTART}:
                raise

    async def clear(self) -> None:
        """Remove all armed faults."""
        async with self._open().delete(f"{self._base_url}/simulator/faults") as answer:
            await answer.read()

    async def state(self) -> State:
        """Look inside."""
        async with self._open().get(f"{self._base_url}/simulator/state") as answer:
            found = await answer.json()
        prompts = tuple(SeenPrompt(**seen) for seen in found["prompts"])
        files = {kind: tuple(names) for kind, names in found["files"].items()}
        return State(**{**found, "prompts": prompts, "files": files, "faults": tuple(found["faults"])})

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("use SimulatorControl in an `async with`")
        return self._session


async def _explain(answer: aiohttp.ClientResponse) -> None:
    if answer.status == 400:  # Bad Request
        raise ValueError((await answer.json())["error"])
    answer.raise_for_status()
