"""The demo: a simulated cluster worth looking at, and the commands that tell its story.

What belongs here: which nodes there are, and which commands run in which order with which words between them. What does not: anything that
a command does; the demo runs the same commands that a user would.
"""
