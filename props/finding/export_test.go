package finding

// Bound is bound, for tests of its reading of quotes.
var Bound = bound
