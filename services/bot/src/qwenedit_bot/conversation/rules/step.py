"""The one place of rules: how a message or button press changes the draft, and what the bot does.

A pure function. If the bot is killed before it stores the draft, repeating a step gives the same result.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qwenedit_bot.conversation.rules.corrections import on_edited
from qwenedit_bot.conversation.rules.events import Accepted, Chosen, Edited, HowChosen, Photos, Resumed, Said
from qwenedit_bot.conversation.rules.outcomes import Do, Expired, Nothing
from qwenedit_bot.conversation.rules.photos import on_chosen, on_how_chosen, on_photos, on_resumed
from qwenedit_bot.conversation.rules.words import on_said

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwenedit_bot.conversation.draft import Draft
    from qwenedit_bot.conversation.rules.events import Event
    from qwenedit_bot.conversation.rules.outcomes import Outcome


def step(draft: Draft, event: Event) -> Outcome:
    """Return the draft after an event, and the bot's action."""
    if event.id == draft.handled:
        return draft, Nothing()
    after, action = _RULES[type(event)](draft, event)
    asks = (bool(after.words), after.pictures) == (bool(draft.words), draft.pictures)
    return replace(after, handled=event.id, asked=draft.asked if asks else ""), action


def _on_accepted(draft: Draft, event: Accepted) -> Outcome:
    offer = event.offer
    if offer is None:
        return draft, Expired()
    used = {picture for each in offer.wanted for picture in each.pictures}
    rest = tuple(each for each in draft.pictures if each not in used)
    after = replace(draft, pictures=rest, offers=tuple(each for each in draft.offers if each.key != offer.key))
    return after, Do(offer.wanted, words_in=offer.words_in, how="each", cancel=offer.cancel)


_RULES: Mapping[type[Event], Callable[[Draft, Any], Outcome]] = {
    Photos: on_photos,
    Said: on_said,
    Edited: on_edited,
    Chosen: on_chosen,
    HowChosen: on_how_chosen,
    Resumed: on_resumed,
    Accepted: _on_accepted,
}
