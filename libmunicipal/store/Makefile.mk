# store: drivers, schema, migration, search index. The only place that speaks SQL dialects.
libmunicipal_core_la_SOURCES += \
	%D%/store.h \
	%D%/search.h \
	%D%/driver.h \
	%D%/sqlite.h \
	%D%/copy.c \
	%D%/copy.h \
	%D%/line.c \
	%D%/queue.c \
	%D%/schema.c \
	%D%/search.c \
	%D%/sqlite.c \
	%D%/sqlite_search.c \
	%D%/store.c \
	%D%/upgrade.c
if WITH_POSTGRESQL
libmunicipal_core_la_SOURCES += %D%/libpq.c %D%/libpq.h %D%/postgresql.c %D%/postgresql.h %D%/postgresql_search.c
endif
