"""The budget of an hour bounds the workers, exactly to one, as the bot's own arithmetic does."""

from __future__ import annotations

import pytest

from qwenedit_bot.app.settings import BotSettings


def most_workers(manifests):
    (scaler,) = (one for one in manifests if one["kind"] == "ScaledObject")
    return scaler["spec"]["maxReplicaCount"]


def values(budget, price, **gpu):
    return {
        "bot": {"token": {"existingSecret": "telegram"}},
        "autoscaling": {"maxReplicas": 40},
        "gpu": {"hourlyBudget": budget, "hourlyPrice": price, **gpu},
    }


# Each pair but the last two is a whole number of workers that a division of floats, or of rounded decimals, gets wrong.
@pytest.mark.parametrize(
    ("budget", "price", "workers"),
    [
        ("2.4", "0.80", 3), (0.3, 0.1, 3), (2.4, 0.8, 3), (0.7, 0.1, 7), (4.35, 0.15, 29), (2.39, 0.8, 2),
        (1e6 - 1, 5e5, 1), (1e6, 1, 40),
    ],
)  # fmt: skip
def test_hard_budget_bounds_the_workers_exactly(budget, price, workers, render):
    manifests = render(values(budget, price))
    assert most_workers(manifests) == workers
    (told,) = (one["data"] for one in manifests if one["kind"] == "ConfigMap" and "GPU_HOURLY_BUDGET" in one["data"])
    paid = BotSettings.model_validate({"bot_token": "1:abc"} | {k.lower(): v for k, v in told.items()}).budget_workers
    assert paid is not None
    assert min(paid, 40) == workers


@pytest.mark.parametrize("number", ["0", "0.0", 0])
def test_budget_of_nothing_is_no_budget(number, render):
    assert most_workers(render(values(number, "0.8"))) == 40


def test_soft_budget_bounds_nothing(render):
    assert most_workers(render(values(0.8, 0.8, budgetMode="soft"))) == 40
