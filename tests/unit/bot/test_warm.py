"""What is done before the first update comes."""

import subprocess
import sys

CODE = """
import gc
import qwenedit_bot.app
from qwenedit_bot.warm import MODELS, warm_up

before = sum(model.__pydantic_complete__ for model in MODELS)
warm_up()
print(before < len(MODELS), all(model.__pydantic_complete__ for model in MODELS), gc.get_freeze_count() > 50_000)
"""


def test_validators_are_built_and_what_stays_is_no_longer_looked_through() -> None:
    done = subprocess.run((sys.executable, "-c", CODE), stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout == "True True True\n"
