# defaults: definitions shipped as data, compiled in.
