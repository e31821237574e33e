"""The directories of a node that tell of sandboxes and their networks: where each is, and whose it is."""

from __future__ import annotations

CNI = "/var/lib/cni"  # libcni's global cache directory (CacheDir in libcni/api.go)
RESULTS = f"{CNI}/results"  # the cache: a file for each attachment (getCacheFilePath in libcni/api.go)
NETWORKS = f"{CNI}/networks"  # host-local: a directory for each network, in it a file for each address given out (backend/disk)
SCRATCH = f"{CNI}/flannel"  # the flannel plugin's: what it handed on to bridge and host-local, a file for each sandbox
CONFLISTS = "/etc/cni/net.d"  # CNI configurations; containerd takes the first (loadFromConfDir in go-cni's opts.go)
SANDBOXES = "/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes"  # containerd's CRI plugin: a directory for each until it is removed
TASKS = "/run/containerd/io.containerd.runtime.v2.task/k8s.io"  # containerd: a directory for each task that runs (runtime/v2/bundle.go)
NAMESPACES = "/run/netns"  # containerd's: a file for each network namespace of a pod (pkg/netns/netns_linux.go)
