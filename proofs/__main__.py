"""`make prove`: run what NAME says, or list what there is."""

from qwenedit_testkit.programs import run

run("proofs", target="prove")
