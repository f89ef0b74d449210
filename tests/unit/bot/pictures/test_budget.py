"""Something scarce, shared fairly."""

from __future__ import annotations

import asyncio
import random
from contextlib import ExitStack

import pytest

from qwenedit_bot.chat.errors import LaterError
from qwenedit_bot.pictures.budget import GRACE, LOOK_EVERY, MOST_OWNERS, UNCALLED, Budget


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def refused(budget: Budget, owner: int, amount: int = 1) -> LaterError:
    with pytest.raises(LaterError) as refusal, budget.taken(owner, amount):
        pass
    return refusal.value


def called(refusal: LaterError) -> bool:
    assert refusal.called is not None
    return refusal.called.done()


async def test_budget_is_never_exceeded_and_its_error_says_what_and_when(clock: Clock) -> None:
    budget = Budget("memory", 10, clock=clock)
    with budget.taken(1, 6):
        error = refused(budget, 2, 5)
        assert error.what == "memory"
        assert 0 < error.after <= UNCALLED
        assert budget.used == 6
    assert budget.used == 0
    with budget.taken(2, 5):
        pass


async def test_budget_is_given_back_when_the_block_fails(clock: Clock) -> None:
    budget = Budget("memory", 10, clock=clock)
    with pytest.raises(ZeroDivisionError), budget.taken(1, 6):
        raise ZeroDivisionError
    assert budget.used == 0


async def test_large_amount_is_not_overtaken_for_ever_by_small_ones(clock: Clock) -> None:
    budget = Budget("memory", 10, clock=clock)
    with budget.taken(1, 4):
        refused(budget, 2, 10)
        refused(budget, 3, 1)
    refused(budget, 3, 1)  # the room is for the one before
    with budget.taken(2, 10):
        pass
    with budget.taken(3, 1):
        pass


async def test_tiny_amount_waits_for_nobody_while_there_is_room(clock: Clock) -> None:
    budget = Budget("memory", 1280, clock=clock)
    with budget.taken(1, 1000):
        refused(budget, 2, 1000)
        refused(budget, 3, 100)
        with budget.taken(4, 10):
            pass
        with budget.taken(4, 10) as held:
            held.resize(275)
            refused(budget, 5, 10)


async def test_tiny_amount_is_called_although_larger_ones_before_it_still_wait(clock: Clock) -> None:
    budget = Budget("memory", 1280, clock=clock)
    with budget.taken(1, 1000):
        with budget.taken(2, 275):
            large, *tiny = refused(budget, 3, 1000), refused(budget, 4, 10), refused(budget, 5, 10)
        assert [called(each) for each in (large, *tiny)] == [False, True, True]
    assert called(large)


@pytest.mark.parametrize("seed", range(20))
async def test_owner_who_was_not_called_would_not_be_let_in(seed: int) -> None:
    """Else they waited although there was room."""
    chance = random.Random(seed)  # noqa: S311 - chooses what the test does
    budget = Budget("memory", 1280, clock=Clock())
    held: list[ExitStack] = []
    waiting: dict[int, tuple[int, LaterError]] = {}

    def ask(owner: int, amount: int) -> None:
        stack = ExitStack()
        try:
            stack.enter_context(budget.taken(owner, amount))
        except LaterError as refusal:
            waiting[owner] = amount, refusal
        else:
            waiting.pop(owner, None)
            held.append(stack)

    came = 0
    for number in range(100):
        if held and chance.random() < 0.5:
            held.pop(chance.randrange(len(held))).close()
        else:
            ask(number, chance.choice([1, 10, 100, 500, 1280]))
        for owner, (amount, refusal) in list(waiting.items()):
            if called(refusal):
                if chance.random() < 0.5:
                    ask(owner, amount)
                    came += 1
                elif chance.random() < 0.1:
                    budget.pass_over(owner)
                    del waiting[owner]
            else:
                refused(budget, owner, amount)
    assert came >= 5


async def test_owner_who_asks_no_more_loses_their_place(clock: Clock) -> None:
    budget = Budget("memory", 10, clock=clock)
    with budget.taken(1, 4):
        refused(budget, 2, 10)
    clock.now += UNCALLED + GRACE + 1
    with budget.taken(3, 1):
        pass


async def test_share_of_one_owner_is_bounded_and_keeps_no_room_from_others(clock: Clock) -> None:
    budget = Budget("conversion", 4, most_of_one=1, clock=clock)
    with budget.taken(1):
        for _ in range(10):
            refused(budget, 1)
        with budget.taken(2), budget.taken(3), budget.taken(4):
            refused(budget, 5)


