# The reference manual: `make docs` leaves it in docs/html. As a test: nothing is missing from it.
EXTRA_DIST += %D%/check-tags.py %D%/check.sh
EXTRA_DIST += \
	%D%/design.md %D%/roadmap.md %D%/sql-features.md \
	%D%/requirements/README.md \
	%D%/requirements/0-guide.md \
	%D%/requirements/contract-only.md \
	%D%/requirements/contradictions.md \
	%D%/requirements/katsushika.md \
	%D%/requirements/nerima.md \
	%D%/requirements/numazu.md \
	%D%/requirements/sendai.md
TESTS += %D%/check.sh
CLEANFILES += %D%/tables.md
check_DATA = %D%/tables.md
%D%/tables.md: libmunicipal/core/tablegen$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && libmunicipal/core/tablegen$(EXEEXT) tables.md > $@.tmp && mv $@.tmp $@

.PHONY: docs
docs: $(BUILT_SOURCES) %D%/tables.md
	$(AM_V_GEN)DOXYGEN='$(DOXYGEN)' PYTHON3='$(PYTHON3)' srcdir='$(srcdir)' $(srcdir)/%D%/check.sh

clean-local:
	-rm -rf %D%/html %D%/xml
