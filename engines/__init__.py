"""How text is made. The only room that imports an engine library."""
