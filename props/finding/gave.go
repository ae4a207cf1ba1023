package finding

import (
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/noun"
)

// gave writes lines of a path's outputs for people. A line of a trace begins with a mark: the
// letter of the statement (A is the first), ROW for a row that the call made, ERROR or NOTICE, or
// the name of a file. What follows is a row, or "count" and a number of rows.
func (t *teller) gave(lines []string) []string {
	several := len(t.calls(&t.f.Scenario.Steps[t.d.Step])) > 1
	out := make([]string, len(lines))
	for i, line := range lines {
		mark, rest, ok := strings.Cut(line, " ")
		if !ok || mark == "ERROR" || mark == "NOTICE" {
			out[i] = line
			continue
		}
		if n, counts := strings.CutPrefix(rest, "count "); counts {
			if n, err := strconv.Atoi(n); err == nil {
				rest = noun.Count(n, "row")
			}
		} else if row, err := model.ParseRecord(rest, 1); err == nil {
			switch rest = row[0].Text; {
			case row[0].Null:
				rest = "NULL"
			case rest == "":
				rest = "''"
			}
		}
		switch letter := len(mark) == 1 && "A" <= mark && mark <= "Z"; {
		case mark == "ROW":
			rest = "in " + strings.Replace(rest, " (", ": (", 1)
		case !letter:
			rest = mark + ": " + rest
		case several:
			rest = "statement " + strconv.Itoa(int(mark[0]-'A')+1) + ": " + rest
		}
		out[i] = rest
	}
	return out
}

// apart shortens lines that are longer than width at their beginnings, by what they have in common
// there but for a few characters: else what tells them apart would be cut off.
func apart(lines []string, width int) []string {
	const left = 8 // characters
	var long []int
	common := []rune(nil)
	for i, l := range lines {
		r := []rune(l)
		switch {
		case len(r) <= width:
			continue
		case long == nil:
			common = r
		default:
			n := 0
			for n < len(common) && n < len(r) && common[n] == r[n] {
				n++
			}
			common = common[:n]
		}
		long = append(long, i)
	}
	if len(long) < 2 || len(common) <= 2*left {
		return lines
	}
	out := append([]string(nil), lines...)
	for _, i := range long {
		out[i] = "…" + string([]rune(lines[i])[len(common)-left:])
	}
	return out
}
