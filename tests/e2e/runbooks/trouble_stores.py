"""Redis is full: found by its runbook, and ended by its remedy."""

from __future__ import annotations

from tests.e2e.runbooks.conftest import as_admin
from tests.e2e.runbooks.on_call import row as row_of

CAPTION = "make it snow"
FOREIGN = "reports:nightly"
MOST = 200_000_000
"""Bytes, of 256 MiB: what jemalloc has room for without rounding up beyond them."""
MEBIBYTE = 1024 * 1024
LITTLE = MEBIBYTE
"""That is left: too little for a picture, and enough for words."""
LARGER = 340
"""MB of memory: the volume of 1 GiB is three times as large."""
SMALL_KEYS = "for i = 1, tonumber(ARGV[1]) do redis.call('setrange', 'reports:' .. i, ARGV[2], 'x') end"


async def test_redis_that_others_fill(installation, on_call, photo):
    await installation.hold(1)
    user = await installation.telegram.user()
    await fill(installation)
    await user.send(photo=photo, caption=CAPTION)
    await user.says("I'm out of room for pictures right now", timeout=60)
    row = await on_call.find("QweneditRedisNearlyFull", "another program writes to this Redis", FOREIGN)
    on_call.words |= {"SIZE": f"{LARGER}mb", "TWICE": f"{2 * LARGER}Mi"}
    await on_call.part("QweneditRedisNearlyFull", "Stop-gap")
    await user.send(photo=photo, caption=CAPTION)
    await user.picture(timeout=60)
    await as_admin(installation, "config set maxmemory 256mb")
    on_call.words |= {"KEY": FOREIGN, "PATTERN": "reports:*", "WORD": "another"}
    await on_call.remedy(row)
    await installation.one("redis")
    await installation.redis_answers()
    on_call.words["PATTERN"] = "*"  # somebody forgets to put in their own: ours stay
    await on_call.type_of("QweneditRedisNearlyFull", "xargs")
    found = (await as_admin(installation, "--scan")).splitlines()
    assert found
    assert all(key.startswith("qwenedit:") for key in found)
    await user.send(photo=photo, caption=CAPTION)
    await user.picture(timeout=60, number=2)
    await on_call.remedy(row_of("QweneditRedisNearlyFull", "a long line: about 3 MB a job"))
    await installation.kube("rollout", "status", "statefulset/edit-qwenedit-redis", "--timeout=120s")
    await installation.redis_answers()
    assert f"{LARGER * MEBIBYTE}" in await as_admin(installation, "config get maxmemory")


async def fill(installation):
    """Have keys of another program fill Redis; one of them is by far the largest."""
    await as_admin(installation, f"setrange {FOREIGN} {MOST} x")
    memory = await as_admin(installation, "info memory")
    told = dict(line.split(":", 1) for line in memory.splitlines() if ":" in line)
    rest = (int(told["maxmemory"]) - int(told["used_memory"]) - LITTLE) // MEBIBYTE
    await as_admin(installation, f'eval "{SMALL_KEYS}" 0 {rest} {MEBIBYTE - 64}')
