#!/bin/sh
# The arrow of dependence: a room includes only itself and rooms beneath it, a domain no other domain; each outside library is
# included in its one place, and none in a public header.
set -eu
cd "${srcdir:-.}/libmunicipal"

find . -name '*.[ch]' -o -name '*.def' | sed 's|^\./||' | LC_ALL=C sort | xargs grep -n '^ *# *include *[<"]' /dev/null | awk -F: '
BEGIN {
    n = split("core calendar store model access notice", order, " ")
    for (i = 1; i <= n; i++)
        level[order[i]] = i
    n = split("service knowledge staff assets operations learning governance retention", domains, " ")
    for (i = 1; i <= n; i++)
        level[domains[i]] = 10
    level["report"] = 20
    level["defaults"] = 0 # data: anybody may use it, it uses nobody

    # header, or the beginning of its path, and where it may stand
    only["sqlite3.h"] = "^store/"
    only["libpq-fe.h"] = "^store/"
    only["pcre2.h"] = "^core/regex[.]c$"
    only["nettle/"] = "[.]c$"
    only["utf8proc.h"] = "[.]c$"
    only["jansson.h"] = "^(core|calendar|store|model|access|notice|service|knowledge|staff|assets|operations|learning|governance|retention|report)/"
    one["nettle/"] = one["utf8proc.h"] = one["pcre2.h"] = one["libpq-fe.h"] = 1 # one file in all
    split("assert.h ctype.h errno.h fcntl.h inttypes.h limits.h math.h dlfcn.h poll.h pthread.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h strings.h time.h unistd.h sys/file.h sys/mman.h sys/stat.h sys/statfs.h sys/types.h sys/vfs.h", c, " ")
    for (i in c)
        system_header[c[i]] = 1

}
function complain(text) { printf "includes: %s:%s: %s\n", file, line, text; bad = 1 }
{
    file = $1; line = $2; text = $0
    sub(/^[^:]*:[^:]*:[^<"]*/, "", text)
    quoted = substr(text, 1, 1) == "\""
    text = substr(text, 2); sub(/[>"].*/, "", text)
    files[file] = 1; seen++

    if (file ~ /^include\//) {
        if (text != "stddef.h" && text != "stdint.h" && text !~ /^municipal\//)
            complain("a public header includes <" text ">; only <stddef.h>, <stdint.h> and <municipal/…> may stand there")
        next
    }
    if (text ~ /^municipal(\/|\.h$)/ || text == "config.h")
        next
    room = file; sub(/\/.*/, "", room)
    for (lib in only)
        if (index(text, lib) == 1) {
            if (file !~ only[lib])
                complain("<" text "> does not belong here")
            if (lib in one) {
                if (lib in where && where[lib] != file)
                    complain("<" text "> is included in " where[lib] " already, and belongs in one file")
                where[lib] = file
            }
            next
        }
    if (!quoted) {
        if (!(text in system_header))
            complain("<" text ">: an outside header that tests/includes.sh does not know")
        next
    }
    if (file == "rooms.c" || file == "kinds.def")
        next # the composition root and the list of kinds
    if (text == "kinds.def")
        next # the list of kinds is read by all, it names no code
    if (text !~ /\//)
        next # beside the file
    sub(/^\.\.\//, "", text)
    other = text; sub(/\/.*/, "", other)
    if (!(room in level)) { complain("\"" room "\" is no room"); next }
    if (!(other in level)) { complain("\"" text "\" is in no room"); next }
    if ((file " " text) in allowed)
        next
    if (other != room && level[other] >= level[room])
        complain("\"" text "\": " room " stands beneath " other " or beside it, and may not include it")
}
END {
    if (!seen) {
        print "includes: nothing found"
        exit 1
    }
    for (f in files)
        count++
    printf "includes: %d lines in %d files\n", seen, count
    exit bad
}'
