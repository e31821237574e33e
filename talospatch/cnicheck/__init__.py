"""The CNI result cache across nodes: what is listed, what is read, and the report.

What belongs here: asking nodes through :class:`talospatch.talosapi.client.Client`, within bounds, and the values that come of it. What does
not: rules about files, which are pure (:mod:`talospatch.cni`), and showing the report.
"""
