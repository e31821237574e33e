"""Plain values that a node gives us, and what we say about them.

What belongs here: frozen values with their units and the meaning of each field, as the Talos API defines them. What does not: anything that
talks to a node, decides, or formats. Modules are small so that importing one value does not build the others.
"""
