"""The listed situations, and the judge of readers' answers; the rule is in __main__.py's docstring."""

from __future__ import annotations

from enum import StrEnum
from importlib.resources import files
from typing import Annotated

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict

from qwenedit_bot.understanding.reader import Action, Screen, Shown, Stage, Verb

_WISHES = {Verb.EDIT, Verb.INSTEAD}
_ANSWERS = {Verb.STATUS, Verb.HELP}


class Judgement(StrEnum):
    """What an answer costs its user."""

    GOOD = "good"
    TAP = "a tap"
    WRONG = "wrong"


class _Listed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _ListedScreen(_Listed):
    shown: list[Shown]
    about: str = ""
    replied: bool = False


class Situation(_Listed):
    """A text, and what it means."""

    screen: str
    kind: str
    text: str
    do: Annotated[list[Verb], BeforeValidator(lambda do: do if isinstance(do, list) else [do])]
    pictures: list[str] = []
    job: str | None = None
    words: list[str] = []
    together: bool | None = None


class Situations(_Listed):
    """The file."""

    screens: dict[str, _ListedScreen]
    situations: list[Situation]

    def shown(self, situation: Situation) -> Screen:
        """Return what is shown, as readers get it."""
        listed = self.screens[situation.screen]
        about = listed.about or next((each.id for each in listed.shown), "")
        return Screen(tuple(listed.shown), about=about, replied=listed.replied)


def load() -> Situations:
    """Read situations.yaml."""
    text = (files("benchmarks.understanding") / "situations.yaml").read_text("utf-8")
    return Situations.model_validate(yaml.safe_load(text))


def judge(action: Action, situation: Situation, screen: Screen) -> Judgement:
    """Return what an answer costs."""
    got = action.verb
    if got in situation.do:
        if _fits(action, situation, screen):
            return Judgement.GOOD
        return Judgement.TAP if got is Verb.EDIT else Judgement.WRONG
    if got is Verb.EDIT:
        return Judgement.TAP
    if got is Verb.REMARK:
        return Judgement.WRONG if _ANSWERS & set(situation.do) else Judgement.TAP
    return Judgement.TAP if got in _ANSWERS and Verb.REMARK in situation.do else Judgement.WRONG


def _fits(action: Action, situation: Situation, screen: Screen) -> bool:
    """Return whether an action of the right verb is about the right things."""
    if action.verb in _WISHES and not all(word.casefold() in action.words.casefold() for word in situation.words):
        return False
    if action.verb in (Verb.EDIT, Verb.UNDO):
        meant = set(situation.pictures or [screen.about])
        as_many = situation.together is None or action.together is situation.together
        return set(action.pictures or [screen.about]) == meant and as_many
    if action.verb is Verb.STOP:
        unfinished = {each.id for each in screen.shown if each.stage in (Stage.WAITING, Stage.RUNNING)}
        return ({action.job} if action.job else unfinished) == ({situation.job} if situation.job else unfinished)
    if action.verb in (Verb.AGAIN, Verb.INSTEAD):
        return (action.job or screen.about) == (situation.job or screen.about)
    return True
