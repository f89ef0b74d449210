"""What is done before the first update comes."""

import subprocess
import sys

CODE = """
import gc
import qwenedit_bot.app.main
from qwenedit_bot.app.preload import MODELS, preload

before = sum(model.__pydantic_complete__ for model in MODELS)
preload()
print(before < len(MODELS), all(model.__pydantic_complete__ for model in MODELS), gc.get_freeze_count() > 50_000)
"""


def test_validators_are_built_and_modules_are_frozen_before_the_bot_is_ready() -> None:
    done = subprocess.run((sys.executable, "-c", CODE), stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout == "True True True\n"
