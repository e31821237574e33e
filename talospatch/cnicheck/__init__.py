"""The CNI result cache across nodes: what is listed, what is read, and the report; :mod:`talospatch.cnicheck.repair` removes damaged files.

What belongs here: asking nodes through :class:`talospatch.talosapi.client.Client`, within bounds, and the values that come of it; nothing
outside of ``repair`` changes a node. What does not: rules about files, which are pure (:mod:`talospatch.cni`), and showing the report.
"""
