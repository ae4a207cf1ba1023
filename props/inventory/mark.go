package inventory

// Mark says how an object compares with the last check.
type Mark uint8

// The marks.
const (
	Same Mark = iota
	Added
	Changed
)

func (m Mark) String() string { return [...]string{"", "new", "changed"}[m] }

// MarshalText writes a mark as JSON has it.
func (m Mark) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// Mark compares the hash of an object with the last check's; without one, nothing is new.
func (c *Coverage) Mark(id, print string) Mark {
	switch {
	case c == nil:
		return Same
	case c.Objects[id] == "":
		return Added
	case c.Objects[id] != print:
		return Changed
	}
	return Same
}
