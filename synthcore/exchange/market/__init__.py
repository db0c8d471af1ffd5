"""Where the embedded exchange's market comes from: replay of a recording, or the generator."""
