# staff: organisation units, people, posts, accounts; the sync.
libmunicipal_core_la_SOURCES += \
	%D%/apply.c \
	%D%/findings.def \
	%D%/plan.c \
	%D%/profile.c \
	%D%/read.c \
	%D%/scope.c \
	%D%/staff.h
