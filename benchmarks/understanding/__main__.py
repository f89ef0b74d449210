"""Compares what the bot's readers make of texts with what their users want.

Reads situations.yaml with the default reader, and with a language model if there's an address: --url and --model, or
LLM_URL and MODEL. If the model gives no usable answer, the default reader's counts, as in the bot. An answer is one of:

good    the right verb, pictures, job and words.
a tap   what the user gets can be put right with one press. A remark, a verb or a question becomes an instruction: its
        job has Cancel. A wish becomes a remark: its button does it anyway. A wish is for another picture, or lacks
        what it refers to. A correction becomes a further wish. An undo, a repeat or a cancellation becomes a remark:
        the picture or job has a button for it. A remark gets help or the status: there's nothing to put right.
wrong   all else. Something is cancelled, undone, replaced or repeated that shouldn't be, or the user is left in a
        dead end: an answer to another question, or none.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import statistics
import time
from collections import Counter
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from benchmarks.understanding.situations import Judgement, Situation, Situations, judge, load
from qwenedit_bot.common.metrics import BotMetrics
from qwenedit_bot.understanding.exact_words import ExactWords
from qwenedit_bot.understanding.language_model import REST, LanguageModel
from qwenedit_testkit.programs import command_line, seconds, unable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from qwenedit_bot.understanding.reader import Action, Reader

LONGEST = 2000
"""Characters of an instruction; no situation comes near."""


async def measure(name: str, reader: Reader, listed: Situations, *, show_wrong: bool) -> None:
    """Print how well a reader does."""
    found: list[tuple[Situation, Action, Judgement]] = []
    took = []
    for situation in listed.situations:
        screen = listed.shown(situation)
        begun = time.monotonic()
        action = await reader.read(situation.text, screen)
        took.append(time.monotonic() - begun)
        found.append((situation, action, judge(action, situation, screen)))
    width = max(len(name), *(len(each.kind) for each in listed.situations))
    print(f"\n{name:{width}}" + "".join(f"{each.value:>8}" for each in Judgement))
    for kind in dict.fromkeys(each.kind for each in listed.situations):
        print(_row(kind, [judged for situation, _, judged in found if situation.kind == kind], width))
    print(_row("all", [judged for _, _, judged in found], width))
    print(f"{statistics.median(took):.3f} s for a text in the median, {max(took):.3f} s at most")
    for situation, action, judged in found:
        if show_wrong and judged is not Judgement.GOOD:
            wanted = "/".join(situation.do)
            print(f"{judged.value:6} {situation.screen}: {situation.text!r} is {wanted}, taken for {_short(action)}")


def _row(kind: str, judged: Sequence[Judgement], width: int) -> str:
    counted = Counter(judged)
    return f"{kind:{width}}" + "".join(f"{counted[each]:8}" for each in Judgement)


def _short(action: Action) -> str:
    parts = [action.verb.value, *action.pictures, action.job, action.words and repr(action.words)]
    return " ".join(filter(None, parts))


async def _measure_model(arguments: argparse.Namespace, listed: Situations) -> None:
    """Print how well the model does, and how many of its answers were usable."""
    registry = CollectorRegistry()
    model = LanguageModel(
        SecretStr(arguments.url),
        model=arguments.model,
        key=SecretStr(key) if (key := os.environ.get("LLM_API_KEY")) else None,
        timeout=arguments.timeout,
        longest=LONGEST,
        metrics=BotMetrics(registry),
        clock=itertools.count(0.0, 2 * REST).__next__,  # each text is asked about, whatever failed before
    )
    try:
        await measure(arguments.model, model, listed, show_wrong=arguments.wrong)
    finally:
        await model.aclose()
    for metric in registry.collect():
        for sample in metric.samples:
            if sample.name == "qwenedit_bot_understood_total":
                print(f"{sample.value:6.0f} answers of {sample.labels['reader']}: {sample.labels['reason']}")


async def main() -> None:
    """Print each reader's figures."""
    parser = command_line(__doc__)
    parser.add_argument("--url", default=os.environ.get("LLM_URL", ""), help="OpenAI's base URL, such as http://…/v1")
    parser.add_argument("--model", default=os.environ.get("MODEL", ""), help="its name at the server")
    parser.add_argument("--timeout", type=seconds, default=2.0, help="seconds for an answer (2)")
    parser.add_argument("--wrong", action="store_true", help="list what isn't good")
    arguments = parser.parse_args()
    if bool(arguments.url) != bool(arguments.model):
        unable("a language model needs both --url and --model")
    listed = load()
    await measure("exact words", ExactWords(), listed, show_wrong=arguments.wrong)
    if arguments.url:
        await _measure_model(arguments, listed)


if __name__ == "__main__":
    asyncio.run(main())
