# model: kinds, the write path, queries, visibility, history. Knows no particular kind.
libmunicipal_core_la_SOURCES += \
	%D%/internal.h \
	%D%/model.h \
	%D%/audit.c \
	%D%/db.c \
	%D%/definition.c \
	%D%/describe.c \
	%D%/history.c \
	%D%/lifecycle.c \
	%D%/number.c \
	%D%/row.c \
	%D%/session.c \
	%D%/tx.c \
	%D%/write.c
