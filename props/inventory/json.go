package inventory

import (
	"encoding/json"
	"io"
)

// document is the object that --json writes.
type document struct {
	*Inventory
	LastCheck *lastCheck `json:"last_check"` // null: no check has run
}

type lastCheck struct {
	Seed   uint64 `json:"seed"`
	Checks int    `json:"checks"`
}

// JSON writes the inventory as one object.
func (v *Inventory) JSON(w io.Writer) error {
	d := document{Inventory: v}
	if v.Last != nil {
		d.LastCheck = &lastCheck{v.Last.Seed, v.Last.Checks}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(d)
}
