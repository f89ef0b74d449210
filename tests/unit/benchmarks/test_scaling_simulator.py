"""The simulator of days answers every photo once, pays for each node to its end, and scales as KEDA and the HPA do."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.scaling.__main__ import run
from benchmarks.scaling.cluster import EMPTY, Cluster
from benchmarks.scaling.comparison import at_equal_p95
from benchmarks.scaling.keda import Keda
from benchmarks.scaling.oracle import oracle
from benchmarks.scaling.picture import draw
from benchmarks.scaling.policies import Length, Wait
from benchmarks.scaling.report import bars, table
from benchmarks.scaling.runs import Outcome, by_wait
from benchmarks.scaling.traffic import FAST, SLOW, USUAL, Arrival, Shape, traffic
from qwenedit_bot.scaling.policy import Policy

photos = st.lists(st.tuples(st.floats(0, 4000), st.sampled_from([FAST, SLOW])), min_size=1, max_size=40).map(
    lambda found: [Arrival(at, name, USUAL[name]) for at, name in sorted(found)]
)


class Scripted:
    """A metric that somebody sets."""

    number = 0.0

    def value(self) -> float:
        return self.number


class Noted(Cluster):
    """Notes the numbers of workers."""

    def __init__(self, *, node_start: float, seed: int, load: float) -> None:
        super().__init__(node_start=node_start, seed=seed, load=load)
        self.scaled: list[tuple[float, int]] = []

    def scale(self, replicas: int) -> None:
        self.scaled.append((self.now, replicas))
        super().scale(replicas)


@settings(max_examples=25, deadline=None)
@given(photos, st.floats(30, 600), st.sampled_from(["length 1", "length 5", "wait"]))
def test_every_photo_is_answered_once_and_every_node_paid_to_its_end(arrivals, start, rule):
    cluster = Cluster(node_start=start, seed=1)
    if rule == "wait":
        Keda(cluster, Wait(cluster, Policy(maximum=8)), most=8, stable=60)
    else:
        Keda(cluster, Length(cluster, jobs_per_worker=int(rule.split()[1])), most=8)
    cluster.run(arrivals)
    spent = cluster.spent
    assert len(spent.waits) == len(arrivals)
    assert spent.busy == pytest.approx(sum(photo.seconds for photo in arrivals))
    assert not cluster.line
    assert not cluster.pods
    assert spent.gpu >= spent.busy + spent.nodes * EMPTY
    best = oracle(arrivals, target=max(spent.waits), node_start=start, most=8)
    assert len(best.waits) == len(arrivals)
    assert max(best.waits) <= max(spent.waits) + 1e-6


def test_same_seed_gives_the_same_figures():
    photos = traffic(Shape.BURSTS, days=1, seed=3)
    first, second = (by_wait(photos, start=90, seed=3, target=120) for _ in range(2))
    assert first == second
    assert photos != traffic(Shape.BURSTS, days=1, seed=4)


def test_hpa_doubles_up_and_comes_down_after_its_window():
    cluster, metric, seen = Cluster(node_start=30, seed=1), Scripted(), []
    Keda(cluster, metric, most=20)

    def look(number: float) -> None:
        seen.append(len(cluster.pods))
        metric.number = number

    metric.number = 20
    for when, number in ((3, 20), (16, 20), (31, 20), (46, 20), (61, 18), (400, 5), (640, 5), (720, 0)):
        cluster.at(when, partial(look, number))
    cluster.run([Arrival(0.5, FAST, 10.0)])
    # 18 of 20 is within a tenth; 5 come 300 s after 20 was last said.
    assert seen == [1, 4, 8, 16, 20, 20, 20, 5]


@pytest.mark.parametrize(
    ("rule", "workflow", "seconds", "workers"),
    [("wait", FAST, 6.3, 1), ("wait", SLOW, 31.0, 3), ("length", FAST, 6.3, 4)],
)
def test_scenes_of_the_cluster_have_the_same_workers_here(rule, workflow, seconds, workers):
    """Six jobs beside one warm worker, as `make prove NAME=scaling` has them on a cluster: 10 s of cold start."""
    cluster = Noted(node_start=0.5, load=9.5, seed=1)
    metric = Wait(cluster, Policy(target=90, maximum=4)) if rule == "wait" else Length(cluster, jobs_per_worker=1)
    Keda(cluster, metric, most=4, stable=60)
    cluster.run([Arrival(at, workflow, seconds) for at in (0, 100, *[250] * 6)])
    assert max(1, *(count for at, count in cluster.scaled if at >= 250)) == workers


def test_report_has_a_row_and_a_bar_for_each_rule():
    seeds = [run(Shape.BURSTS, days=1, seed=1, seeds=2, targets=[60.0, 120.0])]
    rows, picture = table(Shape.BURSTS, seeds, [60.0, 120.0]), draw({"Bursts": bars(seeds, 120.0)}, "one day")
    for rule in ("length 1", "length 5", "wait 120 s", "oracle"):
        assert f"| {rule}" in rows
        assert f">{rule}<" in picture


def test_equal_p95_lies_between_the_points_that_an_operator_can_choose():
    def point(p95: float, gpu: float) -> Outcome:
        return Outcome(gpu=gpu, busy=0, p50=0, p95=p95, late=0, flaps=0, nodes=0)

    points = [point(100, 1000), point(200, 400), point(150, 1100)]
    assert [at_equal_p95(points, p95) for p95 in (50, 100, 150, 200, 300)] == [1000, 1000, 700, 400, 400]
