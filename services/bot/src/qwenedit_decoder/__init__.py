"""Decoding of pictures from strangers, and the process that does it.

A package of its own, which imports nothing of the bot: the process takes 20 MB so, and 76 MB with the bot's modules.
"""
