"""Notes in a store of objects which installation has an address: a second one would delete the first one's pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_jobs.errors import PictureStoreFullError, PictureStoreRefusedError

if TYPE_CHECKING:
    from qwenedit_jobs.pictures.bucket import Bucket

OWNER = "owner"
"""Name of the object that has the installation's name in it."""
LONGEST = 300
"""Bytes of a name that are read."""


async def take_address(bucket: Bucket, installation: str) -> None:
    """Take an address for an installation, if no other one has it.

    Of two that try at the same moment one gets it, where the store knows conditional writes. Elsewhere the next call
    tells.

    Args:
        bucket: The address.
        installation: A name that this installation keeps, with nothing secret in it.

    Raises:
        PictureStoreRefusedError: another installation has it.
        PictureStoreUnavailableError: the store did not say.
    """
    owner = await bucket.get(OWNER, size=LONGEST)
    if owner is None:
        try:
            await bucket.put_new(OWNER, installation.encode())
        except PictureStoreFullError:  # nobody has it, and what is deleted makes room
            return
        owner = await bucket.get(OWNER, size=LONGEST)
    if owner is None or owner == installation.encode():
        return
    raise PictureStoreRefusedError(
        f"PICTURES_URL is {bucket.url}: the pictures there belong to {owner.decode(errors='replace')}, and this is"
        f" {installation}; give each installation a prefix of its own, or delete the object {bucket.url}/{OWNER} if the"
        " other one is gone"
    )
