"""Ports that Talos and Kubernetes listen on: port, process, and whether on all addresses.

Source: docs "Network connectivity", and what Netstat says on such nodes.
"""

from __future__ import annotations

WORKER = ((50000, "apid", True), (10250, "kubelet", True), (10248, "kubelet", False))
CONTROL_PLANE = (
    *WORKER,
    (50001, "trustd", True),
    (6443, "kube-apiserver", True),
    (2379, "etcd", True),
    (2380, "etcd", True),
    (10257, "kube-controller", False),
    (10259, "kube-scheduler", False),
)
