# access: principals, groups, grants, sessions, tokens, access log.
