package finding

import (
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/noun"
)

// gave writes lines of outputs for people: a value alone as it is, rows as records, how many rows
// there were, and, of several statements, which one it was.
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
		switch place := len(mark) != 1 || mark < "A" || mark > "Z"; {
		case mark == "ROW":
			rest = "in " + strings.Replace(rest, " (", ": (", 1)
		case place:
			rest = mark + ": " + rest
		case several:
			rest = "statement " + strconv.Itoa(int(mark[0]-'A')+1) + ": " + rest
		}
		out[i] = rest
	}
	return out
}

// apart leaves out what lines that are too long have in common at their beginnings, but for a
// little: what tells them apart would be cut off.
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
