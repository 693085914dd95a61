package schema

// Plausible is the condition on a row of readings that it is not suspect.
const Plausible = `quality < 4`
