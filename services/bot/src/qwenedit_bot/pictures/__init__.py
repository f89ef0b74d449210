"""Pictures of users and workers: what they may take of CPU, memory and time, and what becomes of them.

`budget` bounds anything scarce, `converter` a conversion, `intake` users' photos and `results` results. What decodes
them is `qwenedit_decoder`, in a process of its own.
"""
