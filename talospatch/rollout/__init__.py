"""Carrying out a plan on real nodes: reading them, making the plan, doing one action after another, and writing down what is done.

What belongs here: everything of a rollout that needs a connection, a clock or a file, the journal and its key included. What does not:
decisions (:mod:`talospatch.planning`), and finding the nodes (:mod:`talospatch.fleet`).
"""
