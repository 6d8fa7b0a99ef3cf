# core: errors, memory, buffers, UTF-8, records. No SQL, no municipality.
libmunicipal_core_la_SOURCES += \
	%D%/base.h \
	%D%/kind.h \
	%D%/flags.h \
	%D%/alloc.c \
	%D%/arena.c \
	%D%/arena.h \
	%D%/json.c \
	%D%/json.h \
	%D%/kind.c \
	%D%/rec.c \
	%D%/value.h \
	%D%/buf.c \
	%D%/error.c \
	%D%/nearest.c \
	%D%/utf8.c \
	%D%/charset.h \
	%D%/charset.c \
	%D%/cp932.h \
	%D%/cp932.c \
	%D%/cp932.def \
	%D%/fallback.def \
	%D%/csv.h \
	%D%/csv.c \
	%D%/itaiji.def \
	%D%/hash.c \
	%D%/hash.h \
	%D%/kana.h \
	%D%/kana.c \
	%D%/pii.h \
	%D%/pii.c \
	%D%/textkey.h \
	%D%/textkey.c \
	%D%/token.h \
	%D%/token.c \
	%D%/version.c
