# Eras, fiscal years, holidays, open days: pure functions of rules and time.
libmunicipal_core_la_SOURCES += \
	%D%/calendar.c \
	%D%/calendar.h \
	%D%/eras.def \
	%D%/holiday.c \
	%D%/holiday.h \
	%D%/holidays.def \
	%D%/wareki.c \
	%D%/wareki.h
municipalinclude_HEADERS += %D%/../include/municipal/calendar.h
