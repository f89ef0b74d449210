import lazy_aiogram as lazy_aiogram  # before aiogram: it spares the memory of the types that are not used
