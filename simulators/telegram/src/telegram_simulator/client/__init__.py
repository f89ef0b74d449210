"""The simulator from Python, for tests of bots.

    async with TelegramSimulator("http://127.0.0.1:8090") as telegram:
        ann = await telegram.user(language="ru")
        await ann.send(photo=data, caption="make it snow")
        await ann.press("Cancel")
        await ann.says("Cancelled.")

Nothing in it polls: the simulator wakes a caller that waits.
"""

from telegram_simulator.client.connection import RefusedError
from telegram_simulator.client.group import Group
from telegram_simulator.client.person import Item, NeverHappenedError, Person
from telegram_simulator.client.simulator import TelegramSimulator
from telegram_simulator.client.snapshots import Chat, Message
from telegram_simulator.world.call_log import Call
from telegram_simulator.world.faults import FaultKind

__all__ = [
    "Call",
    "Chat",
    "FaultKind",
    "Group",
    "Item",
    "Message",
    "NeverHappenedError",
    "Person",
    "RefusedError",
    "TelegramSimulator",
]
