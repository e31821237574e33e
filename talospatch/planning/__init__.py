"""What shall happen to each node, what may not, and what did: the decisions of a rollout as values and pure functions.

What belongs here: the plan and the report, the rules that let a node go ahead or refuse it, the order of the nodes, and the steps of one
node's rollout as a function of what was seen. What does not: anything that talks to a node, reads a clock, or writes a file
(:mod:`talospatch.rollout`).
"""
