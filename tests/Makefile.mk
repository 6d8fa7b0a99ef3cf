# Tests. The unit tests link the convenience library, and so reach what is not exported; their allocations can be made to fail (fault.h).
if HAVE_CHECK
check_PROGRAMS += %D%/unit/run
TESTS += %D%/unit/run
endif
%C%_unit_run_SOURCES = \
	%D%/unit/run.c \
	%D%/unit/suites.def \
	%D%/unit/fault.c \
	%D%/unit/fault.h \
	%D%/unit/textdata.h \
	%D%/unit/modeltest.h \
	%D%/unit/place.c \
	%D%/unit/place.h \
	%D%/unit/rows.h \
	%D%/unit/test_audit.c \
	%D%/unit/test_base.c \
	%D%/unit/test_calendar.c \
	%D%/unit/querytest.h \
	%D%/unit/test_charset.c \
	%D%/unit/test_check.c \
	%D%/unit/test_cond.c \
	%D%/unit/test_copy.c \
	%D%/unit/test_csv.c \
	%D%/unit/test_cursor.c \
	%D%/unit/test_date.c \
	%D%/unit/test_list.c \
	%D%/unit/test_query.c \
	%D%/unit/test_visible.c \
	%D%/unit/test_definition.c \
	%D%/unit/test_month.c \
	%D%/unit/test_pii.c \
	%D%/unit/test_rec.c \
	%D%/unit/test_regex.c \
	%D%/unit/test_report.c \
	%D%/unit/test_rows.c \
	%D%/unit/faultvfs.h \
	%D%/unit/storetest.h \
	%D%/unit/stafftest.h \
	%D%/unit/test_schema.c \
	%D%/unit/test_staff.c \
	%D%/unit/test_plan.c \
	%D%/unit/test_plans.c \
	%D%/unit/plans.def \
	%D%/unit/test_search.c \
	%D%/unit/test_server.c \
	%D%/unit/test_store.c \
	%D%/unit/test_textkey.c \
	%D%/unit/test_token.c \
	%D%/unit/test_transfer.c \
	%D%/unit/test_upgrade.c \
	%D%/unit/test_wareki.c \
	%D%/unit/test_write.c
%C%_unit_run_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/%D%/unit $(CHECK_CFLAGS)
%C%_unit_run_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free,--wrap=sqlite3_prepare_v2,--wrap=sqlite3_prepare_v3,--wrap=sqlite3_exec
%C%_unit_run_LDADD = libmunicipal/libmunicipal-core.la $(CHECK_LIBS) $(JANSSON_LIBS) $(SQLITE_LIBS) $(POSTGRESQL_LIBS) $(UTF8PROC_LIBS) $(PTHREAD_LIBS)

# Every allocation and every input and output fails: some of them here, all of them by make check-faults
if HAVE_CHECK
check_PROGRAMS += %D%/faults/faults
TESTS += %D%/faults/faults
endif
%C%_faults_faults_SOURCES = \
	%D%/faults/faults.c \
	%D%/faults/faults.h \
	%D%/faults/rows.c \
	%D%/faults/wrap.c \
	%D%/faults/wrap.h \
	%D%/unit/fault.c \
	%D%/unit/fault.h \
	%D%/unit/faultvfs.h
%C%_faults_faults_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/%D%/unit $(CHECK_CFLAGS)
%C%_faults_faults_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free,--wrap=json_loadb \
	-Wl,--wrap=open,--wrap=write,--wrap=pwrite,--wrap=pread,--wrap=fsync,--wrap=rename,--wrap=link,--wrap=fchmod \
	-Wl,--wrap=close,--wrap=fcntl,--wrap=stat,--wrap=lstat,--wrap=fstat \
	-Wl,--wrap=fopen,--wrap=fread,--wrap=ferror,--wrap=fseek,--wrap=realpath
%C%_faults_faults_LDADD = libmunicipal/libmunicipal-core.la $(JANSSON_LIBS) $(SQLITE_LIBS) $(UTF8PROC_LIBS) $(PTHREAD_LIBS)
FAULTS_JOBS = 2
check-faults: all %D%/faults/faults$(EXEEXT)
	srcdir='$(srcdir)' %D%/faults/faults$(EXEEXT) -a -j $(FAULTS_JOBS)
.PHONY: check-faults

EXTRA_DIST += \
	%D%/data/calendar/README.md \
	%D%/data/calendar/fiscal_vectors.csv \
	%D%/data/calendar/syukujitsu_cao_1955_2027_cp932.csv \
	%D%/data/calendar/wareki_vectors.csv \
	%D%/data/text/README.md \
	%D%/data/text/cp932_glibc236_map.csv \
	%D%/data/text/csv_formula_vectors.csv \
	%D%/data/text/itaiji_search_fold.csv \
	%D%/data/text/kana_fold_vectors.csv \
	%D%/data/text/nfkc_hazards_in_cp932.csv \
	%D%/data/text/number_vectors.csv \
	%D%/data/text/pii_text_vectors.csv \
	%D%/data/text/search_expect.csv \
	%D%/data/text/search_vectors.csv

