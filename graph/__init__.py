"""The document: nodes, ports, knobs, wires, frame ranges, checks and fingerprints."""
