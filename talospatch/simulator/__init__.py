"""A Talos cluster in one process: a node model without I/O, with the clock as an argument, and adapters to gRPC and memory.

What belongs here: how Talos nodes of several versions answer, what becomes of a configuration on them, and faults on request. What
does not: any rule of the library that is tested against it; the simulated cluster has its own reading of Talos's behaviour, so that one
mistake is not made twice.
"""
