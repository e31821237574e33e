"""Removing damaged cache files from nodes: the plan, the run, the journal, and the proof.

What belongs here: the closer look that a removal takes (``look``), the plan made of two of them (``planner``, ``plan``), carrying it out
(``run``) through what runs commands on a node (``remover`` is the seam, ``by_debug`` and ``by_job`` stand behind it, ``choice`` takes what
a plan needs), and what stays of it (``journal``, ``proof``, ``report``). What does not: which file may be removed, which is a pure rule
(:mod:`talospatch.cni.eligibility`), and what a check sees (:mod:`talospatch.cnicheck`).
"""
