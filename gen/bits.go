package gen

import "pgregory.net/rapid"

// Bits is a stream of choices. Zero leads to the simplest value everywhere.
type Bits interface {
	// Next returns the seed of one object: a row, a statement.
	Next() uint64
}

// Drawn is the stream of a rapid run. rapid draws small numbers far more often than others:
// of the seeds of objects more than half would be repetitions of a few. So each is told apart
// by the salt, which must be that of the dataset as long as it is shrunk; 0 stays 0.
type Drawn struct {
	T    *rapid.T
	Salt uint64 // 0: the numbers are as rapid draws them
}

var objects = rapid.Uint64Range(0, 1<<40)

// Next implements [Bits].
func (d Drawn) Next() uint64 {
	v := objects.Draw(d.T, "object")
	if v == 0 || d.Salt == 0 {
		return v
	}
	return mixed(v^d.Salt) | 1
}

// Counted is a stream without randomness: 1, 2, 3, …
type Counted struct{ N uint64 }

// Next implements [Bits].
func (c *Counted) Next() uint64 { c.N++; return c.N }

// choices spends one object's seed on many small choices. The seed 0 chooses 0 always.
type choices struct{ state uint64 }

func (c *choices) upTo(n int) int {
	if n <= 1 || c.state == 0 {
		return 0
	}
	c.state += 0x9e3779b97f4a7c15
	return int((mixed(c.state) >> 33) % uint64(n))
}

// mixed is the output function of splitmix64 (Steele, Lea, Flood: "Fast splittable
// pseudorandom number generators").
func mixed(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (c *choices) percent(p int) bool { return c.state != 0 && c.upTo(100) < p }

// seeded starts the choices of one object.
func seeded(seed uint64, salt int) choices {
	if seed == 0 {
		return choices{}
	}
	return choices{state: seed*0xd1342543de82ef95 + uint64(salt)*0x9e3779b97f4a7c15 | 1}
}
