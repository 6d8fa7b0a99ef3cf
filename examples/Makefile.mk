# The same programs in C, Python and PHP; the operator's command. They know the library as everybody does: by its public headers.
muni_example_CPPFLAGS = -D_POSIX_C_SOURCE=200809L -I$(top_srcdir)/libmunicipal/include -I$(top_builddir)/libmunicipal/include

bin_PROGRAMS += %D%/cli/municipal
%C%_cli_municipal_SOURCES = \
	%D%/cli/municipal.h \
	%D%/cli/args.c \
	%D%/cli/calendar.c \
	%D%/cli/connect.c \
	%D%/cli/main.c \
	%D%/cli/message.c \
	%D%/cli/print.c \
	%D%/cli/progress.c \
	%D%/cli/record.c \
	%D%/cli/report.c \
	%D%/cli/staff.c \
	%D%/cli/store.c \
	%D%/cli/transfer.c
%C%_cli_municipal_CPPFLAGS = $(muni_example_CPPFLAGS) $(JANSSON_CFLAGS)
%C%_cli_municipal_LDADD = libmunicipal/libmunicipal.la $(JANSSON_LIBS)
dist_man_MANS = docs/municipal.1

# Where bash-completion looks, beneath every prefix that it knows.
EXTRA_DIST += %D%/cli/completion.bash
bashcompletiondir = $(datadir)/bash-completion/completions
install-data-hook:
	$(MKDIR_P) '$(DESTDIR)$(bashcompletiondir)'
	$(INSTALL_DATA) $(srcdir)/%D%/cli/completion.bash '$(DESTDIR)$(bashcompletiondir)/municipal'
uninstall-hook:
	rm -f '$(DESTDIR)$(bashcompletiondir)/municipal'

# The month: in C here; python/municipal_month.py and php/municipal_month.php are the same.
noinst_PROGRAMS += %D%/c/municipal_month
%C%_c_municipal_month_SOURCES = %D%/c/municipal_month.c
%C%_c_municipal_month_CPPFLAGS = $(muni_example_CPPFLAGS)
%C%_c_municipal_month_LDADD = libmunicipal/libmunicipal.la

# Tests of what stands here: they run the built programs.
TESTS += tests/cli.sh tests/completion.sh
EXTRA_DIST += tests/cli.sh tests/completion.sh docs/guide
EXTRA_DIST += tests/data/staff/org_before_cp932.csv
