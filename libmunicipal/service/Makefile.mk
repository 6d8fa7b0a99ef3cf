# service: desks, inquiries, incidents, problems, changes, releases, applications.
libmunicipal_core_la_SOURCES += \
	%D%/service.h \
	%D%/ticket.c
