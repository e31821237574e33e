"""A machine config as values: documents, the YAML they were read from, what in it is secret, and how two of them differ.

What belongs here: reading YAML into trees with exact places, resolving scalars as Talos's Go code does, paths, equality, difference and
secret paths. What does not: changing a config (``patching``), TOML (``containerd``), files and networks.
"""
