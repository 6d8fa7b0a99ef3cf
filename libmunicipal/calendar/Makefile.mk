# Eras, fiscal years, holidays, open days: pure functions of rules and time.
libmunicipal_core_la_SOURCES += \
	%D%/date.c \
	%D%/date.h
