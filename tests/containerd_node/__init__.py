"""A real containerd in throw-away namespaces: a node whose pods, cache files and errors are true ones.

What belongs here: the test bed (machine, node, CRI client, image), the seam that lets the simulated cluster answer for such a node, and the
tests that need them. What does not: anything that a test without containerd could say.
"""
