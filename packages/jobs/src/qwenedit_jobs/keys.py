"""The names under which everything lives in Redis."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_JOB_QUEUE_KEY = "qwenedit:job_queue"


@dataclass(frozen=True, slots=True)
class Keys:
    """Redis keys of one installation.

    Only the waiting list has a name of the operator's choice (`REDIS_JOB_QUEUE_KEY`): the old system's
    dashboards and KEDA's trigger know it.
    """

    job_queue: str = DEFAULT_JOB_QUEUE_KEY
    prefix: str = "qwenedit"

    @property
    def leases(self) -> str:
        """ZSET id → deadline (ms since the epoch, by Redis' clock): running jobs that KEDA counts."""
        return f"{self.prefix}:leases"

    @property
    def draining(self) -> str:
        """ZSET like `leases`, of jobs on pods that are leaving: KEDA does not count these."""
        return f"{self.prefix}:leases:draining"

    @property
    def delayed(self) -> str:
        """ZSET id → due time (ms): jobs between two attempts."""
        return f"{self.prefix}:delayed"

    @property
    def dead(self) -> str:
        """ZSET id → time (ms): jobs failed for good, kept for the operator."""
        return f"{self.prefix}:dead"

    @property
    def events(self) -> str:
        """STREAM of terminal events for the bot."""
        return f"{self.prefix}:events"

    @property
    def nudge(self) -> str:
        """Pub/sub channel: ids of running jobs that were asked to stop. Only an accelerator; renew says it too."""
        return f"{self.prefix}:nudge"

    @property
    def job_prefix(self) -> str:
        """Prefix of a job's HASH; the scripts that find ids themselves build the key from it."""
        return f"{self.prefix}:job:"

    @property
    def user_prefix(self) -> str:
        """Prefix of a user's SET of unfinished jobs."""
        return f"{self.prefix}:unfinished:"

    @property
    def claim_prefix(self) -> str:
        """Prefix of the STRINGs token → id that make a repeated claim harmless."""
        return f"{self.prefix}:claim:"

    @property
    def kinds(self) -> dict[str, str]:
        """Which Redis type each key has that there is one of."""
        zsets = (self.leases, self.draining, self.delayed, self.dead)
        return {self.job_queue: "list", self.events: "stream", **dict.fromkeys(zsets, "zset")}

    def job(self, job_id: str) -> str:
        """HASH of one job."""
        return f"{self.job_prefix}{job_id}"

    def user(self, user_id: int) -> str:
        """SET of one user's unfinished jobs."""
        return f"{self.user_prefix}{user_id}"

    def picture(self, ref: str) -> str:
        """STRING with the bytes of one picture."""
        return f"{self.prefix}:picture:{ref}"