# A year of incidents, made from a table of figures: for tests and examples.
noinst_PROGRAMS += %D%/tools/gen_incidents
%C%_tools_gen_incidents_SOURCES = %D%/tools/gen_incidents.c
EXTRA_DIST += \
	%D%/data/figures/README.md \
	%D%/data/figures/kat_helpdesk_incidents_r5.csv \
	%D%/data/figures/kat_kb_functions.csv \
	%D%/data/stores/v1.db \
	%D%/data/staff/README.md \
	%D%/data/staff/org_after.csv \
	%D%/data/staff/org_after_cp932.csv \
	%D%/data/staff/org_before.csv \
	%D%/data/staff/org_before_cp932.csv \
	%D%/data/staff/org_before_utf8bom.csv \
	%D%/data/staff/staff_after.csv \
	%D%/data/staff/staff_after_cp932.csv \
	%D%/data/staff/staff_before.csv \
	%D%/data/staff/staff_before_cp932.csv \
	%D%/data/staff/staff_before_utf8bom.csv \
	%D%/data/staff/staff_clean_after.csv \
	%D%/data/staff/staff_clean_before.csv \
	%D%/data/staff/staff_expected.json

# Every statement of the library with its query plan, and why it may be so: make plans
plans: %D%/unit/run$(EXEEXT)
	@rm -f plans.txt; srcdir='$(srcdir)' MUNI_PLANS=plans.txt %D%/unit/run$(EXEEXT) plans >plans.log; st=$$?; \
	  test $$st = 0 && cat plans.txt || cat plans.log; rm -f plans.txt plans.log; exit $$st
.PHONY: plans

# What of SQL an engine has to know to keep a store; written anew where the statements change.
sql-features: %D%/unit/run$(EXEEXT)
	@rm -f plans.txt; srcdir='$(srcdir)' MUNI_PLANS=plans.txt %D%/unit/run$(EXEEXT) plans >plans.log || { cat plans.log; exit 1; }; \
	  $(PYTHON3) $(srcdir)/%D%/tools/sql_features.py plans.txt $(srcdir) >sql-features.md && cp sql-features.md $(srcdir)/docs/sql-features.md; st=$$?; \
	  rm -f plans.txt plans.log sql-features.md; exit $$st
.PHONY: sql-features
EXTRA_DIST += %D%/tools/sql_features.py

# The same suites on a server.
if WITH_POSTGRESQL
if HAVE_CHECK
TESTS += %D%/postgresql.sh
endif
TESTS += %D%/crash.sh %D%/failover.sh %D%/full.sh
endif
EXTRA_DIST += %D%/cluster.sh %D%/crash.sh %D%/failover.sh %D%/full.sh %D%/steps.sh %D%/postgresql.sh
%D%/postgresql.log: %D%/unit/run$(EXEEXT) %D%/conformance/driver$(EXEEXT) %D%/load/load$(EXEEXT)
%D%/failover.log: %D%/load/load$(EXEEXT)

# Rules over the source and the built library.
muni_scripts = %D%/abi.sh %D%/abi/surface.sh %D%/headers.sh %D%/includes.sh %D%/rows.sh %D%/tables.sh
TESTS += $(muni_scripts)
EXTRA_DIST += $(muni_scripts) %D%/installed.c %D%/installed.sh %D%/rows.py %D%/tools/make_store.py
AM_TESTS_ENVIRONMENT = MUNI_WITH_POSTGRESQL='$(muni_postgresql)'; export MUNI_WITH_POSTGRESQL; NM='$(NM)'; CC='$(CC)'; CXX='$(MUNI_CXX)'; DOXYGEN='$(DOXYGEN)'; PYTHON3='$(PYTHON3)'; export NM CC CXX DOXYGEN PYTHON3;

# What programs and stores rely on, as recorded: make abi-record adds what is new (tests/abi/surface.py).
EXTRA_DIST += %D%/abi/surface.py %D%/abi/layout.c %D%/abi/functions.txt %D%/abi/constants.txt %D%/abi/structs.def %D%/abi/numbers.txt
abi-record: libmunicipal/libmunicipal.la $(BUILT_SOURCES)
	NM='$(NM)' CC='$(CC)' CXX='$(MUNI_CXX)' $(PYTHON3) $(srcdir)/%D%/abi/surface.py record $(srcdir)
.PHONY: abi-record

