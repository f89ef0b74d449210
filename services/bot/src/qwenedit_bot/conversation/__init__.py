"""What people say to the bot, and what it does about it: aiogram's routers. Only `app` imports them."""
