package gen

import "pgregory.net/rapid"

// Bits is a stream of choices. Zero leads to the simplest value everywhere.
type Bits interface {
	// Next returns the seed of one object: a row, a statement.
	Next() uint64
}

// Drawn is the stream of a rapid run.
type Drawn struct{ T *rapid.T }

var objects = rapid.Uint64Range(0, 1<<40)

// Next implements [Bits].
func (d Drawn) Next() uint64 { return objects.Draw(d.T, "object") }

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
	// splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
	c.state += 0x9e3779b97f4a7c15
	z := c.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	z ^= z >> 31
	return int((z >> 33) % uint64(n))
}

func (c *choices) percent(p int) bool { return c.state != 0 && c.upTo(100) < p }

// seeded starts the choices of one object.
func seeded(seed uint64, salt int) choices {
	if seed == 0 {
		return choices{}
	}
	return choices{state: seed*0xd1342543de82ef95 + uint64(salt)*0x9e3779b97f4a7c15 | 1}
}
