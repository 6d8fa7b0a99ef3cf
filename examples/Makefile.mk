# The same programs in C, Python and PHP; the operator's command.
