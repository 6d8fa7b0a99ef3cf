# store: drivers, schema, migration, search index. The only place that speaks SQL dialects.
