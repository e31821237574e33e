module talospatch/tools/libcni

go 1.24

require github.com/containernetworking/cni v1.2.0

require github.com/Masterminds/semver/v3 v3.2.1 // indirect
