"""Make labelled smoke sequences out of stills: real ones put back into order, and drawn fires and nuisances."""
