"""A cluster made live: the targets of a command, the inventory that finds them, and the cluster's verbs, async and blocking.

What belongs here: which nodes are meant, how they are found, and putting the layers below together for one talosconfig context. What
does not: calls themselves (:mod:`talospatch.talosapi`), decisions about a change (:mod:`talospatch.planning`), carrying it out
(:mod:`talospatch.rollout`), and anything a person sees.
"""
