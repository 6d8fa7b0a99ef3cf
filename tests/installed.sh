#!/bin/sh
# After `make install`: a program that knows nothing but pkg-config compiles, links and runs. Called by `make installcheck`.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cat > "$tmp/t.c" << 'C'
#include <municipal.h>
#include <stdio.h>
#include <string.h>
int main(void) {
    printf("%s %d %s\n", muni_version(), (int)muni_version_number(), muni_error_name(MUNI_EFIELD));
    return strcmp(muni_error_name(MUNI_EFIELD), "EFIELD") != 0;
}
C
PKG_CONFIG_PATH=$1${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export PKG_CONFIG_PATH
# shellcheck disable=SC2046
${CC:-cc} -std=c99 -pedantic -Wall -Wextra -Werror "$tmp/t.c" -o "$tmp/t" $(${PKG_CONFIG:-pkg-config} --cflags --libs libmunicipal)
said=$(LD_LIBRARY_PATH=$2${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} "$tmp/t")
echo "installed: $said"
[ "${said%% *}" = "$(${PKG_CONFIG:-pkg-config} --modversion libmunicipal)" ]
