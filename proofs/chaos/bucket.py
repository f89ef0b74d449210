"""Pictures in a bucket: what is left of them when everybody wants to be forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from obstore.store import S3Store

from qwenedit_testkit.object_server import KEY, SECRET, Versitygw

if TYPE_CHECKING:
    from collections.abc import Iterable

    from telegram_simulator.client import Person

NAME, PREFIX = "pictures", "chaos"
URL = f"s3://{NAME}/{PREFIX}"
DELETED_WITHIN = 60.0
"""Seconds: the bot deletes within some, and may be about to start."""
FORGOTTEN = 20
"""People who want to be forgotten at the end."""


class ChaosBucket(Versitygw):
    """The store of objects of a run."""

    def objects_api(self) -> S3Store:
        """Return a client of the bucket that no proxy disturbs."""
        return S3Store(
            NAME,
            prefix=PREFIX,
            endpoint=self.url,
            region="us-east-1",
            access_key_id=KEY,
            secret_access_key=SECRET,
            client_options={"allow_http": True},
        )

    async def leftovers(self, people: Iterable[Person], jobs_of: dict[int, set[str]]) -> list[str]:
        """List what is in the bucket of people who want to be forgotten.

        Args:
            people: Who has asked for jobs; some of them want to be forgotten now.
            jobs_of: The ids of each person's jobs.
        """
        found = list[str]()
        for person in list(people)[:FORGOTTEN]:
            await person.send("/forget")
            await person.press("Delete everything", timeout=DELETED_WITHIN)
            await person.says("I've deleted everything", timeout=DELETED_WITHIN)
            names = [each["path"] for page in self.objects_api().list() for each in page]
            theirs = [name for name in names if name.partition("/")[0] in jobs_of[person.id]]
            found += [f"the object {name} of somebody who was forgotten" for name in theirs]
        return found
