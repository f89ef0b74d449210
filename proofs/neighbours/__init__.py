"""People who misuse the bot beside people who use it: do the latter notice?"""
