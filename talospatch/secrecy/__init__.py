"""What a secret looks like in a text: the names that secrets are assigned to, the ways to assign, and forms that are unmistakable.

What belongs here: tables of names and forms, and finding the places in a text where they say that a secret stands. What does not: what
takes its place (:mod:`talospatch.redaction`), and where the structure of a machine config says so (``machineconfig/secrets.py``).
"""
