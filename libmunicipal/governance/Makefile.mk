# governance: requirements of specifications.
libmunicipal_core_la_SOURCES += \
	%D%/governance.h \
	%D%/requirement.c
