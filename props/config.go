package props

import (
	"time"

	"github.com/rlsfuzz/rlsfuzz/props/session"
)

// Config says what is checked, and how long. The zero value checks ./rlsfuzz.yaml
// the way `rlsfuzz check` does.
type Config struct {
	// Contract is the path of the contract. Defaults to rlsfuzz.yaml.
	Contract string
	// Apply is files of SQL that run after the schema: a migration under review, a planted leak.
	Apply []string
	// Postgres says which server is used. Defaults to auto: see postgres.Options.
	Postgres string
	// AllowAnyServer uses a given server even if it does not look meant for tests.
	AllowAnyServer bool
	// Seed is where random search begins. Defaults to one that follows from contract and schema.
	Seed uint64
	// Checks ends the search after so many checks; Duration after so long. With neither,
	// it ends after 20,000 checks or 60 seconds, whichever comes first.
	Checks   int
	Duration time.Duration
	// Workers is how many checks run at the same time. Defaults to the number of processors.
	Workers int
	// ProgramTime is how long one run of a program may take: raise it for slow jobs. Defaults
	// to 20 seconds.
	ProgramTime time.Duration
	// Paths are the paths that the contract calls Go functions (go: NAME), by these names.
	Paths map[string]PathFunc
	// Only limits the search to sessions and tables of these names.
	Only []string
	// Out is the folder of findings. Empty: nothing is written.
	Out string
	// SkipMatrix and SkipRandom leave out one way to search.
	SkipMatrix, SkipRandom bool
	// First ends the search with the first finding, reduced from the case that showed it
	// in a bounded number of runs: the matrix is not walked for a smaller one.
	First bool
	// Used limits the walk to what sessions leave on connections: pairs of steps that use one
	// connection after the other, and looks on fresh ones.
	Used bool
	// Raw reports what the walk shows as it was found: a block for each class and table or
	// path, neither reduced nor confirmed nor explained.
	Raw bool
	// Strict counts as findings what Postgres documents, and what is else reported apart: what keys
	// tell (class existence), and what views without security_barrier, search paths and channels do.
	Strict bool
	// Endless goes on until the context ends: rlsfuzz fuzz without --duration.
	Endless bool
	// Patience is how long the search waits for a server that does not answer, or takes no
	// connection. Defaults to 5 seconds.
	Patience time.Duration
	// Restart starts a private server again that died.
	Restart bool
	// Log receives progress for a person, a line a call. May be nil.
	Log func(format string, args ...any)
	// Found is called with each new block of findings, when it is on disk. May be nil.
	Found func(*Block)
	// Progress is called now and then, from one goroutine. May be nil.
	Progress func(Progress)

	// Guide is how many of a batch's nine datasets are not drawn, but taken from scenarios that
	// reached something new, so that other sequences go on from there. Defaults to 0; Fuzz uses 3.
	Guide int

	earlier *session.Stats // that this run goes on from; nil: none
	journal *journal       // of a session; may be nil
}

// The budget of a check that names none.
const (
	defaultChecks   = 20_000
	defaultDuration = time.Minute
)
