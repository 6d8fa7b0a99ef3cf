# report: measures, the engine, built-in reports, renderers.
