# access: principals, groups, grants.
libmunicipal_core_la_SOURCES += \
	%D%/access.c \
	%D%/access.h
