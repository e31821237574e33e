"""Changes: what turns a machine config for a Talos version into a new one, with the least edit of its text.

What belongs here: reading a change from text, applying it, and splicing text with proof. What does not: reading files (``offline``), the
rules of containerd's drop-in (``containerd``), and talking to nodes.
"""
