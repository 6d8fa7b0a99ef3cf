# model: kinds, the write path, queries, visibility, history, lifecycles. Knows no particular kind.