async def test_first_in_line_is_called_as_soon_as_there_is_room_for_them(clock: Clock) -> None:
    budget = Budget("memory", 10, clock=clock)
    with budget.taken(1, 4):
        with budget.taken(2, 5):
            third, fourth = refused(budget, 3, 6), refused(budget, 4, 2)
        assert called(third)
        assert not called(fourth)
    assert called(fourth)
    with budget.taken(3, 6), budget.taken(4, 2):
        pass


async def test_owner_who_was_called_and_does_not_come_loses_their_place(clock: Clock) -> None:
    budget = Budget("memory", 10, clock=clock)
    with budget.taken(1, 10):
        second, third = refused(budget, 2, 10), refused(budget, 3, 10)
    assert called(second)
    refused(budget, 3, 10)
    clock.now += GRACE + 0.1
    assert not called(third)
    with budget.taken(3, 10):
        pass


async def test_owners_behind_are_called_when_somebody_called_does_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qwenedit_bot.pictures.budget.GRACE", 0.05)
    monkeypatch.setattr("qwenedit_bot.pictures.budget.LOOK_EVERY", 0.02)
    budget = Budget("memory", 10)
    with budget.taken(1, 10):
        gone, third = refused(budget, 2, 10), refused(budget, 3, 10)
    assert [called(gone), called(third)] == [True, False]
    assert third.called is not None
    await asyncio.wait_for(third.called, 5)
    assert GRACE + LOOK_EVERY < UNCALLED, "by then they ask again by themselves"


async def test_owner_who_was_called_and_cannot_come_lets_others_go_first_and_keeps_their_place(clock: Clock) -> None:
    budget = Budget("memory", 10, clock=clock)
    with budget.taken(1, 10):
        second, third = refused(budget, 2, 6), refused(budget, 3, 10)
    assert [called(second), called(third)] == [True, False]
    budget.pass_over(2)
    assert called(third)
    with budget.taken(3, 10):
        fourth = refused(budget, 4, 6)
        second = refused(budget, 2, 6)
    assert [called(second), called(fourth)] == [True, False]


async def test_owner_who_was_not_called_is_not_passed_over(clock: Clock) -> None:
    budget = Budget("memory", 10, clock=clock)
    with budget.taken(1, 10):
        second = refused(budget, 2, 10)
        budget.pass_over(2)
        budget.pass_over(3)
    assert called(second)


async def test_owner_with_many_waiting_is_called_for_one_at_a_time(clock: Clock) -> None:
    budget = Budget("user", 100, most_of_one=1, clock=clock)
    with budget.taken(1):
        waiting = [refused(budget, 1) for _ in range(50)]
        assert not any(map(called, waiting))
    for number in range(1, 51):
        assert [called(each) for each in waiting] == [True] * number + [False] * (50 - number)
        with budget.taken(1):
            pass


async def test_call_of_somebody_who_has_asked_again_is_passed_over_and_forgotten(clock: Clock) -> None:
    budget = Budget("user", 100, most_of_one=1, clock=clock)
    with budget.taken(1):
        old = refused(budget, 1)
        clock.now += UNCALLED
        new = refused(budget, 1)
    assert [called(each) for each in (old, new)] == [False, True]
    for owner in range(2, 2 * MOST_OWNERS):
        with budget.taken(owner):
            refused(budget, owner)
            refused(budget, owner)
        clock.now += 1.0
    assert len(budget._own_waiting) <= MOST_OWNERS


async def test_owner_has_one_place_in_the_line_however_often_they_ask(clock: Clock) -> None:
    budget = Budget("conversion", 1, clock=clock)
    with budget.taken(1):
        second = [refused(budget, 2) for _ in range(20)]
        third = refused(budget, 3)
    assert all(map(called, second))
    with budget.taken(2):
        pass
    assert called(third)


async def test_more_than_all_is_let_in_alone(clock: Clock) -> None:
    budget = Budget("memory", 10, clock=clock)
    with budget.taken(1, 1):
        refused(budget, 2, 50)
    with budget.taken(2, 50):
        refused(budget, 3, 1)


async def test_amount_that_turns_out_smaller_makes_room(clock: Clock) -> None:
    budget = Budget("memory", 10, clock=clock)
    with budget.taken(1, 10) as held:
        held.resize(3)
        with budget.taken(2, 7):
            pass
    assert budget.used == 0