# One scenario, three languages, the same answers: here the C interface, over the shared library; bindings/ run the others.
check_PROGRAMS += %D%/conformance/driver
TESTS += %D%/conformance/run.sh
%C%_conformance_driver_SOURCES = %D%/conformance/driver.c
%C%_conformance_driver_LDADD = libmunicipal/libmunicipal.la $(JANSSON_LIBS)
muni_scenarios = \
	%D%/conformance/answers.json \
	%D%/conformance/calendar.json \
	%D%/conformance/comments.json \
	%D%/conformance/copy.json \
	%D%/conformance/dates.json \
	%D%/conformance/export.json \
	%D%/conformance/files.json \
	%D%/conformance/hours.json \
	%D%/conformance/import.json \
	%D%/conformance/inquiries.json \
	%D%/conformance/numbering.json \
	%D%/conformance/personal.json \
	%D%/conformance/queries.json \
	%D%/conformance/refusals.json \
	%D%/conformance/reports.json \
	%D%/conformance/rights.json \
	%D%/conformance/search.json \
	%D%/conformance/staff.json \
	%D%/conformance/staff_cp932.json \
	%D%/conformance/staff_moved.json \
	%D%/conformance/staff_refused.json \
	%D%/conformance/stores.json \
	%D%/conformance/tickets.json \
	%D%/conformance/transactions.json \
	%D%/conformance/upkeep.json
muni_scenario_data = \
	%D%/conformance/data/people.csv \
	%D%/conformance/data/people_after.csv \
	%D%/conformance/data/people_cp932.csv \
	%D%/conformance/data/units.csv \
	%D%/conformance/data/units_cp932.csv
EXTRA_DIST += $(muni_scenarios) $(muni_scenario_data) %D%/conformance/README.md %D%/conformance/driver.py %D%/conformance/driver.php %D%/conformance/run.sh

# The requirements that a passing test or scenario shows: make rows, make rows V=1
rows: all %D%/unit/run$(EXEEXT) %D%/conformance/driver$(EXEEXT)
	@v=; test '$(V)' != 1 || v=-v; srcdir='$(srcdir)' $(PYTHON3) $(srcdir)/%D%/rows.py $$v $(srcdir)
.PHONY: rows

# What the library costs above SQLite: make bench, make bench BENCH_N=1000000 BENCH_DIR=/var/tmp
check_PROGRAMS += %D%/bench/bench %D%/bench/opening
%C%_bench_bench_SOURCES = %D%/bench/bench.c %D%/bench/figures.h %D%/bench/library.h %D%/bench/texts.h
%C%_bench_bench_LDADD = libmunicipal/libmunicipal.la $(SQLITE_LIBS)
%C%_bench_opening_SOURCES = %D%/bench/opening.c
%C%_bench_opening_LDADD = $(SQLITE_LIBS)
if WITH_POSTGRESQL
check_PROGRAMS += %D%/bench/server
%C%_bench_server_SOURCES = %D%/bench/server.c %D%/bench/figures.h %D%/bench/library.h %D%/bench/texts.h
%C%_bench_server_LDADD = libmunicipal/libmunicipal.la $(POSTGRESQL_LIBS)
endif
BENCH_N = 100000
BENCH_DIR = $${TMPDIR-/tmp}
bench: all %D%/bench/bench$(EXEEXT) %D%/bench/opening$(EXEEXT)
	%D%/bench/bench$(EXEEXT) $(BENCH_N) "$(BENCH_DIR)"
# The same above libpq, on a private cluster: make bench-server BENCH_N=1000000
bench-server: all
	$(MAKE) %D%/bench/server$(EXEEXT)
	srcdir='$(srcdir)' MUNI_WITH_POSTGRESQL='$(muni_postgresql)' TMPDIR="$(BENCH_DIR)" sh $(srcdir)/%D%/postgresql.sh %D%/bench/server$(EXEEXT) $(BENCH_N)
.PHONY: bench bench-server

# Processes that are killed in the middle of their work: some in make check, many with make check-kills.
check_PROGRAMS += %D%/kill/kill
TESTS += %D%/kill/kill
%C%_kill_kill_SOURCES = %D%/kill/kill.c %D%/kill/killvfs.h
%C%_kill_kill_LDADD = libmunicipal/libmunicipal.la $(SQLITE_LIBS)
check-kills: all %D%/kill/kill$(EXEEXT)
	srcdir='$(srcdir)' %D%/kill/kill$(EXEEXT) full
.PHONY: check-kills

# Many processes and threads at once on one store: a little in make check, what is accepted with make check-load.
check_PROGRAMS += %D%/load/load
TESTS += %D%/load/load
%C%_load_load_SOURCES = %D%/load/load.c
%C%_load_load_LDADD = libmunicipal/libmunicipal.la $(SQLITE_LIBS) $(PTHREAD_LIBS)
check-load: all %D%/load/load$(EXEEXT)
	%D%/load/load$(EXEEXT) full
