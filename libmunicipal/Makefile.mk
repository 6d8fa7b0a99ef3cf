# The library. Each room appends its files to libmunicipal_core_la_SOURCES.

# All of it as a convenience library, hidden symbols included: what the unit tests link.
noinst_LTLIBRARIES += %D%/libmunicipal-core.la
libmunicipal_core_la_SOURCES = %D%/rooms.c
%C%_libmunicipal_core_la_SOURCES = $(libmunicipal_core_la_SOURCES)
%C%_libmunicipal_core_la_LIBADD = $(SQLITE_LIBS) $(JANSSON_LIBS) $(UTF8PROC_LIBS) $(NETTLE_LIBS) $(PCRE2_LIBS) $(DL_LIBS) $(PTHREAD_LIBS)

# The library that is installed: the same objects behind the version script. Until 1.0 there is no promise, and
# the number stays 0:0:0. From then on, with each release: code changed → revision + 1; functions added → current + 1,
# age + 1, revision 0; anything removed or changed → current + 1, age 0, revision 0.
lib_LTLIBRARIES += %D%/libmunicipal.la
%C%_libmunicipal_la_SOURCES =
%C%_libmunicipal_la_LIBADD = %D%/libmunicipal-core.la
%C%_libmunicipal_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 -no-undefined -Wl,--version-script=$(srcdir)/%D%/libmunicipal.map
EXTRA_%C%_libmunicipal_la_DEPENDENCIES = %D%/libmunicipal.map
EXTRA_DIST += %D%/libmunicipal.map

pkgconfig_DATA = %D%/libmunicipal.pc

# Public headers: rooms append theirs to municipalinclude_HEADERS.
include_HEADERS = %D%/include/municipal.h
municipalincludedir = $(includedir)/municipal
municipalinclude_HEADERS = \
	%D%/include/municipal/audit.h \
	%D%/include/municipal/base.h \
	%D%/include/municipal/db.h \
	%D%/include/municipal/error.h \
	%D%/include/municipal/query.h \
	%D%/include/municipal/rec.h \
	%D%/include/municipal/report.h \
	%D%/include/municipal/session.h \
	%D%/include/municipal/staff.h \
	%D%/include/municipal/store.h

# One preprocessor, no second parser: a program that includes the tables and prints what others need of them.
muni_tables = %D%/kinds.def %D%/core/common.def %D%/core/errors.def
noinst_PROGRAMS += %D%/core/tablegen
%C%_core_tablegen_SOURCES = %D%/core/tablegen.c %D%/core/classes.h $(muni_tables)
nodist_municipalinclude_HEADERS = %D%/include/municipal/names.h
BUILT_SOURCES += %D%/include/municipal/names.h
CLEANFILES += %D%/include/municipal/names.h
%D%/include/municipal/names.h: %D%/core/tablegen$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && %D%/core/tablegen$(EXEEXT) names.h > $@.tmp && mv $@.tmp $@

# What kinds.def includes travels in the tarball without being listed: a new kind is its .def, and a line there.
dist-hook:
	@sed -n 's/^#include "\(.*\.def\)"$$/\1/p' $(srcdir)/%D%/kinds.def | while read -r f; do \
	  $(MKDIR_P) "$(distdir)/%D%/$${f%/*}" && cp -p "$(srcdir)/%D%/$$f" "$(distdir)/%D%/$$f" || exit 1; done

include libmunicipal/core/Makefile.mk
include libmunicipal/calendar/Makefile.mk
include libmunicipal/store/Makefile.mk
include libmunicipal/model/Makefile.mk
include libmunicipal/access/Makefile.mk
include libmunicipal/staff/Makefile.mk
include libmunicipal/service/Makefile.mk
include libmunicipal/governance/Makefile.mk
include libmunicipal/report/Makefile.mk
include libmunicipal/defaults/Makefile.mk
