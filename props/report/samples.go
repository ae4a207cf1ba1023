package report

import "github.com/rlsfuzz/rlsfuzz/props/session"

// Beside is what a folder holds of a run besides its document; all of it may be missing.
type Beside struct {
	Samples []Sample
	Mutants *Mutants
}

// Sample is how far a session was at one moment.
type Sample struct {
	Elapsed float64 // seconds
	Checks  int
	Cells   int // of the matrix, with something at stake
}

// Mutants is the score of the last rlsfuzz mutate.
type Mutants struct {
	Killed, Survived, Equivalent, Refused int
	Rate                                  float64 // per cent of killed and survived
	Survivors                             []string
}

// Samples reads how far the session in a folder was, in the order of time; none where no
// session left any. Where a session begins again at zero, only its last part counts.
func Samples(dir string) ([]Sample, error) {
	events, err := session.ReadEvents(dir)
	if err != nil {
		return nil, err
	}
	var out []Sample
	for i := range events {
		c := events[i].Counters
		if c == nil {
			continue
		}
		s := Sample{c.ElapsedS, c.Checks, c.Cells}
		switch last := len(out) - 1; {
		case last >= 0 && s.Elapsed == out[last].Elapsed:
			out[last] = s
			continue
		case last >= 0 && s.Elapsed < out[last].Elapsed:
			out = out[:0]
		}
		out = append(out, s)
	}
	return out, nil
}