.PHONY: check-load

# Fuzz targets, each with its corpus. make fuzz runs them under libFuzzer (clang), one after another; see fuzz.sh.
muni_fuzz_targets = \
	%D%/fuzz/charset \
	%D%/fuzz/csv \
	%D%/fuzz/definition \
	%D%/fuzz/import \
	%D%/fuzz/pii \
	%D%/fuzz/plan \
	%D%/fuzz/query \
	%D%/fuzz/record \
	%D%/fuzz/search \
	%D%/fuzz/staff \
	%D%/fuzz/wareki
check_PROGRAMS += $(muni_fuzz_targets)
TESTS += $(muni_fuzz_targets)
muni_fuzz_main = %D%/fuzz/replay.c %D%/fuzz/fuzz.h %D%/fuzz/fuzzstore.h
muni_fuzz_libs = libmunicipal/libmunicipal-core.la $(JANSSON_LIBS) $(SQLITE_LIBS) $(UTF8PROC_LIBS) $(PTHREAD_LIBS)
%C%_fuzz_charset_SOURCES = %D%/fuzz/charset.c $(muni_fuzz_main)
%C%_fuzz_charset_LDADD = $(muni_fuzz_libs)
%C%_fuzz_csv_SOURCES = %D%/fuzz/csv.c $(muni_fuzz_main)
%C%_fuzz_csv_LDADD = $(muni_fuzz_libs)
%C%_fuzz_definition_SOURCES = %D%/fuzz/definition.c $(muni_fuzz_main)
%C%_fuzz_definition_LDADD = $(muni_fuzz_libs)
%C%_fuzz_import_SOURCES = %D%/fuzz/import.c $(muni_fuzz_main)
%C%_fuzz_import_LDADD = $(muni_fuzz_libs)
%C%_fuzz_pii_SOURCES = %D%/fuzz/pii.c $(muni_fuzz_main)
%C%_fuzz_pii_LDADD = $(muni_fuzz_libs)
%C%_fuzz_plan_SOURCES = %D%/fuzz/plan.c $(muni_fuzz_main)
%C%_fuzz_plan_LDADD = $(muni_fuzz_libs)
%C%_fuzz_query_SOURCES = %D%/fuzz/query.c $(muni_fuzz_main)
%C%_fuzz_query_LDADD = $(muni_fuzz_libs)
%C%_fuzz_record_SOURCES = %D%/fuzz/record.c $(muni_fuzz_main)
%C%_fuzz_record_LDADD = $(muni_fuzz_libs)
%C%_fuzz_search_SOURCES = %D%/fuzz/search.c $(muni_fuzz_main)
%C%_fuzz_search_LDADD = $(muni_fuzz_libs)
%C%_fuzz_staff_SOURCES = %D%/fuzz/staff.c $(muni_fuzz_main)
%C%_fuzz_staff_LDADD = $(muni_fuzz_libs)
%C%_fuzz_wareki_SOURCES = %D%/fuzz/wareki.c $(muni_fuzz_main)
%C%_fuzz_wareki_LDADD = $(muni_fuzz_libs)
EXTRA_DIST += \
	%D%/fuzz/README.md \
	%D%/fuzz/corpus \
	%D%/fuzz/csv.dict \
	%D%/fuzz/definition.dict \
	%D%/fuzz/fuzz.sh \
	%D%/fuzz/import.dict \
	%D%/fuzz/mutate.c \
	%D%/fuzz/pii.dict \
	%D%/fuzz/plan.dict \
	%D%/fuzz/query.dict \
	%D%/fuzz/record.dict \
	%D%/fuzz/search.dict \
	%D%/fuzz/staff.dict \
	%D%/fuzz/wareki.dict
FUZZ_SECONDS = 600
fuzz:
	@for t in $(muni_fuzz_targets); do $(srcdir)/%D%/fuzz/fuzz.sh $${t##*/} $(FUZZ_SECONDS) || exit 1; done
.PHONY: fuzz

check-local:
if !HAVE_CHECK
	@echo "make check needs Check 0.15 or newer (Debian: check); configure again when it is there" >&2; exit 1
endif

installcheck-local:
	srcdir='$(srcdir)' CC='$(CC) $(SAN_FLAGS)' CXX='$(MUNI_CXX)' SAN_FLAGS='$(SAN_FLAGS)' PKG_CONFIG='$(PKG_CONFIG)' \
	  $(srcdir)/%D%/installed.sh '$(DESTDIR)$(pkgconfigdir)' '$(DESTDIR)$(libdir)' '$(DESTDIR)$(bindir)' '$(DESTDIR)'
