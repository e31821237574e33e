#!/bin/sh
# In place of flannel's CNI plugin, which no distribution has: as that does, keep what is delegated in a file for each container, call bridge
# with it, and do the same for DEL.
kept=/var/lib/cni/flannel/$CNI_CONTAINERID
bridge=$(dirname "$0")/bridge
case "$CNI_COMMAND" in
VERSION)
  echo '{"cniVersion":"1.0.0","supportedVersions":["0.1.0","0.2.0","0.3.0","0.3.1","0.4.0","1.0.0"]}'
  ;;
ADD)
  version=$(sed -n 's/.*"cniVersion" *: *"\([^"]*\)".*/\1/p' | head -n 1)
  mkdir -p -m 0700 /var/lib/cni/flannel
  umask 077
  cat >"$kept" <<CONFIG
{"cniVersion":"$version","hairpinMode":true,"ipMasq":false,"ipam":{"ranges":[[{"subnet":"10.244.7.0/24"}]],"routes":[{"dst":"10.244.0.0/16"}],"type":"host-local"},"isDefaultGateway":true,"isGateway":true,"mtu":1450,"name":"cbr0","type":"bridge"}
CONFIG
  exec "$bridge" <"$kept"
  ;;
DEL)
  cat >/dev/null
  [ -e "$kept" ] || exit 0
  "$bridge" <"$kept" && rm -f "$kept"
  ;;
esac
