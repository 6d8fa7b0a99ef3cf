# model: kinds, the write path, queries, visibility, history. Knows no particular kind.
libmunicipal_core_la_SOURCES += \
	%D%/audit.c \
	%D%/check.c \
	%D%/cond.c \
	%D%/cond.h \
	%D%/cursor.c \
	%D%/db.c \
	%D%/definition.c \
	%D%/describe.c \
	%D%/export.c \
	%D%/group.c \
	%D%/group.h \
	%D%/history.c \
	%D%/import.c \
	%D%/internal.h \
	%D%/lifecycle.c \
	%D%/list.c \
	%D%/list.h \
	%D%/model.h \
	%D%/number.c \
	%D%/plan.c \
	%D%/plan.h \
	%D%/problems.c \
	%D%/problems.def \
	%D%/problems.h \
	%D%/query.c \
	%D%/query.h \
	%D%/row.c \
	%D%/session.c \
	%D%/transfer.h \
	%D%/tx.c \
	%D%/upkeep.c \
	%D%/visible.c \
	%D%/write.c
