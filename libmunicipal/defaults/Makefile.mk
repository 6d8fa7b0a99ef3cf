# defaults: definitions shipped as data, compiled in, in the order of their names.
muni_defaults = \
	%D%/10-lifecycle-definition.json \
	%D%/11-lifecycle-plan.json \
	%D%/12-lifecycle-ticket-inquiry.json \
	%D%/13-lifecycle-ticket-incident.json \
	%D%/20-numbering-ticket-inquiry.json \
	%D%/21-numbering-ticket-incident.json \
	%D%/30-codes-ticket-category.json \
	%D%/40-matrix-ticket-priority.json \
	%D%/50-calendar-standard.json \
	%D%/60-profile-hr-export.json \
	%D%/70-report-helpdesk-monthly.json \
	%D%/71-report-incident-states.json \
	%D%/72-report-incident-priorities.json
EXTRA_DIST += $(muni_defaults)

noinst_PROGRAMS += %D%/embed
%C%_embed_SOURCES = %D%/embed.c
nodist_libmunicipal_libmunicipal_core_la_SOURCES = %D%/shipped.c
CLEANFILES += %D%/shipped.c
%D%/shipped.c: %D%/embed$(EXEEXT) $(muni_defaults) $(srcdir)/%D%/Makefile.mk
	$(AM_V_GEN)$(MKDIR_P) $(@D) && files= && for f in $(muni_defaults); do \
	  if test -f $$f; then files="$$files $$f"; else files="$$files $(srcdir)/$$f"; fi; done && \
	  %D%/embed$(EXEEXT) $$files > $@.tmp && mv $@.tmp $@
