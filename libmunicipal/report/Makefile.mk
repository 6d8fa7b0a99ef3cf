# report: measures, the engine, built-in reports, renderers.
libmunicipal_core_la_SOURCES += \
	%D%/report.h \
	%D%/definition.c \
	%D%/engine.c \
	%D%/measure.c \
	%D%/report.c \
	%D%/render/csv.c \
	%D%/render/html.c \
	%D%/render/json.c
