"""Clients of the HTTP APIs of telemetry stores: what they hold about nodes, asked for, never written.

What belongs here: where a store is and how one logs in, its requests and answers, paging and bounds. What does not: what the answers mean
(:mod:`talospatch.cni`), or which question to ask (:mod:`talospatch.cnicheck`). The HTTP library is an extra, loaded when a request is made.
"""
