"""The control API: `POST /simulator/NAME` does what the function of that name beside here says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aiohttp import web
from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from telegram_simulator.bot_api.request_body import LARGEST, read_body
from telegram_simulator.common.errors import ControlError
from telegram_simulator.control import groups, people  # noqa: F401 - they have acts
from telegram_simulator.control.acts import ACTS, Asked

if TYPE_CHECKING:
    from telegram_simulator.world.world import World


class Control:
    """Serves the control API.

    Args:
        world: What is changed and looked at.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """Return the routes; any may name a bot by `?bot=ID`, else the newest is meant."""
        return [web.post("/simulator/{act}", self._do), web.get("/simulator/files/{file_id}", self._file)]

    async def _do(self, request: web.Request) -> web.Response:
        """Call an act with the fields of the JSON body, or of the form's `arguments`, and the form's files."""
        act = ACTS.get(request.match_info["act"])
        if act is None:
            raise ControlError(f"there is no {request.match_info['act']}; there are: {', '.join(ACTS)}")
        said = await read_body(request, limit=LARGEST)
        bot_id = said.values.pop("bot", None)
        arguments = json.loads(said.values["arguments"]) if said.files else said.values
        bot = self._world.bot(None if bot_id is None else int(bot_id))
        try:
            done = await act(Asked(self._world, bot, [upload for _name, upload in said.files]), **arguments)
        except ValidationError as error:
            raise ControlError(str(error)) from None
        return web.json_response(to_jsonable_python(done))

    async def _file(self, request: web.Request) -> web.FileResponse:
        file = self._world.file(request.match_info["file_id"])
        return web.FileResponse(file.content, headers={"Content-Type": "application/octet-stream"})
