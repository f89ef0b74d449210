from qwenedit_bot import plurals as plurals  # first of all: what follows fills the memory that it leaves

# isort: split
import lazy_aiogram as lazy_aiogram  # before aiogram: it spares the memory of the types that are not used
import qwenedit_jobs as qwenedit_jobs  # before redis, likewise
