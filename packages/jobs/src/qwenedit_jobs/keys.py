"""The names under which everything lives in Redis."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_PREFIX = "qwenedit"


@dataclass(frozen=True, slots=True)
class Keys:
    """Redis keys of one installation. Another installation on the same Redis has another prefix (`REDIS_PREFIX`)."""

    prefix: str = DEFAULT_PREFIX

    @property
    def job_queue(self) -> str:
        """LIST of ids: jobs that wait. KEDA's trigger and the old system's dashboards know its name."""
        return f"{self.prefix}:job_queue"

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
        """STREAM of jobs' ends, and of failed jobs that are put back in line, for the bot."""
        return f"{self.prefix}:events"

    @property
    def inbox(self) -> str:
        """Prefix of the bot's lanes of updates that are not handled yet."""
        return f"{self.prefix}:inbox"

    @property
    def answers(self) -> str:
        """Prefix of the bot's lanes of answers that are not given yet."""
        return f"{self.prefix}:answers"

    @property
    def backlog(self) -> str:
        """Prefix of the bot's lanes of requests that wait to become jobs, one for each user."""
        return f"{self.prefix}:backlog"

    @property
    def paused(self) -> str:
        """STRING: since when (ms) the queue is paused; there while it is."""
        return f"{self.prefix}:paused"

    @property
    def held(self) -> str:
        """LIST: the line while the queue is paused, when `job_queue` is empty."""
        return f"{self.prefix}:held"

    @property
    def leader(self) -> str:
        """STRING: the bot's replica that runs the janitor and the progress edits."""
        return f"{self.prefix}:leader"

    @property
    def answered_pictures(self) -> str:
        """ZSET reference → time (ms): pictures of answered or failed jobs, deleted first when room is needed."""
        return f"{self.prefix}:pictures:answered"

    @property
    def largest_result(self) -> str:
        """STRING: bytes of the largest recent result, which is what the next ones may need."""
        return f"{self.prefix}:results:largest"

    @property
    def time(self) -> str:
        """HASH: how far Redis' clock is ahead of the one by which scripts wait, and when that was noted."""
        return f"{self.prefix}:time"

    @property
    def ended(self) -> str:
        """ZSET id → time (ms): the last jobs that ended, whether done, failed or cancelled.

        Its name is one that workers' Redis users may write.
        """
        return f"{self.prefix}:workers:ended"

    def durations(self, workflow: str) -> str:
        """LIST of seconds: how long the recent jobs of a workflow took; the empty name is the workers' own."""
        return f"{self.prefix}:durations:{workflow}"

    @property
    def layout(self) -> str:
        """HASH with the number of the layout of all this, and whose it is; see `redis/state_layout.py`."""
        return f"{self.prefix}:layout"

    @property
    def workers(self) -> str:
        """ZSET worker → time (ms): when each gave its last sign of life."""
        return f"{self.prefix}:workers"

    def worker_about(self, worker: str) -> str:
        """STRING: what a worker said of itself, as JSON, until it is forgotten."""
        return f"{self.workers}:about:{worker}"

    @property
    def job_prefix(self) -> str:
        """Prefix of a job's HASH; the scripts that find ids themselves build the key from it."""
        return f"{self.prefix}:job:"

    @property
    def accepted_prefix(self) -> str:
        """Prefix of the HASHes of what the bot accepted and answered, which workers can neither read nor write."""
        return f"{self.prefix}:accepted:"

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
        zsets = (self.leases, self.draining, self.delayed, self.dead, self.answered_pictures, self.ended)
        lists = dict.fromkeys((self.job_queue, self.held), "list")
        others = {self.events: "stream", self.largest_result: "string", self.time: "hash"}
        return {**lists, **others, **dict.fromkeys(zsets, "zset")}

    def job(self, job_id: str) -> str:
        """HASH of one job."""
        return f"{self.job_prefix}{job_id}"

    def user(self, user_id: int) -> str:
        """SET of one user's unfinished jobs."""
        return f"{self.user_prefix}{user_id}"

    def accepted(self, job_id: str) -> str:
        """HASH of what the bot accepted as one job."""
        return f"{self.accepted_prefix}{job_id}"

    @property
    def picture_prefix(self) -> str:
        """Prefix of pictures."""
        return f"{self.prefix}:picture:"

    def picture(self, ref: str) -> str:
        """STRING with the bytes of one picture."""
        return f"{self.picture_prefix}{ref}"
