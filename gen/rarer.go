package gen

import (
	"slices"
	"strings"
	"time"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// rarer is what a column of text is tried with before what any column is: the items of lists that the
// texts name, and texts of the sizes that they name, of capital letters and of digits.
func (k *clue) rarer(ty *model.Type) []string {
	if k == nil || ty.Array || ty.Kind != sql.Text && ty.Base != "bpchar" {
		return nil
	}
	var out []string
	for _, s := range k.constants {
		if strings.Contains(s, ",") {
			for _, item := range strings.Split(s, ",") {
				note(&out, item)
			}
		}
	}
	for _, n := range k.numbers {
		if n > 0 && n <= 4096 {
			note(&out, strings.Repeat("ABCDEFGHIJ", n/10+1)[:n])
			note(&out, strings.Repeat("KLMNOPQRST", n/10+1)[:n])
			note(&out, strings.Repeat("1234567890", n/10+1)[:n])
		}
	}
	return out
}

// later is an hour after each of some times: what a check lets end soon after it starts.
func later(ty *model.Type, list []string) []string {
	if ty.Array || !slices.Contains([]string{"timestamp", "timestamptz", "time", "timetz"}, ty.Base) {
		return nil
	}
	var out []string
	for _, s := range list {
		for _, layout := range []string{"2006-01-02 15:04:05-07", time.DateTime, time.DateOnly, time.TimeOnly, "15:04:05-07"} {
			if at, err := time.Parse(layout, s); err == nil {
				if layout == time.DateOnly {
					layout = time.DateTime
				}
				out = append(out, at.Add(time.Hour).Format(layout))
				break
			}
		}
	}
	return out
}
