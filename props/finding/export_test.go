package finding

import "github.com/rlsfuzz/rlsfuzz/model/sql"

// Bound writes arguments into a statement, for tests of its reading of quotes.
var Bound = sql.Bind
