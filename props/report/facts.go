package report

import (
	"fmt"
	"strconv"
)

// Fact is a setting or a number of a run.
type Fact struct{ Name, Value string }

// facts lists the settings and numbers of a run.
func (d *Document) facts() []Fact {
	out := []Fact{
		{"contract", d.Settings.Contract},
		{"server", d.Server},
		{"seed", strconv.FormatUint(d.Seed, 10)},
		{"checks", strconv.Itoa(d.Checks)},
		{"statements", strconv.Itoa(d.Steps)},
		{"seconds", fmt.Sprintf("%.2f", d.ElapsedS)},
		{"ended", d.At},
	}
	for _, name := range d.Settings.Apply {
		out = append(out, Fact{"applied after the schema", name})
	}
	for _, name := range d.Settings.Only {
		out = append(out, Fact{"only", name})
	}
	if d.Settings.Checks > 0 {
		out = append(out, Fact{"most random checks", strconv.Itoa(d.Settings.Checks)})
	}
	if d.Settings.Workers > 0 {
		out = append(out, Fact{"workers", strconv.Itoa(d.Settings.Workers)})
	}
	if d.Settings.Strict {
		out = append(out, Fact{"strict", "existence counts as a finding"})
	}
	for _, f := range []Fact{{"longest time", d.Settings.Duration}, {"part", d.Settings.Part}} {
		if f.Value != "" {
			out = append(out, f)
		}
	}
	return out
}
