"""The part of the control API that is about groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from telegram_simulator.common.errors import ControlError
from telegram_simulator.control.requests import GroupRequest, MigrationRequest, RightsRequest, named_bot, read_request
from telegram_simulator.control.snapshot import chat_snapshot
from telegram_simulator.messages.model import ChatKind, Standing

if TYPE_CHECKING:
    from telegram_simulator.people.groups import Groups
    from telegram_simulator.world.world import World


class GroupControl:
    """Serves it.

    Args:
        world: What it is about.
        groups: Changes them.
    """

    def __init__(self, world: World, groups: Groups) -> None:
        self._world = world
        self._groups = groups

    def routes(self) -> list[web.RouteDef]:
        """Return the routes; any may name a bot by `?bot=ID`, else the newest is meant."""
        return [
            web.post("/simulator/groups", self._make),
            web.post("/simulator/groups/{chat:-\\d+}/migration", self._migrate),
            web.put("/simulator/groups/{chat:-\\d+}/rights", self._change_rights),
        ]

    async def _make(self, request: web.Request) -> web.Response:
        wish = await read_request(request, GroupRequest)
        if wish.kind not in (ChatKind.GROUP, ChatKind.SUPERGROUP):
            raise ControlError("a group is a group or a supergroup")
        members = [self._world.user(user_id).id for user_id in wish.members]
        group = named_bot(self._world, request).found_group(wish.title, members, kind=wish.kind)
        group.standing = Standing.ADMINISTRATOR if wish.bot_admin else Standing.MEMBER
        return web.json_response(chat_snapshot(group))

    async def _migrate(self, request: web.Request) -> web.Response:
        wish = await read_request(request, MigrationRequest)
        bot = named_bot(self._world, request)
        old = self._world.conversation(bot, int(request.match_info["chat"]))
        return web.json_response(chat_snapshot(self._groups.migrate(bot, old, edits=wish.edits)))

    async def _change_rights(self, request: web.Request) -> web.Response:
        wish = await read_request(request, RightsRequest)
        bot = named_bot(self._world, request)
        group = self._world.conversation(bot, int(request.match_info["chat"]))
        if wish.standing is not None:
            self._groups.stand(bot, group, wish.standing)
        if wish.forbidden is not None:
            self._groups.forbid(bot, group, wish.forbidden)
        if wish.topic_closed is not None:
            group.topic_closed = wish.topic_closed
        return web.json_response(chat_snapshot(group))
