"""Odd updates and odd pictures through the whole bot: is there one that it cannot bear, or leaves without an answer?"""
