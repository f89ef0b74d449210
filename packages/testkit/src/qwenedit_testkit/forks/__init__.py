"""Starts the product's programs by fork, out of a process that has imported their modules: most of a start is that.

A run of the tests starts hundreds of bots, workers and simulators. What they do once they run is the same; how the real
command starts is tested where nothing is forked: `make run`, the images.
"""
